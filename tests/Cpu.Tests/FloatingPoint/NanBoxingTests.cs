using Strata.Cpu.FloatingPoint;

namespace Strata.Cpu.Tests.FloatingPoint;

/// <summary>"D" extension, section "NaN boxing of narrower values"; "Zfhmin" extension.</summary>
public sealed class NanBoxingTests
{
    [Theory]
    [InlineData(0u, 0xFFFF_FFFF_0000_0000)]
    [InlineData(0x3F80_0000u, 0xFFFF_FFFF_3F80_0000)]
    [InlineData(0x7F80_0001u, 0xFFFF_FFFF_7F80_0001)]
    [InlineData(0xFFFF_FFFFu, 0xFFFF_FFFF_FFFF_FFFF)]
    public void Binary32IsBoxedWithOnes(uint bits, ulong register)
    {
        Assert.Equal(register, NanBoxing.Box32(bits));
        Assert.Equal(bits, NanBoxing.Unbox32(register));
    }

    [Theory]
    [InlineData(0, 0xFFFF_FFFF_FFFF_0000)]
    [InlineData(0x3C00, 0xFFFF_FFFF_FFFF_3C00)]
    [InlineData(0xFFFF, 0xFFFF_FFFF_FFFF_FFFF)]
    public void Binary16IsBoxedWithOnes(ushort bits, ulong register)
    {
        Assert.Equal(register, NanBoxing.Box16(bits));
        Assert.Equal(bits, NanBoxing.Unbox16(register));
    }

    [Fact]
    public void OneClearBitAboveMakesTheCanonicalNaN()
    {
        for (int bit = 16; bit < 64; bit++)
        {
            ulong register = ~(1UL << bit);
            Assert.Equal(0x7E00, NanBoxing.Unbox16(register));
            if (bit >= 32)
            {
                Assert.Equal(0x7FC0_0000u, NanBoxing.Unbox32(register));
            }
        }
    }
}
