using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Strata.Cpu.FloatingPoint;

/// <summary>√a: IEEE 754-2019, section 5.4.1.</summary>
internal static class RootExtraction
{
    /// <summary>Significant bits of the root: the 53 of the widest format and one to round by; the remainder makes the sticky bit.</summary>
    private const int RootBits = 54;

    public static ulong SquareRoot<TFormat>(ulong a, RoundingMode mode, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        // Negative numbers, zeros, infinities and NaNs.
        if (a - 1 >= Layout<TFormat>.Infinity - 1)
        {
            return RootSpecial<TFormat>(a, ref flags);
        }

        // An even exponent is halved; an odd one gives its one to the significand, which then lies in [2^62, 2^64).
        Unpacked x = Unpacked.From<TFormat>(a);
        ulong radicand = x.Significand << (x.Exponent & 1);
        ulong root = RootOf(radicand, out ulong remainder);
        ulong significand = (root << 1) | (remainder != 0 ? 1UL : 0);
        return Rounding.Round<TFormat>(negative: false, x.Exponent >> 1, significand << (Unpacked.LeadingBit - RootBits), mode, ref flags);
    }

    /// <summary>⌊√(radicand × 2^44)⌋, which has 54 bits.</summary>
    private static ulong RootOf(ulong radicand, out ulong remainder)
    {
        const int Shift = (2 * (RootBits - 1)) - Unpacked.LeadingBit;

        // As in Division: the host's root is this one or one more, since no root lies halfway between two numbers of 53 bits.
        ulong root = (ulong)(Math.Sqrt(radicand) * (1UL << (Shift / 2)));
        long difference = (long)((radicand << Shift) - (root * root));
        if (difference < 0)
        {
            root--;
            difference += (long)((2 * root) + 1);
        }

        Debug.Assert((ulong)difference <= 2 * root, "The host's estimate is off by more than one unit.");
        remainder = (ulong)difference;
        return root;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong RootSpecial<TFormat>(ulong a, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (Layout<TFormat>.IsNaN(a))
        {
            return NotANumber.Propagate<TFormat>(a, a, ref flags);
        }

        // √−0 is −0.
        bool itself = Layout<TFormat>.IsZero(a) || a == Layout<TFormat>.Infinity;
        return itself ? a : NotANumber.Invalid<TFormat>(ref flags);
    }
}
