using Strata.Devices.Pci;
using Strata.Devices.Tests.Fakes;
using Strata.Devices.Virtio.Transport;
using Strata.Guest.Memory;

namespace Strata.Devices.Tests.Virtio;

public enum Bus
{
    Mmio,
    Pci,
}

/// <summary>A driver's view of a transport: what virtio 1.3, section 4 calls the same thing by two names.</summary>
internal abstract class DriverTransport
{
    public abstract byte Status { get; set; }

    public abstract ushort QueueSizeMax { get; }

    public abstract ushort QueueSize { set; }

    public abstract bool QueueEnabled { get; }

    public abstract bool QueueResetting { get; }

    public abstract byte Generation { get; }

    /// <summary>Reads the interrupt's reasons and acknowledges them.</summary>
    public abstract byte TakeInterrupt();

    public abstract ulong OfferedFeatures();

    public abstract void AcceptFeatures(ulong features);

    public abstract void SelectQueue(ushort queue);

    public abstract void SetAddresses(ulong table, ulong available, ulong used);

    public abstract void EnableQueue();

    public abstract void ResetQueue();

    public abstract void Notify(ushort queue);

    public abstract ulong ReadConfiguration(ulong offset, int size);
}

internal sealed class MmioDriver(MmioTransport slot) : DriverTransport
{
    public override byte Status { get => (byte)slot.Load(0x70); set => slot.Store(0x70, value); }

    public override ushort QueueSizeMax => (ushort)slot.Load(0x34);

    public override ushort QueueSize { set => slot.Store(0x38, value); }

    public override bool QueueEnabled => slot.Load(0x44) == 1;

    public override bool QueueResetting => slot.Load(0xc0) == 1;

    public override byte Generation => (byte)slot.Load(0xfc);

    public override byte TakeInterrupt()
    {
        byte reasons = (byte)slot.Load(0x60);
        slot.Store(0x64, reasons);
        return reasons;
    }

    public override ulong OfferedFeatures()
    {
        slot.Store(0x14, 1);
        ulong high = slot.Load(0x10);
        slot.Store(0x14, 0);
        return (high << 32) | slot.Load(0x10);
    }

    public override void AcceptFeatures(ulong features)
    {
        slot.Store(0x24, 0);
        slot.Store(0x20, (uint)features);
        slot.Store(0x24, 1);
        slot.Store(0x20, features >> 32);
    }

    public override void SelectQueue(ushort queue) => slot.Store(0x30, queue);

    public override void SetAddresses(ulong table, ulong available, ulong used)
    {
        foreach ((ulong register, ulong address) in new[] { (0x80UL, table), (0x90UL, available), (0xa0UL, used) })
        {
            slot.Store(register, (uint)address);
            slot.Store(register + 4, address >> 32);
        }
    }

    public override void EnableQueue() => slot.Store(0x44, 1);

    public override void ResetQueue() => slot.Store(0xc0, 1);

    public override void Notify(ushort queue) => slot.Store(0x50, queue);

    public override ulong ReadConfiguration(ulong offset, int size) => slot.Load(0x100 + offset, size);
}

/// <summary>Finds the structures by walking the capabilities, as a driver must, and works through the bridge's ECAM and memory window.</summary>
internal sealed class PciDriver : DriverTransport
{
    public const ulong WindowBase = 0x4_0000_0000;
    public const ulong BaseAddress = WindowBase + 0x10_0000;
    private readonly PciHost _host;
    private readonly IMmioDevice _window;
    private readonly ulong _function;
    private readonly Dictionary<byte, ulong> _structures = [];
    private readonly uint _notifyMultiplier;

    public PciDriver(PciHost host, int slot)
    {
        _host = host;
        _window = host.MemoryWindow(WindowBase);
        _function = (ulong)slot << 15;
        Configure(0x20, BaseAddress & 0xffff_ffff);
        Configure(0x24, BaseAddress >> 32);
        Configure(0x04, 0x6, 2);
        for (ulong at = Configuration(0x34, 1); at != 0; at = Configuration(at + 1, 1))
        {
            Assert.Equal(9u, Configuration(at, 1));
            _structures[(byte)Configuration(at + 3, 1)] = Configuration(at + 8);
            if (Configuration(at + 3, 1) == 2)
                _notifyMultiplier = (uint)Configuration(at + 16);
        }
    }

    public override byte Status { get => (byte)Load(0x14, 1); set => Store(0x14, value, 1); }

    public override ushort QueueSizeMax => (ushort)Load(0x18, 2);

    public override ushort QueueSize { set => Store(0x18, value, 2); }

    public override bool QueueEnabled => Load(0x1c, 2) == 1;

    public override bool QueueResetting => Load(0x3a, 2) == 1;

    public override byte Generation => (byte)Load(0x15, 1);

    public ulong Configuration(ulong register, int size = 4) => _host.Load(_function + register, size);

    public void Configure(ulong register, ulong value, int size = 4) => _host.Store(_function + register, value, size);

    public override byte TakeInterrupt() => (byte)_window.Load(Place(3, 0), 1);

    public override ulong OfferedFeatures()
    {
        Store(0, 1);
        ulong high = Load(4);
        Store(0, 0);
        return (high << 32) | Load(4);
    }

    public override void AcceptFeatures(ulong features)
    {
        Store(8, 0);
        Store(0xc, (uint)features);
        Store(8, 1);
        Store(0xc, features >> 32);
    }

    public override void SelectQueue(ushort queue) => Store(0x16, queue, 2);

    public override void SetAddresses(ulong table, ulong available, ulong used)
    {
        foreach ((ulong register, ulong address) in new[] { (0x20UL, table), (0x28UL, available), (0x30UL, used) })
        {
            Store(register, (uint)address);
            Store(register + 4, address >> 32);
        }
    }

    public override void EnableQueue() => Store(0x1c, 1, 2);

    public override void ResetQueue() => Store(0x3a, 1, 2);

    public override void Notify(ushort queue)
    {
        Store(0x16, queue, 2);
        ulong offset = Load(0x1e, 2);
        _window.Store(Place(2, offset * _notifyMultiplier), queue, 2);
    }

    public override ulong ReadConfiguration(ulong offset, int size) => _window.Load(Place(4, offset), size);

    private ulong Place(byte structure, ulong offset) => BaseAddress - WindowBase + _structures[structure] + offset;

    private ulong Load(ulong register, int size = 4) => _window.Load(Place(1, register), size);

    private void Store(ulong register, ulong value, int size = 4) => _window.Store(Place(1, register), value, size);
}
