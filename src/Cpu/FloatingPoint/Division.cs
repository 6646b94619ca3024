using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Strata.Cpu.FloatingPoint;

/// <summary>a ÷ b: IEEE 754-2019, sections 5.4.1 and 7.3.</summary>
internal static class Division
{
    /// <summary>Significant bits of the quotient: the 53 of the widest format and one to round by; the remainder makes the sticky bit.</summary>
    private const int QuotientBits = 54;

    public static ulong Divide<TFormat>(ulong a, ulong b, RoundingMode mode, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (!Layout<TFormat>.IsFinite(a) || !Layout<TFormat>.IsFinite(b) || Layout<TFormat>.IsZero(a) || Layout<TFormat>.IsZero(b))
        {
            return DivideSpecial<TFormat>(a, b, ref flags);
        }

        Unpacked x = Unpacked.From<TFormat>(a);
        Unpacked y = Unpacked.From<TFormat>(b);
        int exponent = x.Exponent - y.Exponent;
        ulong dividend = x.Significand >> (Unpacked.LeadingBit - TFormat.FractionBits);
        ulong divisor = y.Significand >> (Unpacked.LeadingBit - TFormat.FractionBits);
        if (dividend < divisor)
        {
            dividend <<= 1;
            exponent--;
        }

        ulong quotient = Quotient(dividend, divisor, out ulong remainder);
        ulong significand = (quotient << 1) | (remainder != 0 ? 1UL : 0);
        return Rounding.Round<TFormat>(x.Negative != y.Negative, exponent, significand << (Unpacked.LeadingBit - QuotientBits), mode, ref flags);
    }

    /// <summary>⌊dividend × 2^53 ÷ divisor⌋ for integers of at most 54 and 53 bits whose ratio lies in [1, 2).</summary>
    private static ulong Quotient(ulong dividend, ulong divisor, out ulong remainder)
    {
        // The host's division rounds to 53 bits, so to within one unit of this quotient, which then is the estimate or one less: one more would
        // be a quotient halfway between two numbers of 53 bits, and there is none. The remainder decides; it is small, so that 64 bits are enough
        // to compute it modulo 2^64.
        ulong quotient = (ulong)((double)dividend / divisor * (1UL << (QuotientBits - 1)));
        long difference = (long)((dividend << (QuotientBits - 1)) - (quotient * divisor));
        if (difference < 0)
        {
            quotient--;
            difference += (long)divisor;
        }

        Debug.Assert((ulong)difference < divisor, "The host's estimate is off by more than one unit.");
        remainder = (ulong)difference;
        return quotient;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong DivideSpecial<TFormat>(ulong a, ulong b, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (Layout<TFormat>.IsNaN(a) || Layout<TFormat>.IsNaN(b))
        {
            return NotANumber.Propagate<TFormat>(a, b, ref flags);
        }

        bool negative = Layout<TFormat>.IsNegative(a ^ b);
        if (Layout<TFormat>.IsInfinite(a))
        {
            return Layout<TFormat>.IsInfinite(b) ? NotANumber.Invalid<TFormat>(ref flags) : Layout<TFormat>.SignedInfinity(negative);
        }

        // 0 ÷ b, and a ÷ ∞.
        if (!Layout<TFormat>.IsZero(b))
        {
            return Layout<TFormat>.SignedZero(negative);
        }

        if (Layout<TFormat>.IsZero(a))
        {
            return NotANumber.Invalid<TFormat>(ref flags);
        }

        flags |= FloatingPointFlags.DivideByZero;
        return Layout<TFormat>.SignedInfinity(negative);
    }
}
