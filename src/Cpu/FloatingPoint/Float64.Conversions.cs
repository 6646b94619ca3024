namespace Strata.Cpu.FloatingPoint;

/// <content>FCVT: from and to integers, and from the other formats.</content>
public static partial class Float64
{
    /// <summary>FCVT.W.D: rounded to an integer; NaN and what is too large give int.MaxValue, what is too small int.MinValue, and NV.</summary>
    public static int ToInt32(ulong a, RoundingMode mode, ref FloatingPointFlags flags) =>
        IntegerConversion.ToInt32<Binary64>(a, mode, ref flags);

    /// <summary>FCVT.WU.D: rounded to an integer; NaN and what is too large give uint.MaxValue, what is too small uint.MinValue, and NV.</summary>
    public static uint ToUInt32(ulong a, RoundingMode mode, ref FloatingPointFlags flags) =>
        IntegerConversion.ToUInt32<Binary64>(a, mode, ref flags);

    /// <summary>FCVT.L.D: rounded to an integer; NaN and what is too large give long.MaxValue, what is too small long.MinValue, and NV.</summary>
    public static long ToInt64(ulong a, RoundingMode mode, ref FloatingPointFlags flags) =>
        IntegerConversion.ToInt64<Binary64>(a, mode, ref flags);

    /// <summary>FCVT.LU.D: rounded to an integer; NaN and what is too large give ulong.MaxValue, what is too small ulong.MinValue, and NV.</summary>
    public static ulong ToUInt64(ulong a, RoundingMode mode, ref FloatingPointFlags flags) =>
        IntegerConversion.ToUInt64<Binary64>(a, mode, ref flags);

    /// <summary>FCVT.D.W: always exact, so the host may do it.</summary>
    public static ulong FromInt32(int value) => BitConverter.DoubleToUInt64Bits(value);

    /// <summary>FCVT.D.WU: always exact, so the host may do it.</summary>
    public static ulong FromUInt32(uint value) => BitConverter.DoubleToUInt64Bits(value);

    /// <summary>FCVT.D.L: the integer, rounded.</summary>
    public static ulong FromInt64(long value, RoundingMode mode, ref FloatingPointFlags flags) =>
        IntegerConversion.FromInt64<Binary64>(value, mode, ref flags);

    /// <summary>FCVT.D.LU: the integer, rounded.</summary>
    public static ulong FromUInt64(ulong value, RoundingMode mode, ref FloatingPointFlags flags) =>
        IntegerConversion.FromUInt64<Binary64>(value, mode, ref flags);

    /// <summary>FCVT.D.H: exact; NV if a is a signaling NaN.</summary>
    public static ulong FromFloat16(ushort a, ref FloatingPointFlags flags) =>
        FormatConversion.Convert<Binary16, Binary64>(a, RoundingMode.NearestEven, ref flags);

    /// <summary>FCVT.D.S: exact; NV if a is a signaling NaN.</summary>
    public static ulong FromFloat32(uint a, ref FloatingPointFlags flags) =>
        FormatConversion.Convert<Binary32, Binary64>(a, RoundingMode.NearestEven, ref flags);
}
