using System.Buffers.Binary;
using Strata.Devices.Pci;
using Strata.Devices.Tests.Fakes;
using Strata.Devices.Virtio;
using Strata.Devices.Virtio.Transport;
using Strata.Guest.Memory;
using Strata.Guest.State;

namespace Strata.Devices.Tests.Virtio;

/// <summary>A virtio device on a bus, with memory, time, an interrupt and a driver.</summary>
internal sealed class VirtioRig : IDisposable
{
    public const ulong Ram = 0x8000_0000;
    public const ulong RamSize = 16 << 20;
    public const ulong MmioSlot = 0x1000_1000;
    public const ulong All = ulong.MaxValue;
    public const byte Acknowledge = 1, DriverBit = 2, DriverOk = 4, FeaturesOk = 8, NeedsReset = 0x40;
    private readonly FrameAllocator _frames = new(2 * RamSize);
    private ulong _allocated = Ram;

    public VirtioRig(Bus bus, IVirtioDevice device, ManualClock? clock = null)
    {
        Device = device;
        Clock = clock ?? new ManualClock();
        MmioBus mmio = new(new Lock());
        Memory = new GuestMemory(_frames, [new RamRange(Ram, RamSize)], mmio);
        Endpoint = new VirtioEndpoint(device, Clock, Memory);
        if (bus == Bus.Mmio)
        {
            MmioTransport slot = new(Endpoint, Line);
            mmio.Map(MmioSlot, MmioTransport.SizeBytes, slot);
            (Transport, Registers, Driver) = (slot, slot, new MmioDriver(slot));
        }
        else
        {
            PciHost host = new([new Line(), Line, new Line(), new Line()]);
            PciTransport function = new(Endpoint, host.InterruptLine(5));
            host.Add(5, function);
            (Transport, Registers, Driver) = (host, function, new PciDriver(host, 5));
        }
    }

    public IVirtioDevice Device { get; }

    public ManualClock Clock { get; }

    public Line Line { get; } = new();

    public GuestMemory Memory { get; }

    public VirtioEndpoint Endpoint { get; }

    public IStateful Transport { get; }

    public IMmioDevice Registers { get; }

    public DriverTransport Driver { get; }

    public List<DriverQueue> Queues { get; } = [];

    public bool IsLive => (Driver.Status & (DriverOk | NeedsReset)) == DriverOk;

    public void Dispose()
    {
        Memory.Dispose();
        _frames.Dispose();
    }

    /// <summary>Makes pages absent at random: at each look one in <paramref name="rate"/>, for a moment.</summary>
    public void MakePagesAbsent(int seed, int rate)
    {
        Random random = new(seed);
        Memory.Absence = (_, _) =>
        {
            if (random.Next(rate) != 0)
                return null;
            MemoryWait wait = new();
            wait.Complete();
            return wait;
        };
    }

    /// <summary>Virtio 1.3, section 3.1.1, with all queues at their largest or the given size.</summary>
    public VirtioRig Start(ulong features = All, ushort? queueSize = null)
    {
        _allocated = Ram;
        Queues.Clear();
        Driver.Status = 0;
        Assert.Equal(0, Driver.Status);
        Driver.Status = Acknowledge;
        Driver.Status = Acknowledge | DriverBit;
        Driver.AcceptFeatures(Driver.OfferedFeatures() & features);
        Driver.Status = Acknowledge | DriverBit | FeaturesOk;
        Assert.Equal(Acknowledge | DriverBit | FeaturesOk, Driver.Status);
        for (ushort queue = 0; queue < Device.Identity.QueueSizes.Count; queue++)
            Queues.Add(SetUpQueue(queue, queueSize));
        Driver.Status = Acknowledge | DriverBit | FeaturesOk | DriverOk;
        Assert.True(IsLive);
        return this;
    }

    public DriverQueue SetUpQueue(ushort index, ushort? size = null)
    {
        Driver.SelectQueue(index);
        DriverQueue queue = new(this, index, Math.Min(size ?? ushort.MaxValue, Driver.QueueSizeMax));
        Write(queue.Table, new byte[16 * queue.Size]);
        Write(queue.Available, new byte[6 + (2 * queue.Size)]);
        Write(queue.Used, new byte[6 + (8 * queue.Size)]);
        Driver.QueueSize = queue.Size;
        Driver.SetAddresses(queue.Table, queue.Available, queue.Used);
        Driver.EnableQueue();
        Assert.True(Driver.QueueEnabled);
        return queue;
    }

    /// <summary>Resets one queue and puts a new one in its place.</summary>
    public void SetUpQueueAgain(ushort index, ushort size)
    {
        Driver.SelectQueue(index);
        Driver.ResetQueue();
        Queues[index] = SetUpQueue(index, size);
    }

    /// <summary>A place in RAM that nothing else uses; each on a page of its own, so that buffers are scattered.</summary>
    public ulong Allocate(int length, int alignment = 1)
    {
        ulong address = _allocated;
        _allocated += ((ulong)length + 8191) & ~4095UL;
        Assert.True(_allocated < Ram + RamSize, "the test's memory is used up");
        return address + (ulong)(alignment % 4096 == 0 ? 0 : alignment);
    }

    public (ulong Address, uint Length) Buffer(int length) => (Allocate(length), (uint)length);

    public (ulong Address, uint Length) Buffer(ReadOnlySpan<byte> content)
    {
        ulong address = Allocate(content.Length);
        Write(address, content);
        return (address, (uint)content.Length);
    }

    public void Write(ulong address, ReadOnlySpan<byte> bytes)
    {
        while (Memory.Write(address, bytes) is { IsDone: false } result)
            Assert.Equal(MemoryStatus.NotPresent, result.Status);
    }

    public byte[] Read(ulong address, int length)
    {
        byte[] bytes = new byte[length];
        while (Memory.Read(address, bytes) is { IsDone: false } result)
            Assert.Equal(MemoryStatus.NotPresent, result.Status);
        return bytes;
    }

    public ushort ReadU16(ulong address) => BinaryPrimitives.ReadUInt16LittleEndian(Read(address, 2));

    public void WriteU16(ulong address, ushort value)
    {
        byte[] bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        Write(address, bytes);
    }
}
