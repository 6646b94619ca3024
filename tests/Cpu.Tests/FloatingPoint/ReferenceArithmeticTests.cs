using Strata.Cpu.FloatingPoint;

namespace Strata.Cpu.Tests.FloatingPoint;

/// <summary>Results and flags in every rounding mode against exact evaluation by big integers: all corners with one another, then random operands.</summary>
public sealed class ReferenceArithmeticTests(ITestOutputHelper output)
{
    private const int RandomCases = 100_000;

    private delegate ulong Operation(ulong a, ulong b, ulong c, RoundingMode mode, ref FloatingPointFlags flags);

    private delegate (ulong Bits, FloatingPointFlags Flags) Reference(ReferenceFormat format, ulong a, ulong b, ulong c, RoundingMode mode);

    private static readonly RoundingMode[] Modes = Enum.GetValues<RoundingMode>();

    private static readonly Dictionary<string, (Operation Binary32, Operation Binary64, int Operands, Reference Reference)> Operations = new()
    {
        ["add"] = (
            (a, b, c, mode, ref flags) => Float32.Add((uint)a, (uint)b, mode, ref flags),
            (a, b, c, mode, ref flags) => Float64.Add(a, b, mode, ref flags),
            2, (format, a, b, c, mode) => ReferenceArithmetic.Add(format, a, b, mode)),
        ["subtract"] = (
            (a, b, c, mode, ref flags) => Float32.Subtract((uint)a, (uint)b, mode, ref flags),
            (a, b, c, mode, ref flags) => Float64.Subtract(a, b, mode, ref flags),
            2, (format, a, b, c, mode) => ReferenceArithmetic.Subtract(format, a, b, mode)),
        ["multiply"] = (
            (a, b, c, mode, ref flags) => Float32.Multiply((uint)a, (uint)b, mode, ref flags),
            (a, b, c, mode, ref flags) => Float64.Multiply(a, b, mode, ref flags),
            2, (format, a, b, c, mode) => ReferenceArithmetic.Multiply(format, a, b, mode)),
        ["divide"] = (
            (a, b, c, mode, ref flags) => Float32.Divide((uint)a, (uint)b, mode, ref flags),
            (a, b, c, mode, ref flags) => Float64.Divide(a, b, mode, ref flags),
            2, (format, a, b, c, mode) => ReferenceArithmetic.Divide(format, a, b, mode)),
        ["square root"] = (
            (a, b, c, mode, ref flags) => Float32.SquareRoot((uint)a, mode, ref flags),
            (a, b, c, mode, ref flags) => Float64.SquareRoot(a, mode, ref flags),
            1, (format, a, b, c, mode) => ReferenceArithmetic.SquareRoot(format, a, mode)),
        ["fused multiply-add"] = (
            (a, b, c, mode, ref flags) => Float32.FusedMultiplyAdd((uint)a, (uint)b, (uint)c, mode, ref flags),
            (a, b, c, mode, ref flags) => Float64.FusedMultiplyAdd(a, b, c, mode, ref flags),
            3, ReferenceArithmetic.FusedMultiplyAdd),
    };

    public static TheoryData<string> OperationNames => [.. Operations.Keys];

    [Theory]
    [MemberData(nameof(OperationNames))]
    public void Binary32IsExact(string name)
    {
        (Operation operation, _, int operands, Reference reference) = Operations[name];
        Compare(ReferenceFormat.Binary32, name, operation, operands, reference);
    }

    [Theory]
    [MemberData(nameof(OperationNames))]
    public void Binary64IsExact(string name)
    {
        (_, Operation operation, int operands, Reference reference) = Operations[name];
        Compare(ReferenceFormat.Binary64, name, operation, operands, reference);
    }

    [Fact]
    public void FlagsAreOnlyEverAdded()
    {
        FloatingPointFlags flags = FloatingPointFlags.DivideByZero;
        _ = Float64.Divide(BitConverter.DoubleToUInt64Bits(1), BitConverter.DoubleToUInt64Bits(3), RoundingMode.NearestEven, ref flags);
        Assert.Equal(FloatingPointFlags.DivideByZero | FloatingPointFlags.Inexact, flags);
        _ = Float32.ToInt32(Float32.CanonicalNaN, RoundingMode.NearestEven, ref flags);
        Assert.Equal(FloatingPointFlags.DivideByZero | FloatingPointFlags.Inexact | FloatingPointFlags.Invalid, flags);
    }

    private void Compare(ReferenceFormat format, string name, Operation operation, int operandCount, Reference reference)
    {
        int seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        TestOperands operands = new(format.ExponentBits, format.FractionBits, new Random(seed));
        foreach (ulong a in operands.Corners)
        {
            foreach (ulong b in operandCount >= 2 ? operands.Corners : [0])
            {
                foreach (ulong c in operandCount >= 3 ? operands.Corners : [0])
                {
                    CompareOne(a, b, c);
                }
            }
        }

        for (int i = 0; i < RandomCases; i++)
        {
            ulong a = operands.Next(), b = operands.Next(), c = operands.Next();
            CompareOne(a, b, c);
            if (operandCount == 3)
            {
                // What the product rounds to, a few steps to either side: the sum cancels to the product's low bits.
                ulong nearProduct = ReferenceArithmetic.Multiply(format, a, b, RoundingMode.NearestEven).Bits + (c & 3) - 2;
                CompareOne(a, b, nearProduct);
                CompareOne(a, b, nearProduct ^ (1UL << (format.Width - 1)));
            }
        }

        void CompareOne(ulong a, ulong b, ulong c)
        {
            foreach (RoundingMode mode in Modes)
            {
                FloatingPointFlags flags = FloatingPointFlags.None;
                ulong bits = operation(a, b, c, mode, ref flags);
                (ulong expectedBits, FloatingPointFlags expectedFlags) = reference(format, a, b, c, mode);
                if (bits != expectedBits || flags != expectedFlags)
                {
                    Assert.Fail($"{format.Name} {name} {mode} {a:X} {b:X} {c:X}: {bits:X} {flags}, exact is {expectedBits:X} {expectedFlags}");
                }
            }
        }
    }
}
