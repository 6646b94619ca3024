using System.Numerics;

namespace Strata.Cpu.Tests.FloatingPoint;

/// <summary>Operands that find faults: the corners of a format, and random numbers that are close to one another, to the ends, or sparse.</summary>
internal sealed class TestOperands
{
    private readonly Random _random;
    private readonly int _exponentBits;
    private readonly int _fractionBits;
    private ulong _previous;

    public TestOperands(int exponentBits, int fractionBits, Random random)
    {
        _exponentBits = exponentBits;
        _fractionBits = fractionBits;
        _random = random;
        Corners = MakeCorners();
    }

    /// <summary>Gets twelve positive corners and their negatives.</summary>
    public IReadOnlyList<ulong> Corners { get; }

    private int MaximumExponent => (1 << _exponentBits) - 1;

    private int Bias => MaximumExponent >> 1;

    private ulong FractionMask => (1UL << _fractionBits) - 1;

    private ulong SignBit => 1UL << (_exponentBits + _fractionBits);

    /// <summary>A random operand, often related to the one before, so that sums cancel and quotients are near one.</summary>
    public ulong Next()
    {
        ulong bits = _random.Next(16) switch
        {
            0 => Corners[_random.Next(Corners.Count)],
            1 => Pack(_random.Next(MaximumExponent + 1), Fraction()),
            2 => Pack(_random.Next(3), Fraction()),
            3 => Pack(MaximumExponent - _random.Next(3), Fraction()),
            4 => _previous ^ (1UL << _random.Next(_fractionBits)),
            5 => Pack(Math.Clamp(PreviousExponent + _random.Next(-3, 4), 0, MaximumExponent), Fraction()),
            6 => Pack(Math.Clamp(PreviousExponent + _random.Next(-_fractionBits - 3, _fractionBits + 4), 0, MaximumExponent), Fraction()),
            7 => Pack(Math.Clamp((2 * Bias) - PreviousExponent + _random.Next(-3, 4), 0, MaximumExponent), Fraction()),
            8 => Pack(Math.Clamp(Bias - PreviousExponent + _random.Next(-_fractionBits - 3, 4), 0, MaximumExponent), Fraction()),
            9 => Pack(Bias + _random.Next(Math.Min(70, Bias)), Fraction()),
            _ => Pack(Bias + _random.Next(-8, 9), Fraction()),
        };

        bits = _random.Next(2) == 0 ? bits : bits ^ SignBit;
        _previous = bits;
        return bits;
    }

    private int PreviousExponent => (int)(_previous >> _fractionBits) & MaximumExponent;

    private ulong Pack(int exponent, ulong fraction) => ((ulong)exponent << _fractionBits) | fraction;

    /// <summary>Uniform, or mostly zeros, or mostly ones, or one run of ones: the latter make ties and carries.</summary>
    private ulong Fraction()
    {
        ulong uniform = (ulong)_random.NextInt64() & FractionMask;
        return _random.Next(6) switch
        {
            0 => BitOperations.RotateLeft(1UL, _random.Next(_fractionBits)) & FractionMask,
            1 => FractionMask ^ (1UL << _random.Next(_fractionBits)),
            2 => FractionMask & (ulong.MaxValue << _random.Next(_fractionBits + 1)),
            3 => uniform & (FractionMask << _random.Next(_fractionBits)),
            _ => uniform,
        };
    }

    private List<ulong> MakeCorners()
    {
        ulong quietBit = 1UL << (_fractionBits - 1);
        List<ulong> corners =
        [
            Pack(0, 0), // zero
            Pack(0, 1), // the smallest subnormal
            Pack(0, FractionMask), // the largest subnormal
            Pack(1, 0), // the smallest normal
            Pack(Bias - 1, FractionMask), // just below 1
            Pack(Bias, 0), // 1
            Pack(Bias, 1), // just above 1
            Pack(Bias, quietBit), // 1.5
            Pack(MaximumExponent - 1, FractionMask), // the largest finite
            Pack(MaximumExponent, 0), // infinity
            Pack(MaximumExponent, 1), // a signaling NaN
            Pack(MaximumExponent, quietBit | 5), // a quiet NaN with a payload
        ];
        corners.AddRange([.. corners.Select(bits => bits | SignBit)]);
        return corners;
    }
}
