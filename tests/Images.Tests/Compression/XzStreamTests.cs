using System.Security.Cryptography;
using System.Text;
using Strata.Images.Compression;

namespace Strata.Images.Tests.Compression;

// Sections of "The .xz File Format" 1.2.1. Oracles: the machine's xz, and StoredXz written from the format's text.
public class XzStreamTests
{
    // xz -9e --check=crc64 of 40 lines "line N of a text that repeats itself" and 200 letters z.
    private const string Committed =
        "/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4AauAHtdADYaSh8IoCuxbQad7+2MoT/IOM9thS+aaJmfL/bA0qMCNuh6N3wj79PaO5udJEL5cSZpnStyrl2UvRViGGyWiRL8mmXNm4iduFAA8XT9J2kZTTYjVVmvG0COpPsTmp1CQbInaNnKc3ByOVI0+sgR37DopOeY/CjvoCEAAAAAkX+WBDWzMK4AAZcBrw0AAJZBhuOxxGf7AgAAAAAEWVo=";

    [Fact]
    public void A_committed_file_decompresses()
    {
        var expected = new StringBuilder();
        for (int i = 1; i <= 40; i++)
            expected.Append($"line {i} of a text that repeats itself\n");
        expected.Append('z', 200);
        Assert.Equal(expected.ToString(), Encoding.ASCII.GetString(Decompress(Convert.FromBase64String(Committed))));
    }

    [Theory]
    [InlineData("-0 --check=none")]
    [InlineData("-6 --check=crc32")]
    [InlineData("-9e --check=sha256")]
    [InlineData("-6 --block-size=50000 --check=crc64")]
    [InlineData("-6 -T2 --block-size=50000")]
    [InlineData("--lzma2=dict=4KiB,lc=0,lp=4,pb=4")]
    [InlineData("--lzma2=dict=64KiB,lc=4,lp=0,pb=0")]
    [InlineData("--lzma2=dict=1MiB,lc=1,lp=2,pb=1,nice=8,mf=hc4,mode=fast")]
    public void What_xz_makes_of_any_mixture_comes_back(string options)
    {
        Assert.SkipUnless(Tools.Has("xz"), "this machine has no xz");
        var random = new Random(Seed.Take());
        foreach (int size in (ReadOnlySpan<int>)[0, 1, 17, 4096, 300_000, 1_500_000])
        {
            byte[] data = Mixture(random, size);
            byte[] packed = Tools.Run("xz", data, ["-c", .. options.Split(' ')]).Output;
            Assert.Equal(SHA256.HashData(data), SHA256.HashData(Decompress(packed)));
        }
    }

    [Fact]
    public void Section_2_streams_follow_each_other_with_padding_between()
    {
        byte[] one = StoredXz.Make("abc"u8), two = StoredXz.Make("defg"u8, check: 4);
        Assert.Equal("abcdefg"u8, Decompress([.. one, 0, 0, 0, 0, .. two, 0, 0, 0, 0, 0, 0, 0, 0]));
        Assert.Throws<InvalidDataException>(() => Decompress([.. one, 0, 0, .. two]));
        Assert.Throws<InvalidDataException>(() => Decompress([.. one, 0, 0, 0]));
        Assert.Throws<InvalidDataException>(() => Decompress([.. one, 1, 2, 3, 4]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(10)]
    public void Section_3_blocks_with_and_without_their_sizes(byte check)
    {
        byte[] data = Mixture(new Random(5), 200_001);
        Assert.Equal(data, Decompress(StoredXz.Make(data, check, blockSize: 70_000, chunkSize: 1000)));
        Assert.Equal(data, Decompress(StoredXz.Make(data, check, blockSize: 70_000, chunkSize: 65536, sizes: true)));
    }

    [Theory]
    [InlineData("--delta=dist=4 --lzma2")]
    [InlineData("--x86 --lzma2")]
    public void Section_5_3_other_filters_are_refused(string options)
    {
        Assert.SkipUnless(Tools.Has("xz"), "this machine has no xz");
        byte[] packed = Tools.Run("xz", Mixture(new Random(1), 5000), ["-c", .. options.Split(' ')]).Output;
        Assert.Contains("filters", Assert.Throws<InvalidDataException>(() => Decompress(packed)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dictionary_above_the_limit_is_refused_before_it_is_allocated()
    {
        byte[] packed = StoredXz.Make("abc"u8);
        packed[12 + 4] = 40;                                    // the block header's dictionary size: 4 GiB - 1
        StoredXz.Little(StoredXz.Crc32(packed.AsSpan(12, 8)), 4).CopyTo(packed, 20);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("dictionary", Assert.Throws<InvalidDataException>(() => Decompress(packed)).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void Every_truncation_is_found()
    {
        byte[] packed = Convert.FromBase64String(Committed);
        for (int length = 0; length < packed.Length; length++)
            Assert.Throws<InvalidDataException>(() => Decompress(packed[..length]));
    }

    [Fact]
    public void Every_single_bit_flip_is_found()
    {
        foreach (byte[] packed in (byte[][])[Convert.FromBase64String(Committed), StoredXz.Make("some text"u8, 10, sizes: true)])
        {
            for (int bit = 0; bit < packed.Length * 8; bit++)
            {
                byte[] damaged = (byte[])packed.Clone();
                damaged[bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.Throws<InvalidDataException>(() => Decompress(damaged));
            }
        }
    }

    [Fact]
    public void Random_damage_is_found_without_other_exceptions()
    {
        Assert.SkipUnless(Tools.Has("xz"), "this machine has no xz");
        var random = new Random(Seed.Take());
        byte[] data = Mixture(random, 60_000);
        byte[] packed = Tools.Run("xz", data, "-c", "--check=none").Output;
        for (int round = 0; round < Seed.Rounds(1500, 100_000); round++)
        {
            byte[] damaged = (byte[])packed.Clone();
            for (int i = random.Next(1, 5); i > 0; i--)
                damaged[random.Next(24, damaged.Length)] = (byte)random.Next(256);
            try
            {
                Decompress(damaged);                            // without a check, damage may decode to something else
            }
            catch (InvalidDataException)
            {
            }
        }
    }

    [Fact]
    public void After_a_fault_nothing_more_is_read()
    {
        byte[] packed = StoredXz.Make("abc"u8);
        packed[^9] ^= 1;
        using var stream = new XzStream(new MemoryStream(packed));
        byte[] buffer = new byte[16];
        Assert.Equal(3, stream.Read(buffer));
        Assert.Throws<InvalidDataException>(() => stream.Read(buffer));
        Assert.Throws<InvalidDataException>(() => stream.Read(buffer));
    }

    private static byte[] Decompress(byte[] packed)
    {
        using var stream = new XzStream(new Dribble(packed));
        using var output = new MemoryStream();
        stream.CopyTo(output);
        return output.ToArray();
    }

    // Runs, copies from near and far, and noise.
    private static byte[] Mixture(Random random, int size)
    {
        byte[] data = new byte[size];
        for (int at = 0; at < size;)
        {
            int length = Math.Min(size - at, random.Next(1, 3000));
            Span<byte> part = data.AsSpan(at, length);
            switch (random.Next(4))
            {
                case 0:
                    part.Fill((byte)random.Next(256));
                    break;
                case 1:
                    random.NextBytes(part);
                    break;
                case 2 when at > 0:
                    for (int i = 0, from = random.Next(at); i < length; i++)
                        part[i] = data[from + i];
                    break;
                default:
                    for (int i = 0; i < length; i++)
                        part[i] = (byte)"etaoin shrdlu\n"[random.Next(14)];
                    break;
            }

            at += length;
        }

        return data;
    }

    // Gives its bytes in small and odd portions.
    private sealed class Dribble(byte[] data) : MemoryStream(data)
    {
        private int _turn;

        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, 1 + (_turn++ * 7919 % 5000))]);
    }
}
