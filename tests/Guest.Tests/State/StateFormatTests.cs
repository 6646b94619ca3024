using Strata.Guest.State;

namespace Strata.Guest.Tests.State;

/// <summary>Saved state: what was written is read back, and damaged bytes are refused or give some other state, never anything else.</summary>
public sealed class StateFormatTests(ITestOutputHelper output)
{
    private sealed record Sample(byte A, bool B, ushort C, uint D, ulong E, byte[] F, Sample? Inner);

    [Fact]
    public void RandomStatesComeBackAndEqualStatesGiveEqualBytes()
    {
        Random random = new(Seed.Take(output));
        for (int round = 0; round < 2000; round++)
        {
            Sample sample = Make(random, 4);
            byte[] bytes = Write(sample);
            Assert.Equal(bytes, Write(sample));
            StateReader reader = new(bytes);
            Sample back = Read(ref reader);
            Assert.True(reader.IsAtEnd);
            Assert.Equal(bytes, Write(back));
        }
    }

    [Fact]
    public void TheFormatIsWhatItSays()
    {
        StateWriter writer = new();
        writer.Section("ab", 0x0203, inner =>
        {
            inner.U8(1);
            inner.Bool(true);
            inner.U16(0x1234);
            inner.U32(0x89abcdef);
            inner.U64(0x0123456789abcdef);
            inner.Bytes([7, 8]);
        });
        Assert.Equal("02616203021600000001013412EFCDAB89EFCDAB8967452301020000000708", Convert.ToHexString(writer.Written));
    }

    [Fact]
    public void EveryTruncationIsRefused()
    {
        byte[] bytes = Write(Make(new Random(Seed.Take(output)), 4));
        for (int length = 0; length < bytes.Length; length++)
            Assert.Throws<InvalidStateException>(() => ReadAll(bytes.AsSpan(0, length)));
    }

    [Fact]
    public void EveryBitFlipIsRefusedOrGivesAStateOfTheSameSize()
    {
        Random random = new(Seed.Take(output));
        int refused = 0;
        int other = 0;
        for (int round = 0; round < 30; round++)
        {
            byte[] bytes = Write(Make(random, 3));
            for (int bit = 0; bit < bytes.Length * 8; bit++)
            {
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                try
                {
                    Assert.Equal(bytes, Write(ReadAll(bytes)));
                    other++;
                }
                catch (InvalidStateException exception)
                {
                    Assert.DoesNotContain(exception.Message, character => char.IsControl(character));
                    refused++;
                }

                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            }
        }

        output.WriteLine($"{refused} refused, {other} other states");
        Assert.True(refused > 0 && other > 0);
    }

    [Fact]
    public void RandomBytesAreRefusedWithoutTakingMemory()
    {
        Random random = new(Seed.Take(output));
        byte[] bytes = new byte[200];
        long before = GC.GetAllocatedBytesForCurrentThread();
        const int Rounds = 20_000;
        for (int round = 0; round < Rounds; round++)
        {
            random.NextBytes(bytes);
            Assert.Throws<InvalidStateException>(() => ReadAll(bytes));
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / Rounds, 0, 20_000);
    }

    [Theory]
    [InlineData("other", 1, "other")]
    [InlineData("part", 2, "version 1")]
    public void AnotherSectionOrVersionIsNamed(string tag, ushort version, string expected)
    {
        StateWriter writer = new();
        writer.Section("part", 1, _ => { });
        InvalidStateException exception = Assert.Throws<InvalidStateException>(() =>
        {
            StateReader reader = new(writer.Written);
            reader.Section(tag, version);
        });
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.Contains("part", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ALengthBeyondTheEndIsRefused()
    {
        foreach (uint length in (ReadOnlySpan<uint>)[5, int.MaxValue, 0x8000_0000, uint.MaxValue])
        {
            StateWriter writer = new();
            writer.U32(length);
            writer.U32(0);
            Assert.Throws<InvalidStateException>(() =>
            {
                StateReader reader = new(writer.Written);
                reader.Bytes();
            });
        }
    }

    private static Sample Make(Random random, int depth)
    {
        byte[] bytes = new byte[random.Next(40)];
        random.NextBytes(bytes);
        return new Sample(
            (byte)random.Next(), random.Next(2) == 1, (ushort)random.Next(), (uint)random.NextInt64(), (ulong)random.NextInt64(long.MinValue, long.MaxValue), bytes,
            depth > 0 && random.Next(4) != 0 ? Make(random, depth - 1) : null);
    }

    private static byte[] Write(Sample sample)
    {
        StateWriter writer = new();
        Save(writer, sample);
        return writer.Written.ToArray();
    }

    private static void Save(StateWriter writer, Sample sample)
    {
        writer.U8(sample.A);
        writer.Bool(sample.B);
        writer.U16(sample.C);
        writer.U32(sample.D);
        writer.U64(sample.E);
        writer.Bytes(sample.F);
        writer.Bool(sample.Inner is not null);
        if (sample.Inner is { } inner)
            writer.Section("inner", 3, content => Save(content, inner));
    }

    private static Sample ReadAll(ReadOnlySpan<byte> bytes)
    {
        StateReader reader = new(bytes);
        Sample sample = Read(ref reader);
        if (!reader.IsAtEnd)
            throw new InvalidStateException("bytes are left over");
        return sample;
    }

    private static Sample Read(ref StateReader reader)
    {
        Sample sample = new(reader.U8(), reader.Bool(), reader.U16(), reader.U32(), reader.U64(), reader.Bytes().ToArray(), null);
        if (!reader.Bool())
            return sample;
        StateReader inner = reader.Section("inner", 3);
        sample = sample with { Inner = Read(ref inner) };
        return inner.IsAtEnd ? sample : throw new InvalidStateException("bytes are left over in a section");
    }
}
