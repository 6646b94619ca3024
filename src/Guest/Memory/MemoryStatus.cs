namespace Strata.Guest.Memory;

/// <summary>How the door to guest memory answers.</summary>
public enum MemoryStatus : byte
{
    /// <summary>The access took place, whole.</summary>
    Done,

    /// <summary>Some of the addresses are not RAM: the guest's mistake. Nothing, or only the bytes before that address, was transferred.</summary>
    GuestError,

    /// <summary>A page is not here now. Wait for <see cref="MemoryResult.Wait"/>, then do the whole access again: it had no lasting effect.</summary>
    NotPresent,
}

/// <summary>The answer of the door: a status and, for <see cref="MemoryStatus.NotPresent"/>, what to wait for.</summary>
public readonly record struct MemoryResult(MemoryStatus Status, MemoryWait? Wait)
{
    /// <summary>The access took place.</summary>
    public static MemoryResult Done => default;

    /// <summary>The guest's mistake: an address that is not RAM.</summary>
    public static MemoryResult GuestError => new(MemoryStatus.GuestError, null);

    /// <summary>True when the access took place, whole.</summary>
    public bool IsDone => Status == MemoryStatus.Done;

    /// <summary>The page is not here; the access must be repeated after <paramref name="wait"/>.</summary>
    public static MemoryResult NotPresent(MemoryWait wait) => new(MemoryStatus.NotPresent, wait);
}
