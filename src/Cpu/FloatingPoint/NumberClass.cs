namespace Strata.Cpu.FloatingPoint;

/// <summary>The ten classes of FCLASS, one bit each as the instruction returns them.</summary>
/// <remarks>RISC-V unprivileged specification, "F" extension, section "Single-precision floating-point classify instruction".</remarks>
[Flags]
public enum NumberClass : ushort
{
    /// <summary>−∞.</summary>
    NegativeInfinity = 1 << 0,

    /// <summary>A negative normal number.</summary>
    NegativeNormal = 1 << 1,

    /// <summary>A negative subnormal number.</summary>
    NegativeSubnormal = 1 << 2,

    /// <summary>−0.</summary>
    NegativeZero = 1 << 3,

    /// <summary>+0.</summary>
    PositiveZero = 1 << 4,

    /// <summary>A positive subnormal number.</summary>
    PositiveSubnormal = 1 << 5,

    /// <summary>A positive normal number.</summary>
    PositiveNormal = 1 << 6,

    /// <summary>+∞.</summary>
    PositiveInfinity = 1 << 7,

    /// <summary>A signaling NaN.</summary>
    SignalingNaN = 1 << 8,

    /// <summary>A quiet NaN.</summary>
    QuietNaN = 1 << 9,
}
