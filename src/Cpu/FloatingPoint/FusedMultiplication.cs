using System.Runtime.CompilerServices;

namespace Strata.Cpu.FloatingPoint;

/// <summary>(a × b) + c rounded once: IEEE 754-2019, section 5.4.1.</summary>
internal static class FusedMultiplication
{
    public static ulong MultiplyAdd<TFormat>(ulong a, ulong b, ulong c, RoundingMode mode, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (!Layout<TFormat>.IsFinite(a) || !Layout<TFormat>.IsFinite(b) || !Layout<TFormat>.IsFinite(c))
        {
            return MultiplyAddNotFinite<TFormat>(a, b, c, ref flags);
        }

        Unpacked x = Unpacked.From<TFormat>(a);
        Unpacked y = Unpacked.From<TFormat>(b);
        Unpacked addend = Unpacked.From<TFormat>(c);
        bool negative = x.Negative != y.Negative;
        bool sameSign = negative == addend.Negative;

        // Both significands have their leading bit at 124, the product's perhaps at 125, and are exact.
        ulong productHigh = Math.BigMul(x.Significand, y.Significand, out ulong productLow);
        UInt128 product = new(productHigh, productLow);
        UInt128 addendSignificand = new(addend.Significand >> 2, addend.Significand << 62);

        // The one with the smaller exponent is shifted; sticky is enough for the reason given in Addition, with 20 spare bits below either.
        int exponent = x.Exponent + y.Exponent;
        int distance = exponent - addend.Exponent;
        if (distance >= 0)
        {
            addendSignificand = Rounding.ShiftRightSticky(addendSignificand, distance);
        }
        else
        {
            product = Rounding.ShiftRightSticky(product, -distance);
            exponent = addend.Exponent;
        }

        // Two's complement: both are below 2^126, so bit 127 of a difference is its sign.
        UInt128 sum = sameSign ? product + addendSignificand : product - addendSignificand;
        if ((long)(sum >> 64) < 0)
        {
            sum = UInt128.Zero - sum;
            negative = !negative;
        }

        if (sum == UInt128.Zero)
        {
            return Layout<TFormat>.SignedZero(sameSign ? negative : Rounding.ExactZeroIsNegative(mode));
        }

        // To bit 126, which is bit 62 of the high half: the sum carried at most that far.
        int shift = (int)UInt128.LeadingZeroCount(sum) - 1;
        sum <<= shift;
        ulong significand = (ulong)(sum >> 64) | ((ulong)sum != 0 ? 1UL : 0);
        return Rounding.Round<TFormat>(negative, exponent + 2 - shift, significand, mode, ref flags);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong MultiplyAddNotFinite<TFormat>(ulong a, ulong b, ulong c, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        // ∞ × 0 is invalid even if a quiet NaN is added: RISC-V chooses so where IEEE 754-2019, section 7.2, leaves it open.
        bool infiniteProduct = Layout<TFormat>.IsInfinite(a) || Layout<TFormat>.IsInfinite(b);
        if (infiniteProduct && (Layout<TFormat>.IsZero(a) || Layout<TFormat>.IsZero(b)))
        {
            return NotANumber.Invalid<TFormat>(ref flags);
        }

        if (Layout<TFormat>.IsNaN(a) || Layout<TFormat>.IsNaN(b) || Layout<TFormat>.IsNaN(c))
        {
            return Layout<TFormat>.IsSignalingNaN(c) ? NotANumber.Invalid<TFormat>(ref flags) : NotANumber.Propagate<TFormat>(a, b, ref flags);
        }

        if (!infiniteProduct)
        {
            return c;
        }

        bool negative = Layout<TFormat>.IsNegative(a ^ b);
        bool opposite = Layout<TFormat>.IsInfinite(c) && Layout<TFormat>.IsNegative(c) != negative;
        return opposite ? NotANumber.Invalid<TFormat>(ref flags) : Layout<TFormat>.SignedInfinity(negative);
    }
}
