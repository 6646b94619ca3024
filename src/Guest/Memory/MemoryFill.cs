namespace Strata.Guest.Memory;

/// <summary>What a hart wants to do with a page.</summary>
public enum FillAccess : byte
{
    /// <summary>Load.</summary>
    Read,

    /// <summary>Store or read-modify-write.</summary>
    Write,

    /// <summary>Instruction fetch: the page becomes code, and all write entries for it are withdrawn first.</summary>
    Fetch,
}

/// <summary>What lies at a guest-physical page.</summary>
public enum FillKind : byte
{
    /// <summary>RAM at <see cref="MemoryFill.HostAddress"/>.</summary>
    Ram,

    /// <summary>Device registers: go through <see cref="GuestMemory.Bus"/>.</summary>
    Mmio,

    /// <summary>Nothing: an access fault.</summary>
    Nothing,

    /// <summary>Not here now: leave the hart with <see cref="Processors.RunExitReason.WaitingForMemory"/> and <see cref="MemoryFill.Wait"/>.</summary>
    NotPresent,
}

/// <summary>The answer to <see cref="GuestMemory.Resolve"/>: a promise that <see cref="Revocations"/> takes back.</summary>
/// <param name="Kind">What is there.</param>
/// <param name="HostAddress">Of the first byte of the 4 KiB page, for RAM.</param>
/// <param name="MayCacheWrites">
/// A write entry may be cached. False (code page, page being logged): store through this pointer now, then call <see cref="GuestMemory.StoredTo"/>, and ask again next time.
/// </param>
/// <param name="Wait">For <see cref="FillKind.NotPresent"/>.</param>
public readonly record struct MemoryFill(FillKind Kind, nint HostAddress = 0, bool MayCacheWrites = false, MemoryWait? Wait = null);

/// <summary>What a store without a write entry means, see <see cref="GuestMemory.StoredTo"/>.</summary>
public enum StoreNotice
{
    /// <summary>Nobody wants to hear of stores to the page any more: it may have a write entry.</summary>
    Unwatched,

    /// <summary>Somebody does, and nothing follows from this one.</summary>
    Watched,

    /// <summary>What was cached, decoded or translated may not be valid any more: look anew.</summary>
    Changed,
}
