using System.Numerics;
using Strata.Cpu.FloatingPoint;

namespace Strata.Cpu.Tests.FloatingPoint;

/// <summary>The one rounding step, on exact rational numbers: the two neighbours on a grid are found by division and chosen from by comparison.</summary>
internal static class ReferenceRounding
{
    /// <summary>Rounds a number other than zero to a format.</summary>
    public static (ulong Bits, FloatingPointFlags Flags) ToFormat(ReferenceFormat format, Exact value, RoundingMode mode)
    {
        bool negative = value.Numerator.Sign < 0;
        BigInteger numerator = BigInteger.Abs(value.Numerator);
        int exponent = FloorLog2(numerator, value.Denominator) + value.Exponent;

        // As if the exponent range were unbounded: this decides on overflow and tininess.
        int unboundedGrid = exponent - format.FractionBits;
        (BigInteger unbounded, bool inexact) = ToGrid(numerator, value.Denominator, value.Exponent - unboundedGrid, negative, mode);
        int roundedExponent = (int)unbounded.GetBitLength() - 1 + unboundedGrid;
        if (roundedExponent >= format.OverflowExponent)
        {
            bool toInfinity = mode switch
            {
                RoundingMode.TowardZero => false,
                RoundingMode.Down => negative,
                RoundingMode.Up => !negative,
                _ => true,
            };
            ulong magnitude = toInfinity ? format.Infinity : format.Infinity - 1;
            return (format.WithSign(negative, magnitude), FloatingPointFlags.Overflow | FloatingPointFlags.Inexact);
        }

        bool tiny = roundedExponent < format.MinimumExponent;
        BigInteger rounded = unbounded;
        int grid = unboundedGrid;
        int finestGrid = format.MinimumExponent - format.FractionBits;
        if (grid < finestGrid)
        {
            grid = finestGrid;
            (rounded, inexact) = ToGrid(numerator, value.Denominator, value.Exponent - grid, negative, mode);
        }

        FloatingPointFlags flags = inexact ? FloatingPointFlags.Inexact : FloatingPointFlags.None;
        flags |= tiny && inexact ? FloatingPointFlags.Underflow : FloatingPointFlags.None;
        return (format.WithSign(negative, Encode(format, rounded, grid)), flags);
    }

    /// <summary>Rounds to an integer.</summary>
    public static (BigInteger Integer, bool Inexact) ToInteger(Exact value, RoundingMode mode)
    {
        bool negative = value.Numerator.Sign < 0;
        (BigInteger magnitude, bool inexact) = ToGrid(BigInteger.Abs(value.Numerator), value.Denominator, value.Exponent, negative, mode);
        return (negative ? -magnitude : magnitude, inexact);
    }

    private static (BigInteger Multiple, bool Inexact) ToGrid(BigInteger numerator, BigInteger denominator, int exponent, bool negative, RoundingMode mode)
    {
        numerator <<= Math.Max(exponent, 0);
        denominator <<= Math.Max(-exponent, 0);
        BigInteger below = BigInteger.DivRem(numerator, denominator, out BigInteger rest);
        if (rest.IsZero)
        {
            return (below, false);
        }

        int againstHalf = (rest * 2).CompareTo(denominator);
        bool up = mode switch
        {
            RoundingMode.NearestEven => againstHalf > 0 || (againstHalf == 0 && !below.IsEven),
            RoundingMode.NearestMaxMagnitude => againstHalf >= 0,
            RoundingMode.TowardZero => false,
            RoundingMode.Down => negative,
            RoundingMode.Up => !negative,
            _ => throw new ArgumentOutOfRangeException(nameof(mode)),
        };
        return (up ? below + 1 : below, true);
    }

    private static ulong Encode(ReferenceFormat format, BigInteger multiple, int grid)
    {
        BigInteger hidden = BigInteger.One << format.FractionBits;
        if (multiple < hidden)
        {
            return (ulong)multiple;
        }

        if (multiple >= 2 * hidden)
        {
            multiple /= 2;
            grid++;
        }

        int biasedExponent = grid + format.FractionBits - format.MinimumExponent + 1;
        return ((ulong)biasedExponent << format.FractionBits) + (ulong)(multiple - hidden);
    }

    private static int FloorLog2(BigInteger numerator, BigInteger denominator)
    {
        int estimate = (int)(numerator.GetBitLength() - denominator.GetBitLength());
        BigInteger scaledNumerator = numerator << Math.Max(-estimate, 0);
        BigInteger scaledDenominator = denominator << Math.Max(estimate, 0);
        return scaledNumerator >= scaledDenominator ? estimate : estimate - 1;
    }
}
