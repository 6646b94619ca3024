namespace Strata.Cpu.FloatingPoint;

/// <summary>The arithmetic of RISC-V's F extension on the raw bits of binary32 numbers, exact in results and flags.</summary>
/// <remarks>RISC-V unprivileged specification, "F" extension; IEEE 754-2019. Every NaN returned is the canonical one; flags are only ever added.
/// The caller gives a resolved rounding mode and unboxes and boxes (<see cref="NanBoxing"/>).</remarks>
public static partial class Float32
{
    /// <summary>The only NaN that an operation returns.</summary>
    public const uint CanonicalNaN = 0x7FC0_0000;

    /// <summary>The sign: flipping it negates any operand, NaNs included, without raising anything.</summary>
    public const uint SignBit = 0x8000_0000;

    /// <summary>FADD: a + b.</summary>
    public static uint Add(uint a, uint b, RoundingMode mode, ref FloatingPointFlags flags) =>
        (uint)Addition.Add<Binary32>(a, b, mode, ref flags);

    /// <summary>FSUB: a − b.</summary>
    public static uint Subtract(uint a, uint b, RoundingMode mode, ref FloatingPointFlags flags) =>
        (uint)Addition.Add<Binary32>(a, b ^ SignBit, mode, ref flags);

    /// <summary>FMUL: a × b.</summary>
    public static uint Multiply(uint a, uint b, RoundingMode mode, ref FloatingPointFlags flags) =>
        (uint)Multiplication.Multiply<Binary32>(a, b, mode, ref flags);

    /// <summary>FDIV: a ÷ b.</summary>
    public static uint Divide(uint a, uint b, RoundingMode mode, ref FloatingPointFlags flags) =>
        (uint)Division.Divide<Binary32>(a, b, mode, ref flags);

    /// <summary>FSQRT: √a.</summary>
    public static uint SquareRoot(uint a, RoundingMode mode, ref FloatingPointFlags flags) =>
        (uint)RootExtraction.SquareRoot<Binary32>(a, mode, ref flags);

    /// <summary>FMADD: (a × b) + c, rounded once. Flip the sign of c for FMSUB, of a for FNMSUB, of a and c for FNMADD.</summary>
    public static uint FusedMultiplyAdd(uint a, uint b, uint c, RoundingMode mode, ref FloatingPointFlags flags) =>
        (uint)FusedMultiplication.MultiplyAdd<Binary32>(a, b, c, mode, ref flags);

    /// <summary>FMIN: the smaller number; −0 is smaller than +0, a NaN gives way to a number.</summary>
    public static uint Minimum(uint a, uint b, ref FloatingPointFlags flags) =>
        (uint)Comparison.Minimum<Binary32>(a, b, ref flags);

    /// <summary>FMAX: the larger number; +0 is larger than −0, a NaN gives way to a number.</summary>
    public static uint Maximum(uint a, uint b, ref FloatingPointFlags flags) =>
        (uint)Comparison.Maximum<Binary32>(a, b, ref flags);

    /// <summary>FEQ: quiet, invalid for signaling NaNs only.</summary>
    public static bool Equal(uint a, uint b, ref FloatingPointFlags flags) =>
        Comparison.Equal<Binary32>(a, b, ref flags);

    /// <summary>FLT: signaling, invalid for every NaN.</summary>
    public static bool Less(uint a, uint b, ref FloatingPointFlags flags) =>
        Comparison.Less<Binary32>(a, b, ref flags);

    /// <summary>FLE: signaling, invalid for every NaN.</summary>
    public static bool LessOrEqual(uint a, uint b, ref FloatingPointFlags flags) =>
        Comparison.LessOrEqual<Binary32>(a, b, ref flags);

    /// <summary>FCLASS: the class, one bit of ten.</summary>
    public static NumberClass Classify(uint a) => Classification.Classify<Binary32>(a);

    /// <summary>FSGNJ: the magnitude of a with the sign of b.</summary>
    public static uint InjectSign(uint a, uint b) => (a & ~SignBit) | (b & SignBit);

    /// <summary>FSGNJN: the magnitude of a with the opposite of b's sign.</summary>
    public static uint InjectSignNegated(uint a, uint b) => (a & ~SignBit) | (~b & SignBit);

    /// <summary>FSGNJX: a, negated if b is negative.</summary>
    public static uint InjectSignXor(uint a, uint b) => a ^ (b & SignBit);
}
