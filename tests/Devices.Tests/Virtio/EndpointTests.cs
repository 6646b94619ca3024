using Strata.Devices.Tests.Fakes;
using Strata.Devices.Virtio.Entropy;
using Strata.Devices.Virtio.Transport;

namespace Strata.Devices.Tests.Virtio;

/// <summary>Virtio 1.3, chapters 2 to 4: what every device does, shown with the simplest one on both buses.</summary>
public sealed class EndpointTests
{
    private const ulong Version1 = 1UL << 32;
    private const ulong EventIndex = 1UL << 29;
    private const ulong Indirect = 1UL << 28;

    private static VirtioRig Rig(Bus bus) => new(bus, new VirtioEntropy("rng", 1));

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Section_2_1_2_status_bits_are_kept_until_zero_is_written(Bus bus)
    {
        using VirtioRig rig = Rig(bus);
        rig.Driver.Status = 1;
        rig.Driver.Status = 2;
        Assert.Equal(3, rig.Driver.Status);
        rig.Driver.Status = 0;
        Assert.Equal(0, rig.Driver.Status);
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Section_2_2_features_that_were_not_offered_are_refused(Bus bus)
    {
        using VirtioRig rig = Rig(bus);
        rig.Driver.Status = 3;
        rig.Driver.AcceptFeatures(Version1 | 1);
        rig.Driver.Status = 11;
        Assert.Equal(3, rig.Driver.Status);
        rig.Driver.AcceptFeatures(Version1);
        rig.Driver.Status = 11;
        Assert.Equal(11, rig.Driver.Status);
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Section_6_2_a_legacy_driver_is_refused(Bus bus)
    {
        using VirtioRig rig = Rig(bus);
        Assert.NotEqual(0u, rig.Driver.OfferedFeatures() & Version1);
        rig.Driver.AcceptFeatures(0);
        rig.Driver.Status = 11;
        rig.Driver.Status = 15;
        Assert.Equal(3, rig.Driver.Status);
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Section_3_1_1_features_are_frozen_after_FEATURES_OK(Bus bus)
    {
        using VirtioRig rig = Rig(bus).Start(Version1);
        rig.Driver.AcceptFeatures(ulong.MaxValue);
        Assert.True(rig.IsLive);
        Assert.False(rig.Endpoint.Has(EventIndex));
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Section_2_4_reset_disables_queues_and_takes_the_interrupt_back(Bus bus)
    {
        using VirtioRig rig = Rig(bus).Start();
        rig.Queues[0].Add([], [rig.Buffer(8)]);
        rig.Queues[0].Complete();
        Assert.True(rig.Line.Level);
        rig.Driver.Status = 0;
        Assert.False(rig.Line.Level);
        rig.Driver.SelectQueue(0);
        Assert.False(rig.Driver.QueueEnabled);
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Section_2_6_1_a_queue_is_reset_alone_and_used_again(Bus bus)
    {
        using VirtioRig rig = Rig(bus).Start();
        rig.Queues[0].Add([], [rig.Buffer(8)]);
        rig.Queues[0].Complete();
        rig.Driver.SelectQueue(0);
        rig.Driver.ResetQueue();
        Assert.False(rig.Driver.QueueResetting);
        Assert.False(rig.Driver.QueueEnabled);
        DriverQueue again = rig.SetUpQueue(0, 8);
        again.Add([], [rig.Buffer(16)]);
        Assert.Equal((0, 16u), again.Complete());
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Section_2_7_8_buffers_made_available_before_DRIVER_OK_are_served_after_it(Bus bus)
    {
        using VirtioRig rig = Rig(bus);
        rig.Driver.Status = 3;
        rig.Driver.AcceptFeatures(Version1);
        rig.Driver.Status = 11;
        DriverQueue queue = rig.SetUpQueue(0);
        queue.Add([], [rig.Buffer(8)]);
        queue.Notify();
        rig.Clock.Settle();
        Assert.Null(queue.TakeUsed());
        rig.Driver.Status = 15;
        rig.Clock.Settle();
        Assert.NotNull(queue.TakeUsed());
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Section_2_7_size_and_addresses_are_frozen_once_the_queue_is_enabled(Bus bus)
    {
        using VirtioRig rig = Rig(bus).Start(queueSize: 8);
        rig.Driver.SelectQueue(0);
        rig.Driver.QueueSize = 64;
        rig.Driver.SetAddresses(VirtioRig.MmioSlot, VirtioRig.MmioSlot, VirtioRig.MmioSlot);
        Assert.Equal(8, rig.Endpoint.Queue(0).Size);
        rig.Queues[0].Add([], [rig.Buffer(8)]);
        Assert.Equal((0, 8u), rig.Queues[0].Complete());
    }

    [Theory]
    [InlineData(Bus.Mmio, 0), InlineData(Bus.Mmio, 24), InlineData(Bus.Mmio, 128), InlineData(Bus.Mmio, 65535)]
    [InlineData(Bus.Pci, 0), InlineData(Bus.Pci, 24), InlineData(Bus.Pci, 128), InlineData(Bus.Pci, 65535)]
    public void Section_2_7_a_size_that_is_no_power_of_two_or_too_large_is_not_taken(Bus bus, ushort size)
    {
        using VirtioRig rig = Rig(bus);
        rig.Driver.SelectQueue(0);
        Assert.Equal(64, rig.Driver.QueueSizeMax);
        rig.Driver.QueueSize = size;
        rig.Driver.SetAddresses(VirtioRig.Ram, VirtioRig.Ram + 0x1000, VirtioRig.Ram + 0x2000);
        rig.Driver.EnableQueue();
        Assert.Equal(size > 64, rig.Driver.QueueEnabled);
        Assert.True(rig.Endpoint.Queue(0).Size <= 64);
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Section_2_7_misaligned_rings_are_not_taken(Bus bus)
    {
        using VirtioRig rig = Rig(bus);
        rig.Driver.SelectQueue(0);
        foreach ((uint table, uint available, uint used) in new[] { (8u, 0u, 0u), (0u, 1u, 0u), (0u, 0u, 2u) })
        {
            rig.Driver.SetAddresses(VirtioRig.Ram + table, VirtioRig.Ram + 0x1000 + available, VirtioRig.Ram + 0x2000 + used);
            rig.Driver.EnableQueue();
            Assert.False(rig.Driver.QueueEnabled);
        }
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Section_2_7_7_1_without_event_index_the_flag_suppresses_interrupts(Bus bus)
    {
        using VirtioRig rig = Rig(bus).Start(Version1);
        rig.WriteU16(rig.Queues[0].Available, 1);
        rig.Queues[0].Add([], [rig.Buffer(8)]);
        rig.Queues[0].Complete();
        Assert.Equal(0, rig.Line.Rises);
        rig.WriteU16(rig.Queues[0].Available, 0);
        rig.Queues[0].Add([], [rig.Buffer(8)]);
        rig.Queues[0].Complete();
        Assert.Equal((1, 1), (rig.Line.Rises, rig.Driver.TakeInterrupt()));
        Assert.False(rig.Line.Level);
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Section_2_7_7_1_with_event_index_the_interrupt_comes_when_the_index_is_passed(Bus bus)
    {
        using VirtioRig rig = Rig(bus).Start();
        rig.WriteU16(rig.Queues[0].UsedEvent, 2);
        for (int i = 0; i < 5; i++)
        {
            rig.Queues[0].Add([], [rig.Buffer(8)]);
            rig.Queues[0].Complete();
            Assert.Equal(i >= 2 ? 1 : 0, rig.Line.Rises);
        }
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Section_2_7_7_2_with_event_index_the_device_asks_for_the_next_notification(Bus bus)
    {
        using VirtioRig rig = Rig(bus).Start();
        for (ushort i = 1; i < 4; i++)
        {
            rig.Queues[0].Add([], [rig.Buffer(8)]);
            rig.Queues[0].Complete();
            Assert.Equal(i, rig.ReadU16(rig.Queues[0].AvailableEvent));
        }
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Section_2_7_5_3_chains_may_be_indirect_or_end_in_a_table(Bus bus)
    {
        using VirtioRig rig = Rig(bus).Start();
        DriverQueue queue = rig.Queues[0];
        queue.Add([], [rig.Buffer(10), rig.Buffer(20), rig.Buffer(30)], indirect: true);
        Assert.Equal((0, 60u), queue.Complete());
        ulong table = rig.Allocate(32, 16);
        queue.Describe(5, rig.Allocate(8), 8, 1 | 2, 6);
        queue.Describe(6, table, 32, 4);
        queue.Describe(0, rig.Allocate(8), 8, 1 | 2, 1, table);
        queue.Describe(1, rig.Allocate(8), 8, 2, 0, table);
        queue.MakeAvailable(5);
        Assert.Equal((5, 24u), queue.Complete());
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Section_2_7_indices_wrap_around(Bus bus)
    {
        using VirtioRig rig = Rig(bus).Start(queueSize: 2);
        ulong buffer = rig.Allocate(1);
        for (int i = 0; i < 66_000; i++)
        {
            rig.WriteU16(rig.Queues[0].UsedEvent, (ushort)i);
            rig.Queues[0].Add([], [(buffer, 1)]);
            Assert.Equal(1u, rig.Queues[0].Complete().Written);
            Assert.Equal(1, rig.Driver.TakeInterrupt());
            rig.Clock.Advance(10_000);
        }
    }

    [Fact]
    public void Section_4_1_4_8_a_bus_master_that_is_none_does_no_DMA()
    {
        using VirtioRig rig = Rig(Bus.Pci).Start();
        PciDriver driver = (PciDriver)rig.Driver;
        driver.Configure(4, 2, 2);
        rig.Queues[0].Add([], [rig.Buffer(8)]);
        rig.Queues[0].Notify();
        rig.Clock.Settle();
        Assert.Null(rig.Queues[0].TakeUsed());
        driver.Configure(4, 6, 2);
        rig.Clock.Settle();
        Assert.NotNull(rig.Queues[0].TakeUsed());
    }

    [Fact]
    public void Section_4_1_4_5_the_interrupt_can_be_disabled_in_the_command_register()
    {
        using VirtioRig rig = Rig(Bus.Pci).Start();
        PciDriver driver = (PciDriver)rig.Driver;
        driver.Configure(4, 0x406, 2);
        rig.Queues[0].Add([], [rig.Buffer(8)]);
        rig.Queues[0].Complete();
        Assert.False(rig.Line.Level);
        Assert.Equal(8u, driver.Configuration(6, 2) & 8);
        driver.Configure(4, 0x006, 2);
        Assert.True(rig.Line.Level);
        driver.TakeInterrupt();
        Assert.False(rig.Line.Level);
        Assert.Equal(0u, driver.Configuration(6, 2) & 8);
    }

    [Fact]
    public void Section_4_1_4_9_registers_are_reached_through_the_configuration_space()
    {
        using VirtioRig rig = Rig(Bus.Pci).Start();
        PciDriver driver = (PciDriver)rig.Driver;
        ulong at = driver.Configuration(0x34, 1);
        while (driver.Configuration(at + 3, 1) != 5)
            at = driver.Configuration(at + 1, 1);
        driver.Configure(at + 4, 4, 1);
        driver.Configure(at + 8, 0x14);
        driver.Configure(at + 12, 1);
        Assert.Equal(15u, driver.Configuration(at + 16, 1));
        driver.Configure(at + 16, 0, 1);
        Assert.Equal(0, driver.Status);
        foreach ((uint offset, uint length) in new[] { (0xffff_fffcu, 4u), (0x3fffu, 2u), (0x4000u, 1u), (0u, 3u), (0u, 0u) })
        {
            driver.Configure(at + 8, offset);
            driver.Configure(at + 12, length);
            for (ulong i = 16; i < 20; i++)
                driver.Configure(at + i, driver.Configuration(at + i, 1), 1);
        }
    }

    [Fact]
    public void Section_4_2_3_an_empty_slot_has_device_identifier_zero()
    {
        MmioTransport slot = new(null, new Line());
        Assert.Equal((0x7472_6976u, 2u, 0u), (slot.Load(0), slot.Load(4), slot.Load(8)));
        for (ulong offset = 0; offset < MmioTransport.SizeBytes; offset += 4)
        {
            slot.Store(offset, 0xffff_ffff);
            slot.Load(offset);
        }

        MmioTransport other = new(null, new Line());
        other.RestoreFrom(slot.Saved());
        Assert.Equal(slot.Saved(), other.Saved());
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Register_accesses_allocate_nothing(Bus bus)
    {
        using VirtioRig rig = Rig(bus).Start();
        Assert.Equal(0, Registers.AllocatedBy(() =>
        {
            for (ulong offset = 0; offset < 0x200; offset += 4)
                rig.Registers.Read(offset, 4, out _);
            rig.Driver.Notify(0);
            rig.Driver.TakeInterrupt();
        }));
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Serving_a_chain_allocates_nothing(Bus bus)
    {
        using VirtioRig rig = Rig(bus).Start(Version1 | Indirect | EventIndex);
        ulong buffer = rig.Allocate(1);
        Func<long> allocated = () => GC.GetAllocatedBytesForCurrentThread();
        long total = 0;
        for (int i = 0; i < 300; i++)
        {
            rig.Queues[0].Add([], [(buffer, 1)]);
            rig.Queues[0].Notify();
            long before = allocated();
            rig.Clock.Advance(1);
            if (i >= 100)
                total += allocated() - before;
            rig.Clock.Advance(10_000);
        }

        Assert.Equal(0, total);
    }
}
