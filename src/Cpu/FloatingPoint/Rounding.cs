using System.Numerics;
using System.Runtime.CompilerServices;

namespace Strata.Cpu.FloatingPoint;

/// <summary>The one place where a result is rounded, range-checked and put together: IEEE 754-2019, sections 4.3 (rounding) and 7.4 to 7.6 (overflow, underflow, inexact).</summary>
/// <remarks>A result arrives as an <see cref="Unpacked"/> is made, except that its lowest bit is sticky: it is also set when anything but zeros was cut off
/// below. At least two bits below the format's precision are exact, so that the sticky bit cannot change which neighbour is nearer.</remarks>
internal static class Rounding
{
    /// <summary>Rounds ±<paramref name="significand"/> × 2^(<paramref name="exponent"/> − 62), where the leading bit may be anywhere, but not absent.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong NormalizeAndRound<TFormat>(bool negative, int exponent, ulong significand, RoundingMode mode, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        // Up to bit 63 first and one down again: bit 63 may have been set.
        int leadingZeros = BitOperations.LeadingZeroCount(significand);
        significand <<= leadingZeros;
        significand = (significand >> 1) | (significand & 1);
        return Round<TFormat>(negative, exponent + 1 - leadingZeros, significand, mode, ref flags);
    }

    /// <summary>Rounds ±<paramref name="significand"/> × 2^(<paramref name="exponent"/> − 62), where bit 62 is the leading bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Round<TFormat>(bool negative, int exponent, ulong significand, RoundingMode mode, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        int biasedExponent = exponent + Layout<TFormat>.Bias;
        ulong increment = Increment<TFormat>(mode, negative);

        // One comparison for both ends: neither subnormal nor at the largest exponent, where a carry would overflow.
        return (uint)(biasedExponent - 1) < (uint)(Layout<TFormat>.MaximumBiasedExponent - 2)
            ? Pack<TFormat>(negative, biasedExponent, significand, increment, mode, ref flags)
            : RoundAtTheEnds<TFormat>(negative, biasedExponent, significand, increment, mode, ref flags);
    }

    /// <summary>Shifts right and keeps in bit 0 whether anything but zeros was shifted out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ShiftRightSticky(ulong value, int count)
    {
        if (count >= 64)
        {
            return value != 0 ? 1UL : 0;
        }

        ulong shifted = value >> count;
        return shifted << count == value ? shifted : shifted | 1;
    }

    /// <inheritdoc cref="ShiftRightSticky(ulong, int)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static UInt128 ShiftRightSticky(UInt128 value, int count)
    {
        ulong high = (ulong)(value >> 64);
        ulong low = (ulong)value;
        if (count >= 64)
        {
            return ShiftRightSticky(high | (low != 0 ? 1UL : 0), count - 64);
        }

        // Twice, since a shift by 64 would be one by 0.
        ulong across = high << 1 << (63 - count);
        return new UInt128(high >> count, across | ShiftRightSticky(low, count));
    }

    /// <summary>The sign of a sum that is exactly zero although its operands' signs differ: IEEE 754-2019, section 6.3.</summary>
    public static bool ExactZeroIsNegative(RoundingMode mode) => mode == RoundingMode.Down;

    /// <summary>What is added below the last place so that cutting off rounds; a tie to even needs a correction afterwards.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Increment<TFormat>(RoundingMode mode, bool negative)
        where TFormat : struct, IBinaryFormat
    {
        ulong halfway = 1UL << (Unpacked.LeadingBit - TFormat.FractionBits - 1);
        if (mode is RoundingMode.NearestEven or RoundingMode.NearestMaxMagnitude)
        {
            return halfway;
        }

        return mode == (negative ? RoundingMode.Down : RoundingMode.Up) ? (halfway << 1) - 1 : 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Pack<TFormat>(bool negative, int biasedExponent, ulong significand, ulong increment, RoundingMode mode, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        int roundingBits = Unpacked.LeadingBit - TFormat.FractionBits;
        ulong halfway = 1UL << (roundingBits - 1);
        ulong cutOff = significand & ((halfway << 1) - 1);
        ulong rounded = (significand + increment) >> roundingBits;
        if (cutOff != 0)
        {
            flags |= FloatingPointFlags.Inexact;
            if (cutOff == halfway && mode == RoundingMode.NearestEven)
            {
                rounded &= ~1UL;
            }
        }

        // Added, not or-ed: the hidden bit counts the exponent up by one, and so does a carry out of the fraction.
        return Layout<TFormat>.SignedZero(negative) | (((ulong)(biasedExponent - 1) << TFormat.FractionBits) + rounded);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong RoundAtTheEnds<TFormat>(
        bool negative, int biasedExponent, ulong significand, ulong increment, RoundingMode mode, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        const ulong Carry = 1UL << (Unpacked.LeadingBit + 1);
        if (biasedExponent <= 0)
        {
            // After rounding: tiny unless rounding to full precision, the exponent unbounded, carries up to the smallest normal number.
            bool tiny = biasedExponent < 0 || significand + increment < Carry;
            ulong denormalized = ShiftRightSticky(significand, 1 - biasedExponent);
            bool inexact = (denormalized & ((1UL << (Unpacked.LeadingBit - TFormat.FractionBits)) - 1)) != 0;
            if (tiny && inexact)
            {
                flags |= FloatingPointFlags.Underflow;
            }

            return Pack<TFormat>(negative, 1, denormalized, increment, mode, ref flags);
        }

        int largestFiniteExponent = Layout<TFormat>.MaximumBiasedExponent - 1;
        if (biasedExponent > largestFiniteExponent || (biasedExponent == largestFiniteExponent && significand + increment >= Carry))
        {
            flags |= FloatingPointFlags.Overflow | FloatingPointFlags.Inexact;
            ulong infinity = Layout<TFormat>.SignedInfinity(negative);
            return increment == 0 ? infinity - 1 : infinity;
        }

        return Pack<TFormat>(negative, biasedExponent, significand, increment, mode, ref flags);
    }
}
