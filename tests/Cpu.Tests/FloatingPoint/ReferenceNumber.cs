using System.Numerics;

namespace Strata.Cpu.Tests.FloatingPoint;

/// <summary>A rational number that may carry a power of two: <see cref="Numerator"/> ÷ <see cref="Denominator"/> × 2^<see cref="Exponent"/>.</summary>
internal readonly record struct Exact(BigInteger Numerator, BigInteger Denominator, int Exponent)
{
    public bool IsZero => Numerator.IsZero;

    public static Exact operator -(Exact value) => value with { Numerator = -value.Numerator };

    public static Exact operator +(Exact left, Exact right)
    {
        int exponent = Math.Min(left.Exponent, right.Exponent);
        BigInteger sum = (left.Numerator << (left.Exponent - exponent)) * right.Denominator;
        sum += (right.Numerator << (right.Exponent - exponent)) * left.Denominator;
        return new Exact(sum, left.Denominator * right.Denominator, exponent);
    }

    public static Exact operator *(Exact left, Exact right) =>
        new(left.Numerator * right.Numerator, left.Denominator * right.Denominator, left.Exponent + right.Exponent);

    public static Exact operator /(Exact left, Exact right)
    {
        Exact inverse = new(right.Denominator * right.Numerator.Sign, BigInteger.Abs(right.Numerator), -right.Exponent);
        return left * inverse;
    }

    /// <summary>The root to 128 places after the radicand's own; if it does not end there, half a place more stands for the rest.</summary>
    public Exact SquareRoot()
    {
        int exponent = Exponent - (Exponent & 1) - 256;
        BigInteger radicand = Numerator << (Exponent - exponent);
        BigInteger root = BigInteger.One << (int)((radicand.GetBitLength() / 2) + 1);
        while (true)
        {
            // Newton's method from above.
            BigInteger next = (root + (radicand / root)) >> 1;
            if (next >= root)
            {
                break;
            }

            root = next;
        }

        BigInteger rest = root * root == radicand ? 0 : 1;
        return new Exact((2 * root) + rest, BigInteger.One, (exponent / 2) - 1);
    }
}

/// <summary>A format, described again and independently of the implementation's own description.</summary>
internal sealed record ReferenceFormat(string Name, int ExponentBits, int FractionBits)
{
    public static readonly ReferenceFormat Binary16 = new("binary16", 5, 10);
    public static readonly ReferenceFormat Binary32 = new("binary32", 8, 23);
    public static readonly ReferenceFormat Binary64 = new("binary64", 11, 52);

    public int Width => 1 + ExponentBits + FractionBits;

    /// <summary>Gets the exponent of the smallest normal number, a power of two.</summary>
    public int MinimumExponent => 2 - (1 << (ExponentBits - 1));

    /// <summary>Gets the exponent of the first power of two that is too large.</summary>
    public int OverflowExponent => 1 << (ExponentBits - 1);

    public ulong Infinity => ((1UL << ExponentBits) - 1) << FractionBits;

    public ulong QuietNaN => Infinity + (1UL << (FractionBits - 1));

    public ulong WithSign(bool negative, ulong magnitude) => negative ? magnitude + (1UL << (Width - 1)) : magnitude;

    public ReferenceNumber Decode(ulong bits)
    {
        bool negative = (bits >> (Width - 1)) != 0;
        int exponent = (int)((bits >> FractionBits) & ((1UL << ExponentBits) - 1));
        ulong fraction = bits & ((1UL << FractionBits) - 1);
        if (exponent == (1 << ExponentBits) - 1)
        {
            bool signaling = fraction != 0 && (fraction >> (FractionBits - 1)) == 0;
            return new ReferenceNumber(negative, IsInfinite: fraction == 0, IsNaN: fraction != 0, signaling, default);
        }

        BigInteger significand = exponent == 0 ? fraction : fraction + (1UL << FractionBits);
        int scale = MinimumExponent + Math.Max(exponent, 1) - 1 - FractionBits;
        return new ReferenceNumber(negative, false, false, false, new Exact(negative ? -significand : significand, BigInteger.One, scale));
    }
}

/// <summary>What a bit pattern means.</summary>
internal readonly record struct ReferenceNumber(bool Negative, bool IsInfinite, bool IsNaN, bool IsSignaling, Exact Value)
{
    public bool IsFinite => !IsInfinite && !IsNaN;

    public bool IsZero => IsFinite && Value.IsZero;
}
