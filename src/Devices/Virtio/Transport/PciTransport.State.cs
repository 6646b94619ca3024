using Strata.Guest.State;

namespace Strata.Devices.Virtio.Transport;

/// <summary>What the PCI transport remembers: its selectors.</summary>
internal record struct PciTransportState(uint DeviceFeatureSelect, uint DriverFeatureSelect, ushort QueueSelect)
{
    public readonly void Write(StateWriter writer)
    {
        (uint deviceFeatureSelect, uint driverFeatureSelect, ushort queueSelect) = this;
        writer.U32(deviceFeatureSelect);
        writer.U32(driverFeatureSelect);
        writer.U16(queueSelect);
    }

    public static PciTransportState Read(ref StateReader reader) => new(reader.U32(), reader.U32(), reader.U16());
}
