using Strata.Guest.State;

namespace Strata.Devices.Virtio;

/// <summary>What a device remembers of one of its queues.</summary>
/// <param name="Size">Descriptors, a power of two once the queue is enabled.</param>
/// <param name="Enabled">Size and addresses are in force and frozen.</param>
/// <param name="DescriptorTable">Guest-physical address.</param>
/// <param name="AvailableRing">Guest-physical address of the driver area.</param>
/// <param name="UsedRing">Guest-physical address of the device area.</param>
/// <param name="NextAvailable">Index of the next entry of the available ring to take.</param>
/// <param name="NextUsed">Index of the next element of the used ring to write.</param>
/// <param name="SignalledUsed">NextUsed as of the last decision whether to interrupt.</param>
/// <param name="InFlight">Chains taken and not yet in the used ring.</param>
/// <param name="Owed">Chains that are finished but not yet in the used ring, and the bytes written to each.</param>
internal record struct VirtqueueState(
    ushort Size,
    bool Enabled,
    ulong DescriptorTable,
    ulong AvailableRing,
    ulong UsedRing,
    ushort NextAvailable,
    ushort NextUsed,
    ushort SignalledUsed,
    ushort InFlight,
    Queue<(ushort Head, uint Written)> Owed)
{
    public static VirtqueueState AtReset(ushort maxSize) => new(maxSize, false, 0, 0, 0, 0, 0, 0, 0, new Queue<(ushort, uint)>());

    public readonly void Write(StateWriter writer)
    {
        (ushort size, bool enabled, ulong descriptorTable, ulong availableRing, ulong usedRing, ushort nextAvailable, ushort nextUsed,
            ushort signalledUsed, ushort inFlight, Queue<(ushort Head, uint Written)> owed) = this;
        writer.U16(size);
        writer.Bool(enabled);
        writer.U64(descriptorTable);
        writer.U64(availableRing);
        writer.U64(usedRing);
        writer.U16(nextAvailable);
        writer.U16(nextUsed);
        writer.U16(signalledUsed);
        writer.U16(inFlight);
        writer.U16((ushort)owed.Count);
        foreach ((ushort head, uint written) in owed)
        {
            writer.U16(head);
            writer.U32(written);
        }
    }

    public static VirtqueueState Read(ref StateReader reader, ushort maxSize)
    {
        VirtqueueState state = new(reader.U16(), reader.Bool(), reader.U64(), reader.U64(), reader.U64(), reader.U16(), reader.U16(), reader.U16(),
            reader.U16(), new Queue<(ushort, uint)>());
        ushort owed = reader.U16();
        if (state.Size > maxSize || (state.Enabled && !ushort.IsPow2(state.Size)) || state.InFlight > state.Size || owed > state.InFlight)
            throw new InvalidStateException($"saved virtqueue of size {state.Size} with {state.InFlight} chains in flight and {owed} owed cannot be");
        for (int i = 0; i < owed; i++)
            state.Owed.Enqueue((reader.U16(), reader.U32()));
        return state;
    }
}
