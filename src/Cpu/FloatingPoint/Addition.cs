using System.Runtime.CompilerServices;

namespace Strata.Cpu.FloatingPoint;

/// <summary>a + b: IEEE 754-2019, section 5.4.1. A subtraction is the addition of the negated number.</summary>
internal static class Addition
{
    public static ulong Add<TFormat>(ulong a, ulong b, RoundingMode mode, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (!Layout<TFormat>.IsFinite(a) || !Layout<TFormat>.IsFinite(b))
        {
            return AddNotFinite<TFormat>(a, b, ref flags);
        }

        bool ordered = Layout<TFormat>.Magnitude(a) >= Layout<TFormat>.Magnitude(b);
        Unpacked larger = Unpacked.From<TFormat>(ordered ? a : b);
        Unpacked smaller = Unpacked.From<TFormat>(ordered ? b : a);

        // Sticky is enough: where more than one leading bit cancels, the exponents differ by at most one and nothing was cut off.
        ulong aligned = Rounding.ShiftRightSticky(smaller.Significand, larger.Exponent - smaller.Exponent);
        bool sameSign = larger.Negative == smaller.Negative;
        ulong sum = sameSign ? larger.Significand + aligned : larger.Significand - aligned;
        return sum != 0
            ? Rounding.NormalizeAndRound<TFormat>(larger.Negative, larger.Exponent, sum, mode, ref flags)
            : Layout<TFormat>.SignedZero(sameSign ? larger.Negative : Rounding.ExactZeroIsNegative(mode));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong AddNotFinite<TFormat>(ulong a, ulong b, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (Layout<TFormat>.IsNaN(a) || Layout<TFormat>.IsNaN(b))
        {
            return NotANumber.Propagate<TFormat>(a, b, ref flags);
        }

        if (Layout<TFormat>.IsFinite(a))
        {
            return b;
        }

        bool opposite = Layout<TFormat>.IsInfinite(b) && a != b;
        return opposite ? NotANumber.Invalid<TFormat>(ref flags) : a;
    }
}
