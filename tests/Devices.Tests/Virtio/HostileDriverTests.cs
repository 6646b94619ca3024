using Strata.Devices.Tests.Fakes;

namespace Strata.Devices.Tests.Virtio;

/// <summary>Drivers that break the rules of virtio 1.3, section 2.7, one rule a case: on every queue of every device, on both buses. The device may stop until
/// it is reset, or fail the request; it may not throw, hang, write outside RAM, or be damaged.</summary>
public sealed class HostileDriverTests
{
    private const ushort Next = 1, Writable = 2, Indirect = 4;
    private const ulong Ram = VirtioRig.Ram;
    private const ulong End = VirtioRig.Ram + VirtioRig.RamSize;

    // True: the rule is one of the rings', so that any device must stop with DEVICE_NEEDS_RESET.
    private static readonly Dictionary<string, (bool Stops, Action<VirtioRig, DriverQueue> Do)> s_cases = new()
    {
        ["descriptor that follows itself"] = (true, (_, q) => Chain(q, (Ram, 16, Next, 0))),
        ["loop of two descriptors"] = (true, (_, q) => Chain(q, (Ram, 16, Next, 1), (Ram, 16, Next, 0))),
        ["chain longer than the queue"] = (true, (_, q) => Chain(q, [.. Enumerable.Range(0, 8).Select(i => (Ram, 16u, Next, (ushort)((i + 1) % 8)))])),
        ["next beyond the table"] = (true, (_, q) => Chain(q, (Ram, 16, Next, 8))),
        ["next far beyond the table"] = (true, (_, q) => Chain(q, (Ram, 16, Next, ushort.MaxValue))),
        ["head beyond the table"] = (true, (_, q) => q.MakeAvailable(8)),
        ["head far beyond the table"] = (true, (_, q) => q.MakeAvailable(ushort.MaxValue)),
        ["available index one too far"] = (true, (r, q) => r.WriteU16(q.Available + 2, 9)),
        ["available index half a round ahead"] = (true, (r, q) => r.WriteU16(q.Available + 2, 0x8000)),
        ["available index running backwards"] = (true, (r, q) => r.WriteU16(q.Available + 2, 0xffff)),
        ["readable after writable"] = (true, (_, q) => Chain(q, (Ram, 16, Next | Writable, 1), (Ram, 16, 0, 0))),
        ["indirect and next at once"] = (true, (r, q) => Chain(q, (Table(r, (Ram, 16, 0, 0)), 16, Indirect | Next, 1), (Ram, 16, 0, 0))),
        ["indirect table within an indirect table"] = (true, (r, q) => Chain(q, (Table(r, (Ram, 16, Indirect, 0)), 16, Indirect, 0))),
        ["indirect table of no bytes"] = (true, (_, q) => Chain(q, (Ram, 0, Indirect, 0))),
        ["indirect table of fifteen bytes"] = (true, (_, q) => Chain(q, (Ram, 15, Indirect, 0))),
        ["indirect table of four gigabytes"] = (true, (_, q) => Chain(q, (Ram, 0xffff_fff0, Indirect, 0))),
        ["indirect table that follows itself"] = (true, (r, q) => Chain(q, (Table(r, (Ram, 16, Next, 0)), 16, Indirect, 0))),
        ["indirect table with a next beyond it"] = (true, (r, q) => Chain(q, (Table(r, (Ram, 16, Next, 1)), 16, Indirect, 0))),
        ["indirect table at address zero"] = (true, (_, q) => Chain(q, (0, 16, Indirect, 0))),
        ["indirect table across the end of RAM"] = (true, (_, q) => Chain(q, (End - 16, 32, Indirect, 0))),
        ["indirect table across the end of addresses"] = (true, (_, q) => Chain(q, (ulong.MaxValue - 15, 32, Indirect, 0))),
        ["indirect table in the device's registers"] = (true, (_, q) => Chain(q, (VirtioRig.MmioSlot, 32, Indirect, 0))),
        ["buffers of no bytes"] = (false, (_, q) => Chain(q, (Ram, 0, Next, 1), (Ram, 0, Writable, 0))),
        ["no readable buffer"] = (false, (r, q) => Chain(q, (r.Allocate(64), 64, Writable, 0))),
        ["no writable buffer"] = (false, (r, q) => Chain(q, (r.Allocate(64), 64, 0, 0))),
        ["buffers at address zero"] = (false, (_, q) => Both(q, 0, 64)),
        ["buffers across the end of RAM"] = (false, (_, q) => Both(q, End - 8, 64)),
        ["buffers across the end of addresses"] = (false, (_, q) => Both(q, ulong.MaxValue - 8, 64)),
        ["buffers that begin below RAM"] = (false, (_, q) => Both(q, Ram - 8, 64)),
        ["buffers in the device's own registers"] = (false, (_, q) => Both(q, VirtioRig.MmioSlot + 0x70, 4)),
        ["buffers of four gigabytes"] = (false, (_, q) => Both(q, Ram, uint.MaxValue)),
        ["buffers over the rings"] = (false, (_, q) => Both(q, q.Used, 64)),
        ["buffers over the descriptor table"] = (false, (_, q) => Both(q, q.Table, 128)),
        ["request with data outside RAM and a good status"] = (false, (r, q) => Chain(q, (Zeroes(r), 16, Next, 1), (0x1000, 512, Next | Writable, 2), (r.Allocate(1), 1, Writable, 0))),
        ["request with good data and its status outside RAM"] = (false, (r, q) => Chain(q, (Zeroes(r), 16, Next, 1), (r.Allocate(512), 512, Next | Writable, 2), (0x1000, 1, Writable, 0))),
        ["request with its header split over the end of RAM"] = (false, (r, q) => Chain(q, (End - 8, 8, Next, 1), (End, 8, Next, 2), (r.Allocate(1), 1, Writable, 0))),
        ["the same chain eight times"] = (false, (r, q) => Repeat(8, () => Chain(q, (Zeroes(r), 16, Next, 1), (r.Allocate(64), 64, Writable, 0)))),
        ["thousand requests of a gigabyte"] = (false, (r, q) => Repeat(1000, () => Chain(q, (Zeroes(r), 16, Next, 1), (Ram, 1 << 30, Next | Writable, 2), (Ram, 1, Writable, 0)))),
    };

    public static TheoryData<Bus, Kind, string> Cases
    {
        get
        {
            TheoryData<Bus, Kind, string> data = [];
            foreach (Bus bus in Enum.GetValues<Bus>())
            {
                foreach (Kind kind in Enum.GetValues<Kind>())
                {
                    foreach (string name in s_cases.Keys)
                        data.Add(bus, kind, name);
                }
            }

            return data;
        }
    }

    public static TheoryData<Bus, Kind> Subjects
    {
        get
        {
            TheoryData<Bus, Kind> data = [];
            foreach (Bus bus in Enum.GetValues<Bus>())
            {
                foreach (Kind kind in Enum.GetValues<Kind>())
                    data.Add(bus, kind);
            }

            return data;
        }
    }

    private static void Chain(DriverQueue queue, params (ulong Address, uint Length, ushort Flags, ushort Next)[] descriptors)
    {
        for (int i = 0; i < descriptors.Length; i++)
            queue.Describe(i, descriptors[i].Address, descriptors[i].Length, descriptors[i].Flags, descriptors[i].Next);
        queue.MakeAvailable(0);
    }

    private static void Both(DriverQueue queue, ulong address, uint length) => Chain(queue, (address, length, Next, 1), (address, length, Writable, 0));

    private static void Repeat(int count, Action action)
    {
        for (int i = 0; i < count; i++)
            action();
    }

    private static ulong Zeroes(VirtioRig rig) => rig.Queues[0].Table + 0x1000 - (rig.Queues[0].Table % 0x1000) - 16;

    private static ulong Table(VirtioRig rig, (ulong Address, uint Length, ushort Flags, ushort Next) descriptor)
    {
        ulong table = rig.Allocate(16, 16);
        rig.Queues[0].Describe(0, descriptor.Address, descriptor.Length, descriptor.Flags, descriptor.Next, table);
        return table;
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_broken_chain_harms_nobody(Bus bus, Kind kind, string name)
    {
        using Subject subject = new(bus, kind);
        VirtioRig rig = subject.Rig;
        (bool stops, Action<VirtioRig, DriverQueue> misbehave) = s_cases[name];
        for (int queue = 0; queue < rig.Device.Identity.QueueSizes.Count; queue++)
        {
            rig.Start(queueSize: 8);
            subject.ActAsHost();
            if (kind == Kind.Console)
                OpenPorts(rig);
            misbehave(rig, rig.Queues[queue]);
            rig.Queues[queue].Notify();
            rig.Clock.Settle();
            if (stops && !(kind == Kind.Console && queue == 2))
            {
                // The control receive queue is looked at only when there is news.
                Assert.Equal(VirtioRig.NeedsReset, rig.Driver.Status & VirtioRig.NeedsReset);
                Assert.Equal(2, rig.Driver.TakeInterrupt() & 2);
                rig.Queues[queue].Notify();
                rig.Clock.Settle();
            }

            subject.CheckHealth();
        }
    }

    // A console writes to a receive queue only when the guest has opened the port.
    private static void OpenPorts(VirtioRig rig)
    {
        for (byte port = 0; port < 3; port++)
        {
            rig.Queues[3].Add([rig.Buffer([port, 0, 0, 0, 6, 0, 1, 0])], []);
            rig.Queues[3].Complete();
        }

        rig.SetUpQueueAgain(3, 8);
    }

    [Theory, MemberData(nameof(Subjects))]
    public void An_indirect_table_without_the_feature_stops_the_device(Bus bus, Kind kind)
    {
        using Subject subject = new(bus, kind);
        VirtioRig rig = subject.Rig.Start(1UL << 32);
        Chain(rig.Queues[^1], (Table(rig, (Ram, 16, 0, 0)), 16, Indirect, 0));
        rig.Queues[^1].Notify();
        rig.Clock.Settle();
        if (kind != Kind.Console)
            Assert.False(rig.IsLive);
        subject.CheckHealth();
    }

    [Theory, MemberData(nameof(Subjects))]
    public void Rings_anywhere_harm_nobody(Bus bus, Kind kind)
    {
        using Subject subject = new(bus, kind);
        VirtioRig rig = subject.Rig;
        ulong[] places = [0, Ram - 16, End - 16, End, VirtioRig.MmioSlot, 0x200_0000, ulong.MaxValue - 15, 1UL << 63, Ram];
        foreach (ulong table in places)
        {
            foreach (ulong available in places)
            {
                foreach (ulong used in places)
                {
                    rig.Start(queueSize: 8);
                    subject.ActAsHost();
                    rig.Driver.SelectQueue(0);
                    rig.Driver.ResetQueue();
                    rig.Driver.QueueSize = 8;
                    rig.Driver.SetAddresses(table, available, used);
                    rig.Driver.EnableQueue();
                    rig.Driver.Notify(0);
                    rig.Clock.Settle();
                }
            }
        }

        subject.CheckHealth();
    }

    [Theory, MemberData(nameof(Subjects))]
    public void Notifications_of_queues_that_are_not_there_are_ignored(Bus bus, Kind kind)
    {
        using Subject subject = new(bus, kind);
        VirtioRig rig = subject.Rig.Start();
        for (int queue = rig.Queues.Count; queue < 0x10000; queue += queue < 1000 ? 1 : 977)
        {
            if (bus == Bus.Mmio)
                rig.Registers.Store(0x50, (uint)queue | 0xffff_0000);
            rig.Driver.Notify((ushort)queue);
        }

        rig.Clock.Settle();
        Assert.True(rig.IsLive);
        subject.CheckHealth();
    }

    [Theory, MemberData(nameof(Subjects))]
    public void Every_register_takes_every_width_and_value(Bus bus, Kind kind)
    {
        using Subject subject = new(bus, kind);
        VirtioRig rig = subject.Rig;
        ulong[] values = [0, 1, 2, 0xff, 0x8000, 0xffff, 0x8000_0000, 0xffff_ffff, 1UL << 63, ulong.MaxValue];
        ulong size = bus == Bus.Mmio ? 0x1000UL : 0x4000;
        foreach (ulong value in values)
        {
            rig.Start(queueSize: 8);
            foreach (int width in new[] { 1, 2, 4, 8 })
            {
                for (ulong offset = 0; offset < size; offset += (ulong)width)
                {
                    rig.Registers.Read(offset, width, out _);
                    rig.Registers.Write(offset, width, value);
                }

                rig.Clock.Settle();
            }

            subject.CheckHealth();
        }
    }

    [Fact]
    public void The_configuration_space_takes_every_width_and_value()
    {
        using Subject subject = new(Bus.Pci, Kind.Block);
        PciDriver driver = (PciDriver)subject.Rig.Driver;
        foreach (uint value in new uint[] { 0, 1, 0xff, 0x8000, 0xffff, 0x8000_0000, uint.MaxValue })
        {
            foreach (int width in new[] { 1, 2, 4 })
            {
                for (ulong offset = 0; offset < 4096; offset += (ulong)width)
                {
                    driver.Configuration(offset, width);
                    driver.Configure(offset, value, width);
                }
            }
        }

        Assert.Equal(0x1042_1af4u, driver.Configuration(0));
        driver.Configure(0x20, uint.MaxValue);
        driver.Configure(0x24, uint.MaxValue);
        Assert.Equal((0xffff_c00cu, 0xffff_ffffu), (driver.Configuration(0x20), driver.Configuration(0x24)));
        driver.Configure(0x20, PciDriver.BaseAddress & 0xffff_ffff);
        driver.Configure(0x24, PciDriver.BaseAddress >> 32);
        driver.Configure(4, 6, 2);
        subject.CheckHealth();
    }

    [Fact]
    public void Section_2_7_no_more_chains_are_in_flight_than_the_queue_has_descriptors()
    {
        using Subject subject = new(Bus.Mmio, Kind.Block);
        VirtioRig rig = subject.Rig.Start(queueSize: 8);
        subject.Pool.IsOpen = false;
        for (int i = 0; i < 100; i++)
        {
            Chain(rig.Queues[0], (Zeroes(rig), 16, Next, 1), (Ram + 0x20_0000, 512, Next | Writable, 2), (Ram + 0x20_0000, 1, Writable, 0));
            rig.Queues[0].Notify();
            rig.Clock.Settle();
            Assert.Equal(i >= 8, !rig.IsLive);
        }

        Assert.Equal(8, subject.Pool.Count);
        subject.CheckHealth();
    }

    [Theory, InlineData(Kind.Block), InlineData(Kind.DeterministicBlock)]
    public void What_a_hostile_driver_makes_us_hold_is_bounded(Kind kind)
    {
        using Subject subject = new(Bus.Mmio, kind);
        VirtioRig rig = subject.Rig;
        long before = GC.GetTotalMemory(forceFullCollection: true);
        long most = 0;
        for (int round = 0; round < 5; round++)
        {
            rig.Start();
            subject.Pool.IsOpen = false;
            DriverQueue queue = rig.Queues[0];
            ulong table = rig.Allocate(1024 * 16, 16);
            queue.Describe(0, Zeroes(rig), 16, Next, 1, table);
            for (int i = 1; i < 1024; i++)
                queue.Describe(i, Ram, i < 1023 ? (uint)(512 * i) : 1u, (ushort)(Writable | (i < 1023 ? Next : 0)), (ushort)(i + 1), table);
            for (ushort i = 0; i < queue.Size; i++)
            {
                queue.Describe(i, table, 1024 * 16, Indirect);
                queue.MakeAvailable(i);
            }

            queue.Notify();
            rig.Clock.Settle();
            most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
            subject.CheckHealth();
        }

        Assert.InRange(most, 0, kind == Kind.Block ? 32 << 20 : 64 << 20);
    }
}
