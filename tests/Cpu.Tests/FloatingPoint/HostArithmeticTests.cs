using Strata.Cpu.FloatingPoint;

namespace Strata.Cpu.Tests.FloatingPoint;

/// <summary>Results in RNE against the host's own arithmetic, which rounds the same way but shows no flags; NaNs are compared as NaNs.</summary>
public sealed class HostArithmeticTests(ITestOutputHelper output)
{
    private const int Cases = 2_000_000;

    [Fact]
    public void Binary64AgreesWithTheHost()
    {
        TestOperands operands = Operands(11, 52);
        FloatingPointFlags flags = default;
        for (int i = 0; i < Cases; i++)
        {
            ulong a = operands.Next(), b = operands.Next(), c = operands.Next();
            double x = BitConverter.UInt64BitsToDouble(a), y = BitConverter.UInt64BitsToDouble(b), z = BitConverter.UInt64BitsToDouble(c);
            Same(x + y, Float64.Add(a, b, RoundingMode.NearestEven, ref flags), "add", a, b, c);
            Same(x - y, Float64.Subtract(a, b, RoundingMode.NearestEven, ref flags), "subtract", a, b, c);
            Same(x * y, Float64.Multiply(a, b, RoundingMode.NearestEven, ref flags), "multiply", a, b, c);
            Same(x / y, Float64.Divide(a, b, RoundingMode.NearestEven, ref flags), "divide", a, b, c);
            Same(Math.Sqrt(x), Float64.SquareRoot(a, RoundingMode.NearestEven, ref flags), "square root", a, b, c);
            Same(Math.FusedMultiplyAdd(x, y, z), Float64.FusedMultiplyAdd(a, b, c, RoundingMode.NearestEven, ref flags), "fused", a, b, c);
            Same((float)x, Float32.FromFloat64(a, RoundingMode.NearestEven, ref flags), "narrow", a, b, c);
            Assert.Equal(x == y, Float64.Equal(a, b, ref flags));
            Assert.Equal(x < y, Float64.Less(a, b, ref flags));
            Assert.Equal(x <= y, Float64.LessOrEqual(a, b, ref flags));
        }
    }

    [Fact]
    public void Binary32AgreesWithTheHost()
    {
        TestOperands operands = Operands(8, 23);
        FloatingPointFlags flags = default;
        for (int i = 0; i < Cases; i++)
        {
            uint a = (uint)operands.Next(), b = (uint)operands.Next(), c = (uint)operands.Next();
            float x = BitConverter.UInt32BitsToSingle(a), y = BitConverter.UInt32BitsToSingle(b), z = BitConverter.UInt32BitsToSingle(c);
            Same(x + y, Float32.Add(a, b, RoundingMode.NearestEven, ref flags), "add", a, b, c);
            Same(x - y, Float32.Subtract(a, b, RoundingMode.NearestEven, ref flags), "subtract", a, b, c);
            Same(x * y, Float32.Multiply(a, b, RoundingMode.NearestEven, ref flags), "multiply", a, b, c);
            Same(x / y, Float32.Divide(a, b, RoundingMode.NearestEven, ref flags), "divide", a, b, c);
            Same(MathF.Sqrt(x), Float32.SquareRoot(a, RoundingMode.NearestEven, ref flags), "square root", a, b, c);
            Same(MathF.FusedMultiplyAdd(x, y, z), Float32.FusedMultiplyAdd(a, b, c, RoundingMode.NearestEven, ref flags), "fused", a, b, c);
            Same((double)x, Float64.FromFloat32(a, ref flags), "widen", a, b, c);
            Assert.Equal(x == y, Float32.Equal(a, b, ref flags));
            Assert.Equal(x < y, Float32.Less(a, b, ref flags));
            Assert.Equal(x <= y, Float32.LessOrEqual(a, b, ref flags));
        }
    }

    [Fact]
    public void EveryBinary16AgreesWithTheHost()
    {
        FloatingPointFlags flags = default;
        for (uint bits = 0; bits <= ushort.MaxValue; bits++)
        {
            Half half = BitConverter.UInt16BitsToHalf((ushort)bits);
            Same((float)half, Float32.FromFloat16((ushort)bits, ref flags), "widen to 32", bits, 0, 0);
            Same((double)half, Float64.FromFloat16((ushort)bits, ref flags), "widen to 64", bits, 0, 0);
        }
    }

    private static void Same(double expected, ulong actual, string operation, ulong a, ulong b, ulong c)
    {
        ulong bits = double.IsNaN(expected) ? Float64.CanonicalNaN : BitConverter.DoubleToUInt64Bits(expected);
        if (bits != actual)
        {
            Assert.Fail($"{operation} {a:X16} {b:X16} {c:X16}: {actual:X16}, but the host says {bits:X16}");
        }
    }

    private static void Same(float expected, uint actual, string operation, ulong a, ulong b, ulong c)
    {
        uint bits = float.IsNaN(expected) ? Float32.CanonicalNaN : BitConverter.SingleToUInt32Bits(expected);
        if (bits != actual)
        {
            Assert.Fail($"{operation} {a:X8} {b:X8} {c:X8}: {actual:X8}, but the host says {bits:X8}");
        }
    }

    private TestOperands Operands(int exponentBits, int fractionBits)
    {
        int seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        return new TestOperands(exponentBits, fractionBits, new Random(seed));
    }
}
