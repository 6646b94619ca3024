// Virtio 1.3, section 4.1 (virtio over PCI): a non-transitional device with INTx.
using System.Buffers.Binary;
using Strata.Devices.Pci;
using Strata.Guest.Interrupts;
using Strata.Guest.Memory;
using Strata.Guest.State;

namespace Strata.Devices.Virtio.Transport;

/// <summary>A virtio device as a PCI function.</summary>
public sealed partial class PciTransport : IPciFunction, IMmioDevice
{
    private const ushort StateVersion = 1;

    // Wiring.
    private readonly VirtioEndpoint _endpoint;
    private readonly IInterruptLine _line;
    private readonly int _window;

    // State, under the device lock.
    private PciTransportState _state;

    /// <summary>Makes the function.</summary>
    /// <param name="endpoint">The device's endpoint.</param>
    /// <param name="line">INTA of its slot: <see cref="PciHost.InterruptLine"/>.</param>
    public PciTransport(VirtioEndpoint endpoint, IInterruptLine line)
    {
        _endpoint = endpoint;
        _line = line;
        VirtioIdentity identity = endpoint.Identity;
        PciIdentity function = new(VirtioVendor, (ushort)(FirstModernDeviceId + identity.DeviceId), identity.PciClass, ModernRevision, VirtioVendor, Subsystem);
        Configuration = new PciConfigurationSpace(function, hasInterrupt: true, BaseAddressNumber, RangeSizeBytes) { CommandWritten = ObeyCommand };
        AddCapability(CapabilityType.Common, CommonOffset, PartSizeBytes);
        AddCapability(CapabilityType.Interrupt, InterruptOffset, PartSizeBytes);
        AddCapability(CapabilityType.Device, DeviceOffset, PartSizeBytes);
        AddCapability(CapabilityType.Notify, NotifyOffset, PartSizeBytes, NotifyMultiplier);
        _window = AddCapability(CapabilityType.PciWindow, 0, 0, 0);
        Configuration.MakeWritable(_window + WindowBar, 1);
        Configuration.MakeWritable(_window + WindowOffset, 8);
        endpoint.Wire(new FunctionInterrupt(this));
        ObeyCommand();
    }

    /// <inheritdoc/>
    public PciConfigurationSpace Configuration { get; }

    /// <inheritdoc/>
    public IMmioDevice Registers => this;

    /// <summary>Back to power-on.</summary>
    public void Reset()
    {
        _state = default;
        _endpoint.Reset();
        Configuration.Reset();
    }

    /// <inheritdoc/>
    public uint ReadConfiguration(int offset, int size)
    {
        if (TryFindWindow(offset, size, out ulong target, out int length) && Read(target, length, out ulong value))
            return (uint)value;
        return Configuration.Read(offset, size);
    }

    /// <inheritdoc/>
    public void WriteConfiguration(int offset, int size, uint value)
    {
        if (TryFindWindow(offset, size, out ulong target, out int length))
            Write(target, length, value);
        else
            Configuration.Write(offset, size, value);
    }

    /// <summary>Reads the registers behind the base address.</summary>
    public bool Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        switch (offset & ~(PartSizeBytes - 1UL))
        {
            case CommonOffset:
                value = ReadCommon(offset - CommonOffset, size);
                break;
            case InterruptOffset when offset == InterruptOffset:
                // Section 4.1.4.5: reading acknowledges.
                value = _endpoint.InterruptStatus;
                _endpoint.AcknowledgeInterrupt((uint)value);
                break;
            case DeviceOffset:
                value = _endpoint.ReadConfiguration(offset - DeviceOffset, size);
                break;
        }

        return true;
    }

    /// <summary>Writes the registers behind the base address.</summary>
    public bool Write(ulong offset, int size, ulong value)
    {
        switch (offset & ~(PartSizeBytes - 1UL))
        {
            case CommonOffset:
                WriteCommon(offset - CommonOffset, size, value);
                break;
            case NotifyOffset:
                // Section 4.1.4.4: each queue has its address, so the value says nothing new.
                _endpoint.Notify((uint)((offset - NotifyOffset) / NotifyMultiplier));
                break;
        }

        return true;
    }

    /// <inheritdoc/>
    public void Save(StateWriter writer) => writer.Section("virtio-pci", StateVersion, section =>
    {
        _state.Write(section);
        Configuration.Save(section);
        _endpoint.Save(section);
    });

    /// <inheritdoc/>
    public void Restore(ref StateReader reader)
    {
        StateReader section = reader.Section("virtio-pci", StateVersion);
        _state = PciTransportState.Read(ref section);
        Configuration.Restore(ref section);
        _endpoint.Restore(ref section);
    }

    private int AddCapability(byte type, uint offset, uint length, uint? extra = null)
    {
        Span<byte> body = stackalloc byte[CapabilityBody + 4];
        body.Clear();
        body = body[..(extra is null ? CapabilityBody : CapabilityBody + 4)];
        body[0] = (byte)(body.Length + 2);
        body[1] = type;
        body[2] = BaseAddressNumber;
        BinaryPrimitives.WriteUInt32LittleEndian(body[6..], offset);
        BinaryPrimitives.WriteUInt32LittleEndian(body[10..], length);
        if (extra is { } value)
            BinaryPrimitives.WriteUInt32LittleEndian(body[CapabilityBody..], value);
        return Configuration.AddCapability(VendorCapability, body);
    }

    // Section 4.1.4.9: an access to the last four bytes of the capability is one to the place that its other fields name.
    private bool TryFindWindow(int offset, int size, out ulong target, out int length)
    {
        target = Configuration.Read(_window + WindowOffset, 4);
        length = (int)Configuration.Read(_window + WindowLength, 4);
        bool isData = offset >= _window + WindowData && offset + size <= _window + WindowData + 4;
        return isData && offset == _window + WindowData && size == length && length is 1 or 2 or 4
            && Configuration.Read(_window + WindowBar, 1) == BaseAddressNumber && target < RangeSizeBytes && target % (ulong)length == 0;
    }

    private void ObeyCommand()
    {
        _endpoint.MayAccessMemory = Configuration.IsBusMaster;
        _line.Set(Configuration.WantsInterrupt && Configuration.MayInterrupt);
    }

    private ulong ReadCommon(ulong offset, int size)
    {
        Virtqueue? queue = _endpoint.FindQueue(_state.QueueSelect);
        if (offset is >= Register.QueueDesc and < Register.QueueNotifyData)
            return queue is null ? 0 : ReadAddress(queue, offset, size);
        ulong value = offset switch
        {
            Register.DeviceFeatureSelect => _state.DeviceFeatureSelect,
            Register.DeviceFeature => _endpoint.OfferedFeatures(_state.DeviceFeatureSelect),
            Register.DriverFeatureSelect => _state.DriverFeatureSelect,
            Register.DriverFeature => _endpoint.AcceptedFeatures(_state.DriverFeatureSelect),
            Register.ConfigMsixVector or Register.QueueMsixVector => NoVector,
            Register.NumQueues => (uint)_endpoint.QueueCount,
            Register.DeviceStatus => _endpoint.Status,
            Register.ConfigGeneration => _endpoint.ConfigurationGeneration,
            Register.QueueSelect => _state.QueueSelect,
            Register.QueueSize => queue?.Size ?? 0u,
            Register.QueueEnable => queue is { IsEnabled: true } ? 1u : 0,
            Register.QueueNotifyOff => queue is null ? 0u : _state.QueueSelect,
            Register.QueueReset => queue is { StaleWorkCount: > 0 } ? 1u : 0,
            _ => 0, // No notification data, no administration queues; reserved.
        };
        return value & (ulong.MaxValue >> (64 - (8 * size)));
    }

    private void WriteCommon(ulong offset, int size, ulong value)
    {
        Virtqueue? queue = _endpoint.FindQueue(_state.QueueSelect);
        switch (offset)
        {
            case Register.DeviceFeatureSelect:
                _state.DeviceFeatureSelect = (uint)value;
                break;
            case Register.DriverFeatureSelect:
                _state.DriverFeatureSelect = (uint)value;
                break;
            case Register.DriverFeature:
                _endpoint.AcceptFeatures(_state.DriverFeatureSelect, (uint)value);
                break;
            case Register.DeviceStatus:
                _endpoint.WriteStatus((byte)value);
                break;
            case Register.QueueSelect:
                _state.QueueSelect = (ushort)value;
                break;
            case Register.QueueSize:
                queue?.SetSize((ushort)value);
                break;
            case Register.QueueEnable when (ushort)value == 1:
                _endpoint.EnableQueue(_state.QueueSelect);
                break;
            case Register.QueueReset when (ushort)value == 1:
                _endpoint.ResetQueue(_state.QueueSelect);
                break;
            case >= Register.QueueDesc and < Register.QueueNotifyData when queue is not null && size >= 4:
                WriteAddress(queue, offset, size, value);
                break;
        }
    }

    private static ulong ReadAddress(Virtqueue queue, ulong offset, int size)
    {
        ulong address = (offset & ~7UL) switch
        {
            Register.QueueDesc => queue.DescriptorTable,
            Register.QueueDriver => queue.AvailableRingAddress,
            _ => queue.UsedRingAddress,
        };
        return (address >> (8 * (int)(offset & 7))) & (ulong.MaxValue >> (64 - (8 * size)));
    }

    private static void WriteAddress(Virtqueue queue, ulong offset, int size, ulong value)
    {
        (ulong table, ulong available, ulong used) = (queue.DescriptorTable, queue.AvailableRingAddress, queue.UsedRingAddress);
        ref ulong address = ref used;
        switch (offset & ~7UL)
        {
            case Register.QueueDesc:
                address = ref table;
                break;
            case Register.QueueDriver:
                address = ref available;
                break;
        }

        address = size == 8 ? value : (offset & 4) == 0 ? (address & ~0xffff_ffffUL) | (uint)value : (uint)address | (value << 32);
        queue.SetAddresses(table, available, used);
    }

    private sealed class FunctionInterrupt(PciTransport transport) : IInterruptLine
    {
        public void Set(bool level)
        {
            transport.Configuration.WantsInterrupt = level;
            transport._line.Set(level && transport.Configuration.MayInterrupt);
        }
    }
}
