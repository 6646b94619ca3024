using Strata.Guest.State;

namespace Strata.Devices.Interrupts;

/// <summary>What a CLINT remembers.</summary>
/// <param name="TimeDelta">What is added to the clock's ticks to give <c>mtime</c>.</param>
/// <param name="TimeCompare"><c>mtimecmp</c> of each hart.</param>
/// <param name="Software">Bit 0 of <c>msip</c> of each hart.</param>
internal record struct ClintState(ulong TimeDelta, ulong[] TimeCompare, bool[] Software)
{
    private const ushort Version = 1;

    public static ClintState AtReset(int hartCount) => new(0, new ulong[hartCount], new bool[hartCount]);

    public readonly void Write(StateWriter writer)
    {
        (ulong timeDelta, ulong[] timeCompare, bool[] software) = this;
        writer.Section("clint", Version, section =>
        {
            section.U64(timeDelta);
            section.U16((ushort)timeCompare.Length);
            for (int hart = 0; hart < timeCompare.Length; hart++)
            {
                section.U64(timeCompare[hart]);
                section.Bool(software[hart]);
            }
        });
    }

    public static ClintState Read(ref StateReader reader, int hartCount)
    {
        StateReader section = reader.Section("clint", Version);
        ulong timeDelta = section.U64();
        ushort savedHarts = section.U16();
        if (savedHarts != hartCount)
            throw new InvalidStateException($"saved CLINT has {savedHarts} harts, this machine {hartCount}");
        ulong[] timeCompare = new ulong[hartCount];
        bool[] software = new bool[hartCount];
        for (int hart = 0; hart < hartCount; hart++)
        {
            timeCompare[hart] = section.U64();
            software[hart] = section.Bool();
        }

        return new ClintState(timeDelta, timeCompare, software);
    }
}
