namespace Strata.Guest.Memory;

/// <summary>
/// A device's registers as a range of guest-physical addresses; offsets are relative to the range's start.
/// </summary>
/// <remarks>
/// Every call is made under the machine's device lock, by the carrier of the accessing hart or by a debugger. A handler therefore never waits,
/// never blocks and never touches guest memory: it posts such work to the <see cref="Time.GuestClock"/>.
/// Accesses are naturally aligned; their size is 1, 2, 4 or 8 bytes. Accesses that are misaligned or cross the range's end
/// are refused by the bus as access faults and never arrive here.
/// </remarks>
public interface IMmioDevice
{
    /// <summary>Reads <paramref name="size"/> bytes, zero-extended, little-endian. False: the access is refused (the hart takes an access fault).</summary>
    bool Read(ulong offset, int size, out ulong value);

    /// <summary>Writes the low <paramref name="size"/> bytes of <paramref name="value"/>. False: the access is refused.</summary>
    bool Write(ulong offset, int size, ulong value);
}
