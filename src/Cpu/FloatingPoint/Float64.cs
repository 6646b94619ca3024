namespace Strata.Cpu.FloatingPoint;

/// <summary>The arithmetic of RISC-V's D extension on the raw bits of binary64 numbers, exact in results and flags.</summary>
/// <remarks>RISC-V unprivileged specification, "D" extension; IEEE 754-2019. Every NaN returned is the canonical one; flags are only ever added.
/// The caller gives a resolved rounding mode and whole registers.</remarks>
public static partial class Float64
{
    /// <summary>The only NaN that an operation returns.</summary>
    public const ulong CanonicalNaN = 0x7FF8_0000_0000_0000;

    /// <summary>The sign: flipping it negates any operand, NaNs included, without raising anything.</summary>
    public const ulong SignBit = 0x8000_0000_0000_0000;

    /// <summary>FADD: a + b.</summary>
    public static ulong Add(ulong a, ulong b, RoundingMode mode, ref FloatingPointFlags flags) =>
        Addition.Add<Binary64>(a, b, mode, ref flags);

    /// <summary>FSUB: a − b.</summary>
    public static ulong Subtract(ulong a, ulong b, RoundingMode mode, ref FloatingPointFlags flags) =>
        Addition.Add<Binary64>(a, b ^ SignBit, mode, ref flags);

    /// <summary>FMUL: a × b.</summary>
    public static ulong Multiply(ulong a, ulong b, RoundingMode mode, ref FloatingPointFlags flags) =>
        Multiplication.Multiply<Binary64>(a, b, mode, ref flags);

    /// <summary>FDIV: a ÷ b.</summary>
    public static ulong Divide(ulong a, ulong b, RoundingMode mode, ref FloatingPointFlags flags) =>
        Division.Divide<Binary64>(a, b, mode, ref flags);

    /// <summary>FSQRT: √a.</summary>
    public static ulong SquareRoot(ulong a, RoundingMode mode, ref FloatingPointFlags flags) =>
        RootExtraction.SquareRoot<Binary64>(a, mode, ref flags);

    /// <summary>FMADD: (a × b) + c, rounded once. Flip the sign of c for FMSUB, of a for FNMSUB, of a and c for FNMADD.</summary>
    public static ulong FusedMultiplyAdd(ulong a, ulong b, ulong c, RoundingMode mode, ref FloatingPointFlags flags) =>
        FusedMultiplication.MultiplyAdd<Binary64>(a, b, c, mode, ref flags);

    /// <summary>FMIN: the smaller number; −0 is smaller than +0, a NaN gives way to a number.</summary>
    public static ulong Minimum(ulong a, ulong b, ref FloatingPointFlags flags) =>
        Comparison.Minimum<Binary64>(a, b, ref flags);

    /// <summary>FMAX: the larger number; +0 is larger than −0, a NaN gives way to a number.</summary>
    public static ulong Maximum(ulong a, ulong b, ref FloatingPointFlags flags) =>
        Comparison.Maximum<Binary64>(a, b, ref flags);

    /// <summary>FEQ: quiet, invalid for signaling NaNs only.</summary>
    public static bool Equal(ulong a, ulong b, ref FloatingPointFlags flags) =>
        Comparison.Equal<Binary64>(a, b, ref flags);

    /// <summary>FLT: signaling, invalid for every NaN.</summary>
    public static bool Less(ulong a, ulong b, ref FloatingPointFlags flags) =>
        Comparison.Less<Binary64>(a, b, ref flags);

    /// <summary>FLE: signaling, invalid for every NaN.</summary>
    public static bool LessOrEqual(ulong a, ulong b, ref FloatingPointFlags flags) =>
        Comparison.LessOrEqual<Binary64>(a, b, ref flags);

    /// <summary>FCLASS: the class, one bit of ten.</summary>
    public static NumberClass Classify(ulong a) => Classification.Classify<Binary64>(a);

    /// <summary>FSGNJ: the magnitude of a with the sign of b.</summary>
    public static ulong InjectSign(ulong a, ulong b) => (a & ~SignBit) | (b & SignBit);

    /// <summary>FSGNJN: the magnitude of a with the opposite of b's sign.</summary>
    public static ulong InjectSignNegated(ulong a, ulong b) => (a & ~SignBit) | (~b & SignBit);

    /// <summary>FSGNJX: a, negated if b is negative.</summary>
    public static ulong InjectSignXor(ulong a, ulong b) => a ^ (b & SignBit);
}
