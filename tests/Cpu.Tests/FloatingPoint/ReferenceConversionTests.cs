using System.Numerics;
using Strata.Cpu.FloatingPoint;

namespace Strata.Cpu.Tests.FloatingPoint;

/// <summary>Conversions in every rounding mode against exact evaluation by big integers.</summary>
public sealed class ReferenceConversionTests(ITestOutputHelper output)
{
    private const int RandomCases = 30_000;

    private delegate ulong Conversion(ulong a, RoundingMode mode, ref FloatingPointFlags flags);

    private static readonly RoundingMode[] Modes = Enum.GetValues<RoundingMode>();

    private static readonly (string Name, ReferenceFormat From, ReferenceFormat To, Conversion Conversion)[] Formats =
    [
        ("FCVT.S.D", ReferenceFormat.Binary64, ReferenceFormat.Binary32, (a, mode, ref flags) => Float32.FromFloat64(a, mode, ref flags)),
        ("FCVT.H.D", ReferenceFormat.Binary64, ReferenceFormat.Binary16, (a, mode, ref flags) => Float16.FromFloat64(a, mode, ref flags)),
        ("FCVT.H.S", ReferenceFormat.Binary32, ReferenceFormat.Binary16, (a, mode, ref flags) => Float16.FromFloat32((uint)a, mode, ref flags)),
        ("FCVT.D.S", ReferenceFormat.Binary32, ReferenceFormat.Binary64, (a, mode, ref flags) => Float64.FromFloat32((uint)a, ref flags)),
        ("FCVT.D.H", ReferenceFormat.Binary16, ReferenceFormat.Binary64, (a, mode, ref flags) => Float64.FromFloat16((ushort)a, ref flags)),
        ("FCVT.S.H", ReferenceFormat.Binary16, ReferenceFormat.Binary32, (a, mode, ref flags) => Float32.FromFloat16((ushort)a, ref flags)),
    ];

    private static readonly (string Name, ReferenceFormat From, BigInteger Minimum, BigInteger Maximum, Conversion Conversion)[] ToIntegers =
    [
        ("FCVT.W.S", ReferenceFormat.Binary32, int.MinValue, int.MaxValue, (a, mode, ref flags) => (ulong)Float32.ToInt32((uint)a, mode, ref flags)),
        ("FCVT.WU.S", ReferenceFormat.Binary32, 0, uint.MaxValue, (a, mode, ref flags) => Float32.ToUInt32((uint)a, mode, ref flags)),
        ("FCVT.L.S", ReferenceFormat.Binary32, long.MinValue, long.MaxValue, (a, mode, ref flags) => (ulong)Float32.ToInt64((uint)a, mode, ref flags)),
        ("FCVT.LU.S", ReferenceFormat.Binary32, 0, ulong.MaxValue, (a, mode, ref flags) => Float32.ToUInt64((uint)a, mode, ref flags)),
        ("FCVT.W.D", ReferenceFormat.Binary64, int.MinValue, int.MaxValue, (a, mode, ref flags) => (ulong)Float64.ToInt32(a, mode, ref flags)),
        ("FCVT.WU.D", ReferenceFormat.Binary64, 0, uint.MaxValue, (a, mode, ref flags) => Float64.ToUInt32(a, mode, ref flags)),
        ("FCVT.L.D", ReferenceFormat.Binary64, long.MinValue, long.MaxValue, (a, mode, ref flags) => (ulong)Float64.ToInt64(a, mode, ref flags)),
        ("FCVT.LU.D", ReferenceFormat.Binary64, 0, ulong.MaxValue, (a, mode, ref flags) => Float64.ToUInt64(a, mode, ref flags)),
    ];

    /// <summary>The third column says which integers a register's content stands for.</summary>
    private static readonly (string Name, ReferenceFormat To, Func<ulong, BigInteger> Meaning, Conversion Conversion)[] FromIntegers =
    [
        ("FCVT.S.W", ReferenceFormat.Binary32, a => (int)a, (a, mode, ref flags) => Float32.FromInt32((int)a, mode, ref flags)),
        ("FCVT.S.WU", ReferenceFormat.Binary32, a => (uint)a, (a, mode, ref flags) => Float32.FromUInt32((uint)a, mode, ref flags)),
        ("FCVT.S.L", ReferenceFormat.Binary32, a => (long)a, (a, mode, ref flags) => Float32.FromInt64((long)a, mode, ref flags)),
        ("FCVT.S.LU", ReferenceFormat.Binary32, a => a, (a, mode, ref flags) => Float32.FromUInt64(a, mode, ref flags)),
        ("FCVT.D.W", ReferenceFormat.Binary64, a => (int)a, (a, mode, ref flags) => Float64.FromInt32((int)a)),
        ("FCVT.D.WU", ReferenceFormat.Binary64, a => (uint)a, (a, mode, ref flags) => Float64.FromUInt32((uint)a)),
        ("FCVT.D.L", ReferenceFormat.Binary64, a => (long)a, (a, mode, ref flags) => Float64.FromInt64((long)a, mode, ref flags)),
        ("FCVT.D.LU", ReferenceFormat.Binary64, a => a, (a, mode, ref flags) => Float64.FromUInt64(a, mode, ref flags)),
    ];

    public static TheoryData<string> FormatNames => [.. Formats.Select(row => row.Name)];

    public static TheoryData<string> ToIntegerNames => [.. ToIntegers.Select(row => row.Name)];

    public static TheoryData<string> FromIntegerNames => [.. FromIntegers.Select(row => row.Name)];

    [Theory]
    [MemberData(nameof(FormatNames))]
    public void FormatsConvertExactly(string name)
    {
        (_, ReferenceFormat from, ReferenceFormat to, Conversion conversion) = Formats.Single(row => row.Name == name);
        Random random = Seeded();
        TestOperands operands = new(from.ExponentBits, from.FractionBits, random);
        foreach (ulong a in operands.Corners.Concat(RandomOperands(operands)).Concat(NearTheRangeOf(from, to, random)))
        {
            Compare(name, a, conversion, mode => ReferenceArithmetic.Convert(from, to, a, mode));
        }
    }

    [Theory]
    [MemberData(nameof(ToIntegerNames))]
    public void IntegersResultExactly(string name)
    {
        (_, ReferenceFormat from, BigInteger minimum, BigInteger maximum, Conversion conversion) = ToIntegers.Single(row => row.Name == name);
        TestOperands operands = new(from.ExponentBits, from.FractionBits, Seeded());
        foreach (ulong a in operands.Corners.Concat(RandomOperands(operands)).Concat(NearTheLimits(from)))
        {
            Compare(name, a, conversion, mode =>
            {
                (BigInteger integer, FloatingPointFlags flags) = ReferenceArithmetic.ToInteger(from, a, minimum, maximum, mode);
                return ((ulong)(integer & ulong.MaxValue), flags);
            });
        }
    }

    [Theory]
    [MemberData(nameof(FromIntegerNames))]
    public void IntegersConvertExactly(string name)
    {
        (_, ReferenceFormat to, Func<ulong, BigInteger> meaning, Conversion conversion) = FromIntegers.Single(row => row.Name == name);
        Random random = Seeded();
        ulong[] limits = [0, 1, int.MaxValue, 1UL << 31, uint.MaxValue, 1UL << 32, long.MaxValue, 1UL << 63, ulong.MaxValue, 1UL << 24, 1UL << 53];
        IEnumerable<ulong> near = limits.SelectMany(limit => Enumerable.Range(-3, 7).Select(delta => limit + (ulong)delta));
        IEnumerable<ulong> any = Enumerable.Range(0, RandomCases).Select(_ => Sparse(random));
        foreach (ulong a in near.Concat(any))
        {
            Compare(name, a, conversion, mode => ReferenceArithmetic.FromInteger(to, meaning(a), mode));
        }
    }

    private static void Compare(string name, ulong a, Conversion conversion, Func<RoundingMode, (ulong Bits, FloatingPointFlags Flags)> reference)
    {
        foreach (RoundingMode mode in Modes)
        {
            FloatingPointFlags flags = FloatingPointFlags.None;
            ulong bits = conversion(a, mode, ref flags);
            (ulong expectedBits, FloatingPointFlags expectedFlags) = reference(mode);
            if (bits != expectedBits || flags != expectedFlags)
            {
                Assert.Fail($"{name} {mode} {a:X}: {bits:X} {flags}, exact is {expectedBits:X} {expectedFlags}");
            }
        }
    }

    private static IEnumerable<ulong> RandomOperands(TestOperands operands) => Enumerable.Range(0, RandomCases).Select(_ => operands.Next());

    /// <summary>Any length, and often a run of zeros or ones at the end, for ties.</summary>
    private static ulong Sparse(Random random)
    {
        ulong any = (ulong)random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
        ulong low = (1UL << random.Next(63)) - 1;
        ulong signed = random.Next(4) == 0 ? 0 - any : any;
        return random.Next(3) switch { 0 => signed & ~low, 1 => signed | low, _ => signed };
    }

    /// <summary>The integers' limits and their quarters' neighbourhood, and all numbers within ten steps of these.</summary>
    private static IEnumerable<ulong> NearTheLimits(ReferenceFormat format)
    {
        foreach (int exponent in (int[])[-1, 0, 1, 2, 3, 31, 32, 33, 52, 53, 62, 63, 64, 65])
        {
            for (int quarter = -10; quarter <= 10; quarter++)
            {
                Exact value = new((BigInteger.One << (exponent + 2)) + quarter, 1, -2);
                ulong bits = value.IsZero ? 0 : ReferenceRounding.ToFormat(format, value, RoundingMode.TowardZero).Bits;
                for (ulong step = 0; step <= 20; step++)
                {
                    ulong near = bits + step - 10;
                    yield return near;
                    yield return near ^ (1UL << (format.Width - 1));
                }
            }
        }
    }

    /// <summary>Numbers around the smallest and the largest of a narrower format, with ties among them.</summary>
    private static IEnumerable<ulong> NearTheRangeOf(ReferenceFormat from, ReferenceFormat to, Random random)
    {
        int excess = from.FractionBits - to.FractionBits;
        if (excess <= 0)
        {
            yield break;
        }

        int[] exponents = [.. Enumerable.Range(to.MinimumExponent - to.FractionBits - 3, to.FractionBits + 6), to.OverflowExponent - 1, to.OverflowExponent];
        foreach (int exponent in exponents)
        {
            ulong power = (ulong)(exponent - from.MinimumExponent + 1) << from.FractionBits;
            for (int i = 0; i < 500; i++)
            {
                // A whole number of the narrower format's half steps, or just beside one.
                ulong halves = (ulong)random.Next(1 << Math.Min(to.FractionBits + 1, 30)) << (excess - 1);
                ulong allOnes = random.Next(4) == 0 ? (1UL << from.FractionBits) - (1UL << (excess - 1)) : halves;
                yield return (power + allOnes + (ulong)random.Next(-1, 2)) | ((ulong)random.Next(2) << (from.Width - 1));
            }
        }
    }

    private Random Seeded()
    {
        int seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        return new Random(seed);
    }
}
