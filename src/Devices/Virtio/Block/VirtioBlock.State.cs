using Strata.Guest.State;

namespace Strata.Devices.Virtio.Block;

/// <summary>A request that the host has not finished: it is issued again from here.</summary>
/// <param name="Head">Its chain.</param>
/// <param name="DoneBytes">What of its data has been transferred.</param>
/// <param name="DueTicks">When the part in flight is due by the model.</param>
internal readonly record struct BlockRequestState(ushort Head, ulong DoneBytes, ulong DueTicks);

/// <summary>What the block device remembers: nothing but requests in flight. The data is the disk's.</summary>
/// <param name="InFlight">In the order in which they were begun.</param>
internal record struct VirtioBlockState(IReadOnlyList<BlockRequestState> InFlight)
{
    private const ushort Version = 1;

    public readonly void Write(StateWriter writer)
    {
        IReadOnlyList<BlockRequestState> inFlight = InFlight;
        writer.Section("block", Version, section =>
        {
            section.U16((ushort)inFlight.Count);
            foreach ((ushort head, ulong doneBytes, ulong dueTicks) in inFlight)
            {
                section.U16(head);
                section.U64(doneBytes);
                section.U64(dueTicks);
            }
        });
    }

    public static VirtioBlockState Read(ref StateReader reader, int maxInFlight)
    {
        StateReader section = reader.Section("block", Version);
        ushort count = section.U16();
        if (count > maxInFlight)
            throw new InvalidStateException($"saved disk has {count} requests in flight, more than its queue can hold");
        BlockRequestState[] inFlight = new BlockRequestState[count];
        for (int i = 0; i < count; i++)
            inFlight[i] = new BlockRequestState(section.U16(), section.U64(), section.U64());
        return new VirtioBlockState(inFlight);
    }
}
