using System.Numerics;
using Strata.Cpu.FloatingPoint;

namespace Strata.Cpu.Tests.FloatingPoint;

/// <summary>FEQ, FLT, FLE, FMIN, FMAX, FCLASS and FSGNJ against their definitions on decoded numbers.</summary>
public sealed class ComparisonTests(ITestOutputHelper output)
{
    private const int RandomCases = 200_000;

    [Fact]
    public void Binary32FollowsTheDefinitions() => ForPairs(ReferenceFormat.Binary32, (a, b) =>
    {
        Compare(
            ReferenceFormat.Binary32, a, b,
            (ref flags) => Float32.Equal((uint)a, (uint)b, ref flags),
            (ref flags) => Float32.Less((uint)a, (uint)b, ref flags),
            (ref flags) => Float32.LessOrEqual((uint)a, (uint)b, ref flags),
            (ref flags) => Float32.Minimum((uint)a, (uint)b, ref flags),
            (ref flags) => Float32.Maximum((uint)a, (uint)b, ref flags));
        Assert.Equal(ClassOf(ReferenceFormat.Binary32, a), Float32.Classify((uint)a));
        Signs(31, a, b, Float32.InjectSign((uint)a, (uint)b), Float32.InjectSignNegated((uint)a, (uint)b), Float32.InjectSignXor((uint)a, (uint)b));
    });

    [Fact]
    public void Binary64FollowsTheDefinitions() => ForPairs(ReferenceFormat.Binary64, (a, b) =>
    {
        Compare(
            ReferenceFormat.Binary64, a, b,
            (ref flags) => Float64.Equal(a, b, ref flags),
            (ref flags) => Float64.Less(a, b, ref flags),
            (ref flags) => Float64.LessOrEqual(a, b, ref flags),
            (ref flags) => Float64.Minimum(a, b, ref flags),
            (ref flags) => Float64.Maximum(a, b, ref flags));
        Assert.Equal(ClassOf(ReferenceFormat.Binary64, a), Float64.Classify(a));
        Signs(63, a, b, Float64.InjectSign(a, b), Float64.InjectSignNegated(a, b), Float64.InjectSignXor(a, b));
    });

    private delegate T Operation<T>(ref FloatingPointFlags flags);

    private static void Compare(
        ReferenceFormat format, ulong a, ulong b,
        Operation<bool> equal, Operation<bool> less, Operation<bool> lessOrEqual, Operation<ulong> minimum, Operation<ulong> maximum)
    {
        ReferenceNumber x = format.Decode(a), y = format.Decode(b);
        bool unordered = x.IsNaN || y.IsNaN;
        FloatingPointFlags ifSignaling = x.IsSignaling || y.IsSignaling ? FloatingPointFlags.Invalid : FloatingPointFlags.None;
        FloatingPointFlags ifUnordered = unordered ? FloatingPointFlags.Invalid : FloatingPointFlags.None;
        int order = unordered ? 0 : Order(x, y);
        Check("FEQ", !unordered && order == 0, ifSignaling, equal);
        Check("FLT", !unordered && order < 0, ifUnordered, less);
        Check("FLE", !unordered && order <= 0, ifUnordered, lessOrEqual);

        // Of two zeros the negative one is the smaller; of equal numbers any other two are the same bits.
        bool aIsSmaller = order < 0 || (order == 0 && x.Negative);
        Check("FMIN", x.IsNaN && y.IsNaN ? format.QuietNaN : x.IsNaN ? b : y.IsNaN || aIsSmaller ? a : b, ifSignaling, minimum);
        Check("FMAX", x.IsNaN && y.IsNaN ? format.QuietNaN : x.IsNaN ? b : y.IsNaN || !aIsSmaller ? a : b, ifSignaling, maximum);

        void Check<T>(string name, T expected, FloatingPointFlags expectedFlags, Operation<T> operation)
            where T : IEquatable<T>
        {
            FloatingPointFlags flags = FloatingPointFlags.None;
            T actual = operation(ref flags);
            if (!actual.Equals(expected) || flags != expectedFlags)
            {
                Assert.Fail($"{format.Name} {name} {a:X} {b:X}: {actual} {flags}, expected {expected} {expectedFlags}");
            }
        }
    }

    private static int Order(ReferenceNumber x, ReferenceNumber y)
    {
        int left = x.IsInfinite ? (x.Negative ? -1 : 1) : 0;
        int right = y.IsInfinite ? (y.Negative ? -1 : 1) : 0;
        return left != 0 || right != 0 ? left.CompareTo(right) : (x.Value + -y.Value).Numerator.Sign;
    }

    private static NumberClass ClassOf(ReferenceFormat format, ulong bits)
    {
        ReferenceNumber x = format.Decode(bits);
        if (x.IsNaN)
        {
            return x.IsSignaling ? NumberClass.SignalingNaN : NumberClass.QuietNaN;
        }

        // Bits 0 to 3 downwards for negative numbers, 4 to 7 upwards for positive ones: zero, subnormal, normal, infinity.
        int size = x.IsInfinite ? 3
            : x.IsZero ? 0
            : BigInteger.Abs(x.Value.Numerator).GetBitLength() - 1 + x.Value.Exponent < format.MinimumExponent ? 1 : 2;
        return (NumberClass)(1 << (x.Negative ? 3 - size : 4 + size));
    }

    private static void Signs(int signBit, ulong a, ulong b, ulong injected, ulong negated, ulong exclusive)
    {
        ulong magnitude = a & ((1UL << signBit) - 1);
        ulong signOfA = a >> signBit, signOfB = b >> signBit;
        Assert.Equal(magnitude + (signOfB << signBit), injected);
        Assert.Equal(magnitude + ((1 - signOfB) << signBit), negated);
        Assert.Equal(magnitude + ((signOfA == signOfB ? 0UL : 1) << signBit), exclusive);
    }

    private void ForPairs(ReferenceFormat format, Action<ulong, ulong> check)
    {
        int seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        TestOperands operands = new(format.ExponentBits, format.FractionBits, new Random(seed));
        foreach (ulong a in operands.Corners)
        {
            foreach (ulong b in operands.Corners)
            {
                check(a, b);
            }
        }

        for (int i = 0; i < RandomCases; i++)
        {
            check(operands.Next(), operands.Next());
        }
    }
}
