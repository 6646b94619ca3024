using Strata.Devices.Tests.Fakes;
using Strata.Devices.Virtio.Entropy;

namespace Strata.Devices.Tests.Virtio;

/// <summary>Virtio 1.3, section 5.4.</summary>
public sealed class EntropyTests
{
    private static byte[] Ask(VirtioRig rig, int length)
    {
        (ulong address, uint size) = rig.Buffer(length);
        rig.Queues[0].Add([], [(address, size)]);
        (_, uint written) = rig.Queues[0].Complete();
        return rig.Read(address, (int)written);
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Section_5_4_6_buffers_are_filled_with_the_seeds_bytes(Bus bus)
    {
        using VirtioRig a = new VirtioRig(bus, new VirtioEntropy("rng", 7)).Start();
        using VirtioRig b = new VirtioRig(bus, new VirtioEntropy("rng", 7)).Start();
        using VirtioRig c = new VirtioRig(bus, new VirtioEntropy("rng", 8)).Start();
        b.MakePagesAbsent(seed: 9, rate: 2);
        byte[] first = Ask(a, 64);
        Assert.Equal(64, first.Length);
        Assert.Equal(first, Ask(b, 64));
        Assert.NotEqual(first, Ask(c, 64));
        byte[] second = Ask(a, 64);
        Assert.NotEqual(first, second);
        Assert.Equal(second, Ask(b, 64));
    }

    [Fact]
    public void Without_a_seed_the_bytes_are_the_hosts()
    {
        using VirtioRig rig = new VirtioRig(Bus.Mmio, new VirtioEntropy("rng", null)).Start();
        Assert.NotEqual(Ask(rig, 64), Ask(rig, 64));
    }

    [Fact]
    public void The_rate_is_bounded()
    {
        using VirtioRig rig = new VirtioRig(Bus.Mmio, new VirtioEntropy("rng", null)).Start();
        ulong buffer = rig.Allocate(256);
        ulong start = rig.Clock.Now;
        long given = 0;
        while (rig.Clock.Now - start < 10 * VirtioEntropy.WindowTicks)
        {
            rig.Queues[0].Add([], [(buffer, 256)]);
            rig.Queues[0].Notify();
            rig.Clock.Advance(100);
            while (rig.Queues[0].TakeUsed() is { } used)
                given += used.Written;
            Assert.True(rig.IsLive);
            if ((ushort)(rig.ReadU16(rig.Queues[0].Available + 2) - rig.Queues[0].UsedIndex) == rig.Queues[0].Size)
                rig.Clock.Advance(VirtioEntropy.WindowTicks);
        }

        Assert.InRange(given, VirtioEntropy.WindowBytes, 11 * VirtioEntropy.WindowBytes);
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Save_restore_save_gives_the_same_bytes_and_the_generator_goes_on(Bus bus)
    {
        using VirtioRig rig = new VirtioRig(bus, new VirtioEntropy("rng", 7)).Start();
        Ask(rig, 64);
        byte[] saved = rig.Transport.Saved();
        byte[] ram = rig.Read(VirtioRig.Ram, 1 << 20);
        byte[] next = Ask(rig, 64);
        using VirtioRig other = new VirtioRig(bus, new VirtioEntropy("rng", 7)).Start();
        other.Write(VirtioRig.Ram, ram);
        other.Transport.RestoreFrom(saved);
        Assert.Equal(saved, other.Transport.Saved());
        other.Queues[0].Resume();
        Assert.Equal(next, Ask(other, 64));
    }
}
