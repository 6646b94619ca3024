using System.Numerics;
using Strata.Cpu.FloatingPoint;

namespace Strata.Cpu.Tests.FloatingPoint;

/// <summary>The operations by definition: NaNs and infinities by cases, everything else exactly, then rounded once.</summary>
internal static class ReferenceArithmetic
{
    public static (ulong Bits, FloatingPointFlags Flags) Add(ReferenceFormat format, ulong a, ulong b, RoundingMode mode)
    {
        ReferenceNumber x = format.Decode(a), y = format.Decode(b);
        if (x.IsNaN || y.IsNaN)
        {
            return NaN(format, x.IsSignaling || y.IsSignaling);
        }

        if (x.IsInfinite || y.IsInfinite)
        {
            return x.IsInfinite && y.IsInfinite && x.Negative != y.Negative
                ? NaN(format, invalid: true)
                : (format.WithSign(x.IsInfinite ? x.Negative : y.Negative, format.Infinity), FloatingPointFlags.None);
        }

        return Sum(format, x.Value, x.Negative, y.Value, y.Negative, mode);
    }

    public static (ulong Bits, FloatingPointFlags Flags) Subtract(ReferenceFormat format, ulong a, ulong b, RoundingMode mode) =>
        Add(format, a, b ^ (1UL << (format.Width - 1)), mode);

    public static (ulong Bits, FloatingPointFlags Flags) Multiply(ReferenceFormat format, ulong a, ulong b, RoundingMode mode)
    {
        ReferenceNumber x = format.Decode(a), y = format.Decode(b);
        bool negative = x.Negative != y.Negative;
        if (x.IsNaN || y.IsNaN)
        {
            return NaN(format, x.IsSignaling || y.IsSignaling);
        }

        if (x.IsInfinite || y.IsInfinite)
        {
            return x.IsZero || y.IsZero ? NaN(format, invalid: true) : (format.WithSign(negative, format.Infinity), FloatingPointFlags.None);
        }

        return Rounded(format, x.Value * y.Value, negative, mode);
    }

    public static (ulong Bits, FloatingPointFlags Flags) Divide(ReferenceFormat format, ulong a, ulong b, RoundingMode mode)
    {
        ReferenceNumber x = format.Decode(a), y = format.Decode(b);
        bool negative = x.Negative != y.Negative;
        return (x, y) switch
        {
            _ when x.IsNaN || y.IsNaN => NaN(format, x.IsSignaling || y.IsSignaling),
            _ when (x.IsInfinite && y.IsInfinite) || (x.IsZero && y.IsZero) => NaN(format, invalid: true),
            _ when x.IsInfinite => (format.WithSign(negative, format.Infinity), FloatingPointFlags.None),
            _ when y.IsInfinite => (format.WithSign(negative, 0), FloatingPointFlags.None),
            _ when y.IsZero => (format.WithSign(negative, format.Infinity), FloatingPointFlags.DivideByZero),
            _ => Rounded(format, x.Value / y.Value, negative, mode),
        };
    }

    public static (ulong Bits, FloatingPointFlags Flags) SquareRoot(ReferenceFormat format, ulong a, RoundingMode mode)
    {
        ReferenceNumber x = format.Decode(a);
        return x switch
        {
            { IsNaN: true } => NaN(format, x.IsSignaling),
            { IsZero: true } => (a, FloatingPointFlags.None),
            { Negative: true } => NaN(format, invalid: true),
            { IsInfinite: true } => (a, FloatingPointFlags.None),
            _ => Rounded(format, x.Value.SquareRoot(), negative: false, mode),
        };
    }

    public static (ulong Bits, FloatingPointFlags Flags) FusedMultiplyAdd(ReferenceFormat format, ulong a, ulong b, ulong c, RoundingMode mode)
    {
        ReferenceNumber x = format.Decode(a), y = format.Decode(b), z = format.Decode(c);
        bool negative = x.Negative != y.Negative;
        if ((x.IsInfinite && y.IsZero) || (x.IsZero && y.IsInfinite))
        {
            return NaN(format, invalid: true);
        }

        if (x.IsNaN || y.IsNaN || z.IsNaN)
        {
            return NaN(format, x.IsSignaling || y.IsSignaling || z.IsSignaling);
        }

        if (x.IsInfinite || y.IsInfinite)
        {
            return z.IsInfinite && z.Negative != negative
                ? NaN(format, invalid: true)
                : (format.WithSign(negative, format.Infinity), FloatingPointFlags.None);
        }

        return z.IsInfinite ? (c, FloatingPointFlags.None) : Sum(format, x.Value * y.Value, negative, z.Value, z.Negative, mode);
    }

    public static (ulong Bits, FloatingPointFlags Flags) Convert(ReferenceFormat from, ReferenceFormat to, ulong a, RoundingMode mode)
    {
        ReferenceNumber x = from.Decode(a);
        return x switch
        {
            { IsNaN: true } => NaN(to, x.IsSignaling),
            { IsInfinite: true } => (to.WithSign(x.Negative, to.Infinity), FloatingPointFlags.None),
            _ => Rounded(to, x.Value, x.Negative, mode),
        };
    }

    /// <summary>To an integer of the given range, saturating; the range's own integers are returned, not bit patterns.</summary>
    public static (BigInteger Integer, FloatingPointFlags Flags) ToInteger(
        ReferenceFormat format, ulong a, BigInteger minimum, BigInteger maximum, RoundingMode mode)
    {
        ReferenceNumber x = format.Decode(a);
        if (x.IsNaN)
        {
            return (maximum, FloatingPointFlags.Invalid);
        }

        if (x.IsInfinite)
        {
            return (x.Negative ? minimum : maximum, FloatingPointFlags.Invalid);
        }

        (BigInteger integer, bool inexact) = ReferenceRounding.ToInteger(x.Value, mode);
        return integer < minimum ? (minimum, FloatingPointFlags.Invalid)
            : integer > maximum ? (maximum, FloatingPointFlags.Invalid)
            : (integer, inexact ? FloatingPointFlags.Inexact : FloatingPointFlags.None);
    }

    public static (ulong Bits, FloatingPointFlags Flags) FromInteger(ReferenceFormat format, BigInteger integer, RoundingMode mode) =>
        Rounded(format, new Exact(integer, BigInteger.One, 0), negative: false, mode);

    private static (ulong Bits, FloatingPointFlags Flags) NaN(ReferenceFormat format, bool invalid) =>
        (format.QuietNaN, invalid ? FloatingPointFlags.Invalid : FloatingPointFlags.None);

    private static (ulong Bits, FloatingPointFlags Flags) Rounded(ReferenceFormat format, Exact value, bool negative, RoundingMode mode) =>
        value.IsZero ? (format.WithSign(negative, 0), FloatingPointFlags.None) : ReferenceRounding.ToFormat(format, value, mode);

    /// <summary>IEEE 754-2019, section 6.3: zeros of one sign keep it, any other sum of exactly zero is +0, but −0 when rounding down.</summary>
    private static (ulong Bits, FloatingPointFlags Flags) Sum(
        ReferenceFormat format, Exact x, bool xNegative, Exact y, bool yNegative, RoundingMode mode)
    {
        bool zeroIsNegative = x.IsZero && y.IsZero && xNegative == yNegative ? xNegative : mode == RoundingMode.Down;
        return Rounded(format, x + y, zeroIsNegative, mode);
    }
}
