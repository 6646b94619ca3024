using Strata.Guest.Memory;

namespace Strata.Guest.Tests.Memory;

/// <summary>Which device answers which address, and what is refused before it gets there.</summary>
public sealed class MmioBusTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(0x1000UL, 8, true)]
    [InlineData(0x10f8UL, 8, true)]
    [InlineData(0x10fcUL, 8, false)]
    [InlineData(0x10fcUL, 4, true)]
    [InlineData(0x1002UL, 4, false)]
    [InlineData(0x1001UL, 1, true)]
    [InlineData(0x1100UL, 1, false)]
    [InlineData(0xfffUL, 1, false)]
    [InlineData(ulong.MaxValue, 1, false)]
    [InlineData(0xffff_ffff_ffff_fff8UL, 8, false)]
    public void OnlyAlignedAccessesWithinTheDeviceArrive(ulong address, int size, bool arrives)
    {
        MmioBus bus = new(new Lock());
        TestDevice device = new();
        bus.Map(0x1000, 0x100, device);
        Assert.Equal(arrives, bus.Read(address, size, out ulong value));
        Assert.Equal(arrives ? address - 0x1000 : 0, value);
        Assert.Equal(arrives, bus.Write(address, size, 42));
        Assert.Equal(arrives ? (address - 0x1000, size, 42UL) : null, device.LastWrite);
    }

    [Fact]
    public void TheDeviceMayRefuse()
    {
        MmioBus bus = new(new Lock());
        bus.Map(0x1000, 0x100, new TestDevice { Refuses = true });
        Assert.False(bus.Read(0x1000, 4, out _));
        Assert.False(bus.Write(0x1000, 4, 0));
    }

    [Fact]
    public void AGuestCannotMapADeviceOverAnotherOrAroundTheAddressSpace()
    {
        MmioBus bus = new(new Lock());
        TestDevice first = new();
        TestDevice second = new();
        bus.Map(0x1000, 0x1000, first);
        Assert.Throws<InvalidOperationException>(() => bus.Map(0x1ff8, 0x10, second));
        foreach ((ulong address, ulong size) in (ReadOnlySpan<(ulong, ulong)>)[(0, 0x1001), (0x1fff, 1), (0, ulong.MaxValue), (0x800, 0x1000), (ulong.MaxValue - 0xfff, 0x2000)])
            Assert.False(bus.TryMap(address, size, second));
        Assert.True(bus.TryMap(0x2000, 0x1000, second));
        Assert.True(bus.Read(0x2008, 4, out ulong value));
        Assert.Equal(8UL, value);
        bus.Unmap(0x2000, first);
        Assert.True(bus.Read(0x2008, 4, out _));
        bus.Unmap(0x2000, second);
        Assert.False(bus.Read(0x2008, 4, out _));
    }

    [Fact]
    public void RandomMappingsEqualALinearSearch()
    {
        Random random = new(Seed.Take(output));
        MmioBus bus = new(new Lock());
        List<(ulong Base, ulong Size, TestDevice Device)> model = [];
        for (int step = 0; step < 4000; step++)
        {
            ulong address = (ulong)random.Next(64) * 0x800;
            ulong size = (ulong)random.Next(1, 24) * 0x100;
            if (random.Next(3) == 0 && model.Count > 0)
            {
                (ulong gone, _, TestDevice device) = model[random.Next(model.Count)];
                bus.Unmap(gone, device);
                model.RemoveAll(entry => entry.Base == gone);
            }
            else
            {
                TestDevice device = new();
                bool free = !model.Exists(entry => address < entry.Base + entry.Size && entry.Base < address + size);
                Assert.Equal(free, bus.TryMap(address, size, device));
                if (free)
                    model.Add((address, size, device));
            }

            ulong probe = (ulong)random.Next(0x20000) & ~7UL;
            int index = model.FindIndex(entry => probe >= entry.Base && probe + 8 <= entry.Base + entry.Size);
            Assert.Equal(index >= 0, bus.Read(probe, 8, out ulong value));
            Assert.Equal(index >= 0 ? probe - model[index].Base : 0, value);
            ulong page = probe & ~0xfffUL;
            Assert.Equal(model.Exists(entry => entry.Base < page + 0x1000 && page < entry.Base + entry.Size), bus.IsDevicePage(page));
        }
    }
}
