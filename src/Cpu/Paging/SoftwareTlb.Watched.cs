namespace Strata.Cpu.Paging;

/// <content>Pages that may be stored to, but not without notice: what a walk has found, for the next store of the same hart.</content>
/// <remarks>The same promise as a write entry's, but that it does not promise silence: all of it is taken back by whatever takes back any fill.</remarks>
public unsafe partial class SoftwareTlb
{
    private const int WatchedCount = 16;

    private readonly WatchedPage[] _watched = new WatchedPage[WatchedCount];

    // What entries of _watched must have to be valid; theirs is 0 at first.
    private ulong _watchedGeneration = 1;

    private record struct WatchedPage(ulong Page, int Set, ulong Generation, ulong GuestPage, nint HostPage);

    /// <summary>Finds the place of a store that must be reported, by <see cref="Guest.Memory.GuestMemory.StoredTo"/>. It lies in one page.</summary>
    internal bool FindWatched(ulong virtualAddress, out nint host, out ulong physicalAddress)
    {
        ref WatchedPage watched = ref _watched[(int)(virtualAddress >> 12) & (WatchedCount - 1)];
        ulong offset = virtualAddress & PageOffset;
        host = watched.HostPage + (nint)offset;
        physicalAddress = watched.GuestPage + offset;
        return watched.Page == virtualAddress - offset && watched.Generation == _watchedGeneration && watched.Set == _dataSet;
    }

    /// <summary>Remembers a translation in the active set, as <see cref="Fill"/> does for a page that may be written.</summary>
    internal void FillWatched(ulong virtualAddress, ulong physicalAddress, nint hostPage)
    {
        ulong page = virtualAddress & ~PageOffset;
        _watched[(int)(page >> 12) & (WatchedCount - 1)] = new WatchedPage(page, _dataSet, _watchedGeneration, physicalAddress & ~PageOffset, hostPage);
    }

    /// <summary>Forgets all of these.</summary>
    internal void ForgetWatched() => _watchedGeneration++;
}
