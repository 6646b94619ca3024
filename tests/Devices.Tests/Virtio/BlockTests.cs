using System.Buffers.Binary;
using System.Text;
using Strata.Devices.Tests.Fakes;
using Strata.Devices.Virtio.Block;

namespace Strata.Devices.Tests.Virtio;

/// <summary>Virtio 1.3, section 5.2.</summary>
public sealed class BlockTests
{
    private const uint In = 0, Out = 1, Flush = 4, GetId = 8, Discard = 11, WriteZeroes = 13;
    private const byte Ok = 0, IoError = 1, Unsupported = 2;
    private const int DiskSize = 8 << 20;
    private readonly HeldPool _pool = new();

    private VirtioRig Rig(Bus bus, MemoryDisk disk, bool deterministic = false) =>
        new(bus, new VirtioBlock("disk", disk, "serial-7", _pool.Queue), new ManualClock(deterministic));

    private static byte[] Header(uint type, ulong sector)
    {
        byte[] header = new byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), sector);
        return header;
    }

    private static byte[] Range(ulong sector, uint count, uint flags)
    {
        byte[] range = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(range, sector);
        BinaryPrimitives.WriteUInt32LittleEndian(range.AsSpan(8), count);
        BinaryPrimitives.WriteUInt32LittleEndian(range.AsSpan(12), flags);
        return range;
    }

    /// <summary>Makes one request and answers its status; data goes to or comes from <paramref name="data"/>.</summary>
    private static byte Request(VirtioRig rig, uint type, ulong sector, byte[]? data = null, bool indirect = false, int pieces = 1)
    {
        (ulong, uint) header = rig.Buffer(Header(type, sector));
        (ulong Address, uint Length) status = rig.Buffer([0xaa]);
        bool isRead = type is In or GetId;
        List<(ulong Address, uint Length)> buffers = [];
        for (int i = 0; data is not null && i < pieces; i++)
        {
            byte[] piece = data[(i * (data.Length / pieces))..((i + 1) * (data.Length / pieces))];
            buffers.Add(isRead ? rig.Buffer(piece.Length) : rig.Buffer(piece));
        }

        rig.Queues[0].Add(isRead ? [header] : [header, .. buffers], isRead ? [.. buffers, status] : [status], indirect);
        (_, uint written) = rig.Queues[0].Complete();
        byte answer = rig.Read(status.Address, 1)[0];
        if (isRead && answer == Ok)
        {
            Assert.Equal((uint)data!.Length + 1, written);
            byte[] got = [.. buffers.SelectMany(b => rig.Read(b.Address, (int)b.Length))];
            got.CopyTo(data, 0);
        }

        return answer;
    }

    private static byte[] Pattern(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Section_5_2_4_the_configuration_tells_capacity_and_limits(Bus bus)
    {
        using VirtioRig rig = Rig(bus, new MemoryDisk(DiskSize));
        Assert.Equal((ulong)DiskSize / 512, rig.Driver.ReadConfiguration(0, 4) | (rig.Driver.ReadConfiguration(4, 4) << 32));
        Assert.Equal((254u, 512u, 3u, 1u), (rig.Driver.ReadConfiguration(12, 4), rig.Driver.ReadConfiguration(20, 4), rig.Driver.ReadConfiguration(24, 1), rig.Driver.ReadConfiguration(34, 2)));
        Assert.Equal(0u, rig.Driver.ReadConfiguration(60, 4));
    }

    [Theory]
    [InlineData(Bus.Mmio, false, 1), InlineData(Bus.Mmio, true, 7), InlineData(Bus.Pci, false, 7), InlineData(Bus.Pci, true, 1)]
    public void Section_5_2_6_what_is_written_is_read_back(Bus bus, bool indirect, int pieces)
    {
        MemoryDisk disk = new(DiskSize);
        using VirtioRig rig = Rig(bus, disk).Start();
        byte[] data = Pattern(7 * 4096, 1);
        Assert.Equal(Ok, Request(rig, Out, 100, data, indirect, pieces));
        Assert.Equal(data, disk.Content[(100 * 512)..((100 * 512) + data.Length)]);
        byte[] back = new byte[data.Length];
        Assert.Equal(Ok, Request(rig, In, 100, back, indirect, pieces));
        Assert.Equal(data, back);
    }

    [Theory, InlineData(false, 3), InlineData(true, 17)]
    public void Section_5_2_6_a_request_of_several_slices_is_whole(bool deterministic, int slices)
    {
        MemoryDisk disk = new(DiskSize);
        using VirtioRig rig = Rig(Bus.Mmio, disk, deterministic).Start();
        byte[] data = Pattern((2 << 20) + 512, 2);
        Assert.Equal(Ok, Request(rig, Out, 3, data, pieces: 17));
        Assert.Equal(slices, disk.Calls.Count);
        byte[] back = new byte[data.Length];
        Assert.Equal(Ok, Request(rig, In, 3, back, pieces: 17));
        Assert.Equal(data, back);
    }

    [Theory]
    [InlineData(In), InlineData(Out)]
    public void Section_5_2_6_requests_beyond_the_end_or_of_odd_length_fail(uint type)
    {
        using VirtioRig rig = Rig(Bus.Mmio, new MemoryDisk(DiskSize)).Start();
        const ulong capacity = DiskSize / 512;
        Assert.Equal(Ok, Request(rig, type, capacity - 1, new byte[512]));
        foreach ((ulong sector, int length) in new[]
        {
            (capacity, 512), (capacity - 1, 1024), (ulong.MaxValue, 512), (1UL << 55, 512), (1UL << 63, 512), (0x0080_0000_0000_0000UL, 1024), (0UL, 511), (0UL, 1),
        })
            Assert.Equal(IoError, Request(rig, type, sector, new byte[length]));
        Assert.Equal(Ok, Request(rig, type, 0, []));
        Assert.True(rig.IsLive);
    }

    [Fact]
    public void Section_5_2_6_1_a_write_without_the_flush_feature_is_written_through()
    {
        MemoryDisk disk = new(DiskSize);
        using VirtioRig rig = Rig(Bus.Mmio, disk);
        rig.Start(1UL << 32);
        Assert.Equal(Ok, Request(rig, Out, 0, new byte[512]));
        rig.Start();
        Assert.Equal(Ok, Request(rig, Out, 0, new byte[512]));
        Assert.Equal(Ok, Request(rig, Flush, 0));
        Assert.Equal(["write 0", "flush", "write 0", "flush"], disk.Calls);
    }

    [Fact]
    public void Section_5_2_6_the_serial_number_is_cut_or_padded_to_the_buffer()
    {
        using VirtioRig rig = Rig(Bus.Mmio, new MemoryDisk(DiskSize)).Start();
        byte[] serial = new byte[20];
        Assert.Equal(Ok, Request(rig, GetId, 0, serial));
        Assert.Equal("serial-7".PadRight(20, '\0'), Encoding.ASCII.GetString(serial));
        byte[] shorter = new byte[6];
        Assert.Equal(Ok, Request(rig, GetId, 0, shorter));
        Assert.Equal("serial", Encoding.ASCII.GetString(shorter));
    }

    [Fact]
    public void Section_5_2_6_discards_and_write_zeroes_name_ranges()
    {
        MemoryDisk disk = new(DiskSize);
        using VirtioRig rig = Rig(Bus.Mmio, disk).Start();
        Assert.Equal(Ok, Request(rig, Discard, 0, [.. Range(8, 16, 0), .. Range(100, 1, 0)]));
        Assert.Equal(Ok, Request(rig, WriteZeroes, 0, [.. Range(8, 16, 0), .. Range(1, 1, 1)]));
        Assert.Equal(["discard 4096 8192", "discard 51200 512", "zero 4096 8192", "discard 512 512"], disk.Calls);
    }

    [Fact]
    public void Section_5_2_6_2_ranges_that_are_not_allowed_are_refused()
    {
        MemoryDisk disk = new(DiskSize);
        using VirtioRig rig = Rig(Bus.Mmio, disk).Start();
        Assert.Equal(Unsupported, Request(rig, Discard, 0, Range(0, 8, 1)));
        Assert.Equal(Unsupported, Request(rig, WriteZeroes, 0, Range(0, 8, 2)));
        foreach (byte[] data in new byte[][]
        {
            Range(DiskSize / 512, 1, 0), Range(ulong.MaxValue, 2, 0), Range(1UL << 55, 1, 0), Range(0, uint.MaxValue, 0), Range(0, 8, 0)[..15], [],
            [.. Enumerable.Repeat(Range(0, 1, 0), 17).SelectMany(r => r)],
        })
        {
            Assert.Equal(IoError, Request(rig, Discard, 0, data));
            Assert.Equal(IoError, Request(rig, WriteZeroes, 0, data));
        }

        Assert.Empty(disk.Calls);
    }

    [Fact]
    public void Section_5_2_6_unknown_requests_are_unsupported()
    {
        using VirtioRig rig = Rig(Bus.Mmio, new MemoryDisk(DiskSize)).Start();
        foreach (uint type in new uint[] { 2, 3, 9, 10, 12, 14, uint.MaxValue })
            Assert.Equal(Unsupported, Request(rig, type, 0, new byte[512]));
    }

    [Fact]
    public void Section_5_2_5_2_a_read_only_disk_is_announced_and_never_written()
    {
        MemoryDisk disk = new(DiskSize, readOnly: true);
        using VirtioRig rig = Rig(Bus.Pci, disk).Start();
        Assert.Equal(1u << 5, rig.Driver.OfferedFeatures() & ((1 << 5) | (1 << 13) | (1 << 14)));
        Assert.Equal(IoError, Request(rig, Out, 0, new byte[512]));
        Assert.Equal(Unsupported, Request(rig, Discard, 0, Range(0, 8, 0)));
        Assert.Equal(Ok, Request(rig, In, 0, new byte[512]));
    }

    [Fact]
    public void A_failure_of_the_host_is_an_IO_error_and_no_more()
    {
        MemoryDisk disk = new(DiskSize) { Fails = true };
        using VirtioRig rig = Rig(Bus.Mmio, disk).Start();
        foreach (uint type in new[] { In, Out })
            Assert.Equal(IoError, Request(rig, type, 0, new byte[512]));
        Assert.Equal(IoError, Request(rig, Flush, 0));
        Assert.Equal("the medium is broken", ((VirtioBlock)rig.Device).LastError);
        disk.Fails = false;
        Assert.Equal(Ok, Request(rig, In, 0, new byte[512]));
    }

    [Fact]
    public void Several_requests_are_in_flight_and_end_in_any_order()
    {
        MemoryDisk disk = new(DiskSize);
        Pattern(DiskSize, 3).CopyTo(disk.Content, 0);
        using VirtioRig rig = Rig(Bus.Mmio, disk).Start();
        _pool.IsOpen = false;
        List<(ushort Head, ulong Address, ulong Sector)> requests = [];
        for (uint i = 0; i < 20; i++)
        {
            (ulong address, uint length) = rig.Buffer(512);
            ushort head = rig.Queues[0].Add([rig.Buffer(Header(In, i * 3))], [(address, length), rig.Buffer(1)]);
            requests.Add((head, address, i * 3));
        }

        rig.Queues[0].Notify();
        rig.Clock.Settle();
        Assert.Equal((20, 20), (_pool.Count, rig.Clock.WorkInFlight));
        Random random = new(4);
        List<ushort> heads = [];
        while (_pool.Count > 0)
        {
            _pool.Do(random.Next(_pool.Count));
            rig.Clock.Settle();
            heads.Add(rig.Queues[0].TakeUsed()!.Value.Head);
        }

        Assert.Equal(requests.Select(r => r.Head).Order(), heads.Order());
        foreach ((_, ulong address, ulong sector) in requests)
            Assert.Equal(disk.Content[((int)sector * 512)..(((int)sector + 1) * 512)], rig.Read(address, 512));
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Section_2_4_a_reset_is_complete_only_when_the_host_has_let_go_of_memory(Bus bus)
    {
        using VirtioRig rig = Rig(bus, new MemoryDisk(DiskSize)).Start();
        _pool.IsOpen = false;
        rig.Queues[0].Add([rig.Buffer(Header(In, 0))], [rig.Buffer(512), rig.Buffer(1)]);
        rig.Queues[0].Notify();
        rig.Clock.Settle();
        rig.Driver.Status = 0;
        Assert.NotEqual(0, rig.Driver.Status);
        rig.Clock.Settle();
        Assert.NotEqual(0, rig.Driver.Status);
        _pool.DoAll();
        rig.Clock.Settle();
        Assert.Equal(0, rig.Driver.Status);
        Assert.Equal((0, 0), (rig.Queues[0].UsedIndex, rig.Line.Rises));
        _pool.IsOpen = true;
        rig.Start();
        Assert.Equal(Ok, Request(rig, In, 0, new byte[512]));
    }

    [Fact]
    public void A_driver_that_does_not_wait_for_its_reset_is_served_after_it()
    {
        using VirtioRig rig = Rig(Bus.Mmio, new MemoryDisk(DiskSize)).Start();
        _pool.IsOpen = false;
        rig.Queues[0].Add([rig.Buffer(Header(In, 0))], [rig.Buffer(512), rig.Buffer(1)]);
        rig.Queues[0].Notify();
        rig.Clock.Settle();
        rig.Driver.Status = 0;
        foreach (byte bit in new byte[] { 1, 2 })
            rig.Driver.Status = (byte)(rig.Driver.Status | bit);
        rig.Driver.AcceptFeatures(rig.Driver.OfferedFeatures());
        rig.Driver.Status = (byte)(rig.Driver.Status | 8);
        DriverQueue queue = rig.SetUpQueue(0);
        rig.Driver.Status = (byte)(rig.Driver.Status | 4);
        (ulong address, uint length) = rig.Buffer(1);
        queue.Add([rig.Buffer(Header(Flush, 0))], [(address, length)]);
        queue.Notify();
        rig.Clock.Settle();
        Assert.Null(queue.TakeUsed());
        _pool.IsOpen = true;
        _pool.DoAll();
        rig.Clock.Settle();
        Assert.NotNull(queue.TakeUsed());
        Assert.True(rig.IsLive);
    }

    [Fact]
    public void Section_2_6_1_a_queue_reset_waits_for_the_host_as_well()
    {
        using VirtioRig rig = Rig(Bus.Pci, new MemoryDisk(DiskSize)).Start();
        _pool.IsOpen = false;
        rig.Queues[0].Add([rig.Buffer(Header(In, 0))], [rig.Buffer(512), rig.Buffer(1)]);
        rig.Queues[0].Notify();
        rig.Clock.Settle();
        rig.Driver.SelectQueue(0);
        rig.Driver.ResetQueue();
        Assert.True(rig.Driver.QueueResetting);
        _pool.DoAll();
        rig.Clock.Settle();
        Assert.False(rig.Driver.QueueResetting);
    }

    [Fact]
    public void A_deterministic_machine_sees_what_was_read_at_the_modelled_time_and_no_earlier()
    {
        MemoryDisk disk = new(DiskSize);
        byte[] content = Pattern(512, 7);
        content.CopyTo(disk.Content, 0);
        using VirtioRig rig = Rig(Bus.Mmio, disk, deterministic: true).Start();
        (ulong address, uint length) = rig.Buffer(512);
        rig.Queues[0].Add([rig.Buffer(Header(In, 0))], [(address, length), rig.Buffer(1)]);
        rig.Queues[0].Notify();
        rig.Clock.Advance(1000); // 100 µs and 512 ns: 1005 ticks from the event that took the request
        Assert.Equal(["read 0"], disk.Calls);
        Assert.Equal(new byte[512], rig.Read(address, 512));
        rig.Clock.Advance(10);
        Assert.Equal(content, rig.Read(address, 512));
        Assert.Equal(1, rig.Queues[0].UsedIndex);
    }

    [Fact]
    public void A_deterministic_machine_sees_nothing_of_a_read_that_failed()
    {
        MemoryDisk disk = new(DiskSize) { Fails = true };
        using VirtioRig rig = Rig(Bus.Mmio, disk, deterministic: true).Start();
        (ulong address, uint length) = rig.Buffer([1, .. new byte[511]]);
        (ulong status, uint one) = rig.Buffer(1);
        rig.Queues[0].Add([rig.Buffer(Header(In, 0))], [(address, length), (status, one)]);
        rig.Queues[0].Complete();
        Assert.Equal((byte[])[1, .. new byte[511]], rig.Read(address, 512));
        Assert.Equal(IoError, rig.Read(status, 1)[0]);
    }

    [Fact]
    public void A_deterministic_machine_writes_what_was_there_when_it_asked_and_in_the_order_in_which_it_asked()
    {
        MemoryDisk disk = new(DiskSize);
        using VirtioRig rig = Rig(Bus.Mmio, disk, deterministic: true).Start();
        _pool.IsOpen = false;
        (ulong first, uint length) = rig.Buffer(Pattern(512, 8));
        (ulong back, _) = rig.Buffer(512);
        rig.Queues[0].Add([rig.Buffer(Header(Out, 9)), (first, length)], [rig.Buffer(1)]);
        rig.Queues[0].Add([rig.Buffer(Header(In, 9))], [(back, length), rig.Buffer(1)]);
        rig.Queues[0].Add([rig.Buffer(Header(Out, 9)), rig.Buffer(Pattern(512, 9))], [rig.Buffer(1)]);
        rig.Queues[0].Notify();
        rig.Clock.Advance(1);
        rig.Write(first, Pattern(512, 10));
        Assert.Equal(1, _pool.Count);
        _pool.DoAll();
        rig.Clock.Settle();
        Assert.Equal(["write 4608", "read 4608", "write 4608"], disk.Calls);
        Assert.Equal(Pattern(512, 8), rig.Read(back, 512));
        Assert.Equal(Pattern(512, 9), disk.Content[4608..5120]);
    }

    [Theory]
    [InlineData(Bus.Mmio, 2, false), InlineData(Bus.Pci, 2, false), InlineData(Bus.Mmio, 5, false), InlineData(Bus.Mmio, 2, true), InlineData(Bus.Pci, 5, true)]
    public void Pages_that_are_absent_at_any_look_change_nothing(Bus bus, int rate, bool deterministic)
    {
        MemoryDisk disk = new(DiskSize);
        using VirtioRig rig = Rig(bus, disk, deterministic).Start();
        rig.MakePagesAbsent(seed: 5, rate);
        for (int i = 0; i < 10; i++)
        {
            byte[] data = Pattern(80 * 512, i);
            Assert.Equal(Ok, Request(rig, Out, (ulong)i * 7, data, indirect: i % 2 == 0, pieces: 5));
            byte[] back = new byte[data.Length];
            Assert.Equal(Ok, Request(rig, In, (ulong)i * 7, back, indirect: i % 2 == 1, pieces: 4));
            Assert.Equal(data, back);
        }

        Assert.True(rig.Clock.WaitCount > 20);
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Save_restore_save_gives_the_same_bytes_and_issues_what_was_in_flight_again(Bus bus)
    {
        MemoryDisk disk = new(DiskSize);
        using VirtioRig rig = Rig(bus, disk).Start();
        Assert.Equal(Ok, Request(rig, Out, 1, Pattern(512, 6)));
        _pool.IsOpen = false;
        (ulong address, uint length) = rig.Buffer(512);
        rig.Queues[0].Add([rig.Buffer(Header(In, 1))], [(address, length), rig.Buffer(1)]);
        rig.Queues[0].Add([rig.Buffer(Header(Flush, 0))], [rig.Buffer(1)]);
        rig.Queues[0].Notify();
        rig.Clock.Advance(10);
        byte[] saved = rig.Transport.Saved();

        HeldPool pool = new() { IsOpen = false };
        ManualClock clock = new();
        clock.Advance(rig.Clock.Now);
        using VirtioRig other = new(bus, new VirtioBlock("disk", disk, "serial-7", pool.Queue), clock);
        other.Write(VirtioRig.Ram, rig.Read(VirtioRig.Ram, 1 << 20));
        other.Transport.RestoreFrom(saved);
        Assert.Equal(saved, other.Transport.Saved());
        other.Clock.Advance(1);
        Assert.Equal(saved, other.Transport.Saved());
        Assert.Equal(2, pool.Count);
        pool.DoAll();
        other.Clock.Settle();
        Assert.Equal(3, other.ReadU16(rig.Queues[0].Used + 2));
        Assert.Equal(Pattern(512, 6), other.Read(address, 512));
    }
}
