using System.Runtime.CompilerServices;

namespace Strata.Cpu.FloatingPoint;

/// <summary>a × b: IEEE 754-2019, section 5.4.1.</summary>
internal static class Multiplication
{
    public static ulong Multiply<TFormat>(ulong a, ulong b, RoundingMode mode, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (!Layout<TFormat>.IsFinite(a) || !Layout<TFormat>.IsFinite(b))
        {
            return MultiplyNotFinite<TFormat>(a, b, ref flags);
        }

        Unpacked x = Unpacked.From<TFormat>(a);
        Unpacked y = Unpacked.From<TFormat>(b);
        bool negative = x.Negative != y.Negative;

        // Two leading bits at 63 give a product whose leading bit is 126 or 127: bit 62 or 63 of the high half.
        ulong high = Math.BigMul(x.Significand << 1, y.Significand << 1, out ulong low);
        if (high == 0)
        {
            return Layout<TFormat>.SignedZero(negative);
        }

        ulong product = low != 0 ? high | 1 : high;
        return Rounding.NormalizeAndRound<TFormat>(negative, x.Exponent + y.Exponent, product, mode, ref flags);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong MultiplyNotFinite<TFormat>(ulong a, ulong b, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (Layout<TFormat>.IsNaN(a) || Layout<TFormat>.IsNaN(b))
        {
            return NotANumber.Propagate<TFormat>(a, b, ref flags);
        }

        return Layout<TFormat>.IsZero(a) || Layout<TFormat>.IsZero(b)
            ? NotANumber.Invalid<TFormat>(ref flags)
            : Layout<TFormat>.SignedInfinity(Layout<TFormat>.IsNegative(a ^ b));
    }
}
