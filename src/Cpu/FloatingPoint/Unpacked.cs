using System.Numerics;
using System.Runtime.CompilerServices;

namespace Strata.Cpu.FloatingPoint;

/// <summary>A finite number taken apart, with the subnormal ones normalized: ±<see cref="Significand"/> × 2^(<see cref="Exponent"/> − 62).</summary>
/// <param name="Negative">The sign.</param>
/// <param name="Exponent">The exponent of the leading bit; that of a zero is smaller than any other number's, and any product's.</param>
/// <param name="Significand">Bit 62 is set and bit 63 clear, unless the number is zero: room for a carry above, and for rounding bits below.</param>
internal readonly record struct Unpacked(bool Negative, int Exponent, ulong Significand)
{
    /// <summary>The bit of the significand that has the weight 2^<see cref="Exponent"/>.</summary>
    public const int LeadingBit = 62;

    private const int ZeroExponent = -100_000;

    /// <summary>Takes apart a finite number: the caller has dealt with infinities and NaNs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Unpacked From<TFormat>(ulong bits)
        where TFormat : struct, IBinaryFormat
    {
        bool negative = Layout<TFormat>.IsNegative(bits);
        int biasedExponent = (int)(bits >> TFormat.FractionBits) & Layout<TFormat>.MaximumBiasedExponent;
        ulong fraction = bits & Layout<TFormat>.FractionMask;
        return biasedExponent != 0
            ? new Unpacked(negative, biasedExponent - Layout<TFormat>.Bias, (Layout<TFormat>.HiddenBit | fraction) << (LeadingBit - TFormat.FractionBits))
            : FromSubnormal<TFormat>(negative, fraction);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Unpacked FromSubnormal<TFormat>(bool negative, ulong fraction)
        where TFormat : struct, IBinaryFormat
    {
        if (fraction == 0)
        {
            return new Unpacked(negative, ZeroExponent, 0);
        }

        int shift = LeadingBit - BitOperations.Log2(fraction);
        int exponentOfFractionBit0 = 1 - Layout<TFormat>.Bias - TFormat.FractionBits;
        return new Unpacked(negative, exponentOfFractionBit0 + LeadingBit - shift, fraction << shift);
    }
}
