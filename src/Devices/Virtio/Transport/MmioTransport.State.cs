using Strata.Guest.State;

namespace Strata.Devices.Virtio.Transport;

/// <summary>What the MMIO transport remembers: its selectors.</summary>
internal record struct MmioTransportState(uint DeviceFeaturesSelect, uint DriverFeaturesSelect, uint QueueSelect)
{
    public readonly void Write(StateWriter writer)
    {
        (uint deviceFeaturesSelect, uint driverFeaturesSelect, uint queueSelect) = this;
        writer.U32(deviceFeaturesSelect);
        writer.U32(driverFeaturesSelect);
        writer.U32(queueSelect);
    }

    public static MmioTransportState Read(ref StateReader reader) => new(reader.U32(), reader.U32(), reader.U32());
}
