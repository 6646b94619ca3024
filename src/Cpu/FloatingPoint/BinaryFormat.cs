namespace Strata.Cpu.FloatingPoint;

/// <summary>One of the interchange formats of IEEE 754-2019, section 3.4: a sign bit, a biased exponent, a fraction.</summary>
/// <remarks>Implemented by empty structs only, so that the JIT compiles each generic routine once per format with all of <see cref="Layout{TFormat}"/> as constants.</remarks>
internal interface IBinaryFormat
{
    static abstract int ExponentBits { get; }

    static abstract int FractionBits { get; }
}

/// <summary>binary16, the H of RISC-V.</summary>
internal readonly struct Binary16 : IBinaryFormat
{
    public static int ExponentBits => 5;

    public static int FractionBits => 10;
}

/// <summary>binary32, the S of RISC-V.</summary>
internal readonly struct Binary32 : IBinaryFormat
{
    public static int ExponentBits => 8;

    public static int FractionBits => 23;
}

/// <summary>binary64, the D of RISC-V.</summary>
internal readonly struct Binary64 : IBinaryFormat
{
    public static int ExponentBits => 11;

    public static int FractionBits => 52;
}

/// <summary>What follows from a format's two widths: its masks, its distinguished numbers and the tests on raw bits, held in the low bits of a 64-bit word.</summary>
internal static class Layout<TFormat>
    where TFormat : struct, IBinaryFormat
{
    public static ulong SignBit => 1UL << (TFormat.ExponentBits + TFormat.FractionBits);

    public static ulong FractionMask => (1UL << TFormat.FractionBits) - 1;

    /// <summary>Gets the leading bit of a normal number's significand, which the encoding leaves out.</summary>
    public static ulong HiddenBit => 1UL << TFormat.FractionBits;

    /// <summary>Gets the bit that tells a quiet NaN from a signaling one.</summary>
    public static ulong QuietBit => 1UL << (TFormat.FractionBits - 1);

    /// <summary>Gets the biased exponent of infinities and NaNs.</summary>
    public static int MaximumBiasedExponent => (1 << TFormat.ExponentBits) - 1;

    public static int Bias => (1 << (TFormat.ExponentBits - 1)) - 1;

    public static ulong Infinity => (ulong)MaximumBiasedExponent << TFormat.FractionBits;

    /// <summary>Gets the only NaN that an operation returns: positive, quiet, no payload.</summary>
    public static ulong CanonicalNaN => Infinity | QuietBit;

    public static bool IsNegative(ulong bits) => (bits & SignBit) != 0;

    public static ulong Magnitude(ulong bits) => bits & (SignBit - 1);

    public static bool IsFinite(ulong bits) => Magnitude(bits) < Infinity;

    public static bool IsInfinite(ulong bits) => Magnitude(bits) == Infinity;

    public static bool IsZero(ulong bits) => Magnitude(bits) == 0;

    public static bool IsNaN(ulong bits) => Magnitude(bits) > Infinity;

    public static bool IsSignalingNaN(ulong bits) => IsNaN(bits) && (bits & QuietBit) == 0;

    public static ulong SignedZero(bool negative) => negative ? SignBit : 0;

    public static ulong SignedInfinity(bool negative) => negative ? SignBit | Infinity : Infinity;
}
