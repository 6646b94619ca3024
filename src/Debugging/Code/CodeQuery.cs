namespace Strata.Debugging.Code;

/// <summary>Which blocks are wanted.</summary>
public sealed record CodeQuery
{
    /// <summary>Those that hold the instruction at this address: virtual, as hart 0 sees it now, or physical if that maps nothing.</summary>
    public ulong? Address { get; init; }

    /// <summary>Those that hold code of this symbol.</summary>
    public string? Symbol { get; init; }

    /// <summary>All of the page, not only those that hold the address.</summary>
    public bool WholePage { get; init; }
}

/// <summary>Blocks, and what is needed to read them.</summary>
/// <param name="Registers">Which register of the host holds which of the guest's.</param>
/// <param name="Blocks">The blocks, by address.</param>
public sealed record CodeReport(IReadOnlyList<(string Host, string Guest)> Registers, IReadOnlyList<BlockListing> Blocks);
