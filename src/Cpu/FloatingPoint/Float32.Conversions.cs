namespace Strata.Cpu.FloatingPoint;

/// <content>FCVT: from and to integers, and from the other formats.</content>
public static partial class Float32
{
    /// <summary>FCVT.W.S: rounded to an integer; NaN and what is too large give int.MaxValue, what is too small int.MinValue, and NV.</summary>
    public static int ToInt32(uint a, RoundingMode mode, ref FloatingPointFlags flags) =>
        IntegerConversion.ToInt32<Binary32>(a, mode, ref flags);

    /// <summary>FCVT.WU.S: rounded to an integer; NaN and what is too large give uint.MaxValue, what is too small uint.MinValue, and NV.</summary>
    public static uint ToUInt32(uint a, RoundingMode mode, ref FloatingPointFlags flags) =>
        IntegerConversion.ToUInt32<Binary32>(a, mode, ref flags);

    /// <summary>FCVT.L.S: rounded to an integer; NaN and what is too large give long.MaxValue, what is too small long.MinValue, and NV.</summary>
    public static long ToInt64(uint a, RoundingMode mode, ref FloatingPointFlags flags) =>
        IntegerConversion.ToInt64<Binary32>(a, mode, ref flags);

    /// <summary>FCVT.LU.S: rounded to an integer; NaN and what is too large give ulong.MaxValue, what is too small ulong.MinValue, and NV.</summary>
    public static ulong ToUInt64(uint a, RoundingMode mode, ref FloatingPointFlags flags) =>
        IntegerConversion.ToUInt64<Binary32>(a, mode, ref flags);

    /// <summary>FCVT.S.W: the integer, rounded.</summary>
    public static uint FromInt32(int value, RoundingMode mode, ref FloatingPointFlags flags) =>
        (uint)IntegerConversion.FromInt64<Binary32>(value, mode, ref flags);

    /// <summary>FCVT.S.WU: the integer, rounded.</summary>
    public static uint FromUInt32(uint value, RoundingMode mode, ref FloatingPointFlags flags) =>
        (uint)IntegerConversion.FromUInt64<Binary32>(value, mode, ref flags);

    /// <summary>FCVT.S.L: the integer, rounded.</summary>
    public static uint FromInt64(long value, RoundingMode mode, ref FloatingPointFlags flags) =>
        (uint)IntegerConversion.FromInt64<Binary32>(value, mode, ref flags);

    /// <summary>FCVT.S.LU: the integer, rounded.</summary>
    public static uint FromUInt64(ulong value, RoundingMode mode, ref FloatingPointFlags flags) =>
        (uint)IntegerConversion.FromUInt64<Binary32>(value, mode, ref flags);

    /// <summary>FCVT.S.H: exact; NV if a is a signaling NaN.</summary>
    public static uint FromFloat16(ushort a, ref FloatingPointFlags flags) =>
        (uint)FormatConversion.Convert<Binary16, Binary32>(a, RoundingMode.NearestEven, ref flags);

    /// <summary>FCVT.S.D: rounded to this format.</summary>
    public static uint FromFloat64(ulong a, RoundingMode mode, ref FloatingPointFlags flags) =>
        (uint)FormatConversion.Convert<Binary64, Binary32>(a, mode, ref flags);
}
