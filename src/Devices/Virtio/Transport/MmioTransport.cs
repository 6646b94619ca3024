// Virtio 1.3, section 4.2 (virtio over MMIO), register layout version 2.
using Strata.Guest.Interrupts;
using Strata.Guest.Memory;
using Strata.Guest.State;

namespace Strata.Devices.Virtio.Transport;

/// <summary>One virtio-mmio slot of the board, with a device behind it or none.</summary>
public sealed partial class MmioTransport : IMmioDevice, IStateful
{
    private const ushort StateVersion = 1;

    // Wiring.
    private readonly VirtioEndpoint? _endpoint;

    // State, under the device lock.
    private MmioTransportState _state;

    /// <summary>Makes a slot.</summary>
    /// <param name="endpoint">The device's endpoint, or null for an empty slot: its device identifier reads as 0 and drivers pass on.</param>
    /// <param name="line">The slot's interrupt.</param>
    public MmioTransport(VirtioEndpoint? endpoint, IInterruptLine line)
    {
        _endpoint = endpoint;
        endpoint?.Wire(line);
    }

    /// <summary>Back to power-on.</summary>
    public void Reset()
    {
        _state = default;
        _endpoint?.Reset();
    }

    /// <inheritdoc/>
    public bool Read(ulong offset, int size, out ulong value)
    {
        if (offset >= Register.Config)
            value = _endpoint?.ReadConfiguration(offset - Register.Config, size) ?? 0;
        else if (size != 4)
            value = 0; // Section 4.2.2.2: registers are accessed by aligned 32-bit words; anything else is the driver's mistake.
        else if (_endpoint is null)
            value = ReadEmptySlot(offset);
        else
            value = ReadRegister(_endpoint, offset);
        return true;
    }

    /// <inheritdoc/>
    public bool Write(ulong offset, int size, ulong value)
    {
        // No device of ours has a writable field in its configuration space.
        if (offset < Register.Config && size == 4 && _endpoint is not null)
            WriteRegister(_endpoint, offset, (uint)value);
        return true;
    }

    /// <inheritdoc/>
    public void Save(StateWriter writer) => writer.Section("virtio-mmio", StateVersion, section =>
    {
        _state.Write(section);
        section.Bool(_endpoint is not null);
        _endpoint?.Save(section);
    });

    /// <inheritdoc/>
    public void Restore(ref StateReader reader)
    {
        StateReader section = reader.Section("virtio-mmio", StateVersion);
        _state = MmioTransportState.Read(ref section);
        if (section.Bool() != _endpoint is not null)
            throw new InvalidStateException("a saved virtio-mmio slot does not have what this machine has in it");
        _endpoint?.Restore(ref section);
    }

    private static ulong ReadEmptySlot(ulong offset) => offset switch
    {
        Register.MagicValue => Magic,
        Register.Version => RegisterLayoutVersion,
        Register.VendorId => Vendor,
        _ => 0,
    };

    private static ulong WithLow(ulong address, uint value) => (address & ~0xffff_ffffUL) | value;

    private static ulong WithHigh(ulong address, uint value) => (uint)address | ((ulong)value << 32);

    private ulong ReadRegister(VirtioEndpoint endpoint, ulong offset) => offset switch
    {
        Register.DeviceId => endpoint.Identity.DeviceId,
        Register.DeviceFeatures => endpoint.OfferedFeatures(_state.DeviceFeaturesSelect),
        Register.QueueSizeMax => endpoint.FindQueue(_state.QueueSelect)?.MaxSize ?? 0u,
        Register.QueueReady => endpoint.FindQueue(_state.QueueSelect) is { IsEnabled: true } ? 1u : 0,
        Register.InterruptStatus => endpoint.InterruptStatus,
        Register.Status => endpoint.Status,
        >= Register.ShmLenLow and <= Register.ShmBaseHigh => NoSharedMemory,
        Register.QueueReset => endpoint.FindQueue(_state.QueueSelect) is { StaleWorkCount: > 0 } ? 1u : 0,
        Register.ConfigGeneration => endpoint.ConfigurationGeneration,
        _ => ReadEmptySlot(offset),
    };

    private void WriteRegister(VirtioEndpoint endpoint, ulong offset, uint value)
    {
        switch (offset)
        {
            case Register.DeviceFeaturesSel:
                _state.DeviceFeaturesSelect = value;
                break;
            case Register.DriverFeatures:
                endpoint.AcceptFeatures(_state.DriverFeaturesSelect, value);
                break;
            case Register.DriverFeaturesSel:
                _state.DriverFeaturesSelect = value;
                break;
            case Register.QueueSel:
                _state.QueueSelect = value;
                break;
            case Register.QueueReady when value == 1:
                endpoint.EnableQueue(_state.QueueSelect);
                break;
            case Register.QueueReady when value == 0:
                endpoint.ResetQueue(_state.QueueSelect);
                break;
            case Register.QueueReset when value == 1:
                endpoint.ResetQueue(_state.QueueSelect);
                break;
            case Register.QueueNotify:
                endpoint.Notify(value);
                break;
            case Register.InterruptAck:
                endpoint.AcknowledgeInterrupt(value);
                break;
            case Register.Status:
                endpoint.WriteStatus((byte)value);
                break;
            default:
                if (endpoint.FindQueue(_state.QueueSelect) is { } queue)
                    WriteQueueRegister(queue, offset, value);
                break;
        }
    }

    private static void WriteQueueRegister(Virtqueue queue, ulong offset, uint value)
    {
        (ulong table, ulong available, ulong used) = (queue.DescriptorTable, queue.AvailableRingAddress, queue.UsedRingAddress);
        switch (offset)
        {
            case Register.QueueSize:
                queue.SetSize(value);
                break;
            case Register.QueueDescLow:
                queue.SetAddresses(WithLow(table, value), available, used);
                break;
            case Register.QueueDescHigh:
                queue.SetAddresses(WithHigh(table, value), available, used);
                break;
            case Register.QueueDriverLow:
                queue.SetAddresses(table, WithLow(available, value), used);
                break;
            case Register.QueueDriverHigh:
                queue.SetAddresses(table, WithHigh(available, value), used);
                break;
            case Register.QueueDeviceLow:
                queue.SetAddresses(table, available, WithLow(used, value));
                break;
            case Register.QueueDeviceHigh:
                queue.SetAddresses(table, available, WithHigh(used, value));
                break;
        }
    }
}
