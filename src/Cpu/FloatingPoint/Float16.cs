namespace Strata.Cpu.FloatingPoint;

/// <summary>What RISC-V's Zfhmin extension does with binary16 numbers: it holds and converts them, and leaves arithmetic to the wider formats.</summary>
/// <remarks>RISC-V unprivileged specification, "Zfhmin" extension. The conversions from binary16 are in <see cref="Float32"/> and <see cref="Float64"/>.</remarks>
public static class Float16
{
    /// <summary>The only NaN that an operation returns.</summary>
    public const ushort CanonicalNaN = 0x7E00;

    /// <summary>FCVT.H.S: rounded to this format.</summary>
    public static ushort FromFloat32(uint a, RoundingMode mode, ref FloatingPointFlags flags) =>
        (ushort)FormatConversion.Convert<Binary32, Binary16>(a, mode, ref flags);

    /// <summary>FCVT.H.D: rounded to this format.</summary>
    public static ushort FromFloat64(ulong a, RoundingMode mode, ref FloatingPointFlags flags) =>
        (ushort)FormatConversion.Convert<Binary64, Binary16>(a, mode, ref flags);
}
