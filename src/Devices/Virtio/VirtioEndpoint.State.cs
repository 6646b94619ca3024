using Strata.Guest.State;

namespace Strata.Devices.Virtio;

/// <summary>What a virtio device's endpoint remembers, next to its queues.</summary>
/// <param name="Status">The device status field.</param>
/// <param name="DriverFeatures">What the driver has accepted.</param>
/// <param name="InterruptStatus">Reasons of the interrupt that the driver has not acknowledged.</param>
/// <param name="ConfigurationGeneration">Counts changes of the configuration space.</param>
/// <param name="Pending">Queues to look at.</param>
internal record struct VirtioEndpointState(byte Status, ulong DriverFeatures, byte InterruptStatus, byte ConfigurationGeneration, bool[] Pending)
{
    public static VirtioEndpointState AtReset(int queueCount) => new(0, 0, 0, 0, new bool[queueCount]);

    public readonly void Write(StateWriter writer)
    {
        (byte status, ulong driverFeatures, byte interruptStatus, byte configurationGeneration, bool[] pending) = this;
        writer.U8(status);
        writer.U64(driverFeatures);
        writer.U8(interruptStatus);
        writer.U8(configurationGeneration);
        foreach (bool queue in pending)
            writer.Bool(queue);
    }

    public static VirtioEndpointState Read(ref StateReader reader, int queueCount)
    {
        VirtioEndpointState state = new(reader.U8(), reader.U64(), reader.U8(), reader.U8(), new bool[queueCount]);
        for (int queue = 0; queue < queueCount; queue++)
            state.Pending[queue] = reader.Bool();
        return state;
    }
}
