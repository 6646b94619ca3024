using Strata.Guest.State;

namespace Strata.Devices.Virtio.Entropy;

/// <summary>What the entropy device remembers.</summary>
/// <param name="WindowStart">The tick at which the present window of the rate limit began.</param>
/// <param name="GivenInWindow">Bytes given since.</param>
/// <param name="BlocksGiven">Blocks taken from the seeded generator.</param>
internal record struct VirtioEntropyState(ulong WindowStart, uint GivenInWindow, ulong BlocksGiven)
{
    private const ushort Version = 1;

    public readonly void Write(StateWriter writer)
    {
        (ulong windowStart, uint givenInWindow, ulong blocksGiven) = this;
        writer.Section("entropy", Version, section =>
        {
            section.U64(windowStart);
            section.U32(givenInWindow);
            section.U64(blocksGiven);
        });
    }

    public static VirtioEntropyState Read(ref StateReader reader)
    {
        StateReader section = reader.Section("entropy", Version);
        return new VirtioEntropyState(section.U64(), section.U32(), section.U64());
    }
}
