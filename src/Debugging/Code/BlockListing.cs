namespace Strata.Debugging.Code;

/// <summary>A block of translated code, guest and host side by side.</summary>
public sealed record BlockListing
{
    /// <summary>The guest-physical address of its first instruction.</summary>
    public required ulong PhysicalAddress { get; init; }

    /// <summary>Where the guest executes it; null if that is not known.</summary>
    public ulong? VirtualAddress { get; init; }

    /// <summary>Its place by symbol; null if there is none.</summary>
    public string? Symbol { get; init; }

    /// <summary>Where the host executes it.</summary>
    public required ulong HostAddress { get; init; }

    /// <summary>Its instructions in order.</summary>
    public required IReadOnlyList<InstructionListing> Instructions { get; init; }

    /// <summary>What is executed behind the last instruction: the way to the next block.</summary>
    public required IReadOnlyList<HostInstruction> Cold { get; init; }

    /// <summary>Host instructions without the cold code.</summary>
    public required int HostInstructions { get; init; }

    /// <summary>Bytes without the cold code.</summary>
    public required int HotBytes { get; init; }

    /// <summary>Bytes of the cold code.</summary>
    public required int ColdBytes { get; init; }

    /// <summary>Of all samples the share that fell into it; null if none were taken.</summary>
    public double? Share { get; init; }
}

/// <summary>A guest instruction and its code.</summary>
/// <param name="Address">Virtual, or physical if the virtual one is not known.</param>
/// <param name="Bits">Its two or four bytes as a number.</param>
/// <param name="Length">2 or 4.</param>
/// <param name="Text">Disassembled.</param>
/// <param name="Host">Its code.</param>
/// <param name="HostBytes">Bytes of its code.</param>
public sealed record InstructionListing(ulong Address, uint Bits, int Length, string Text, IReadOnlyList<HostInstruction> Host, int HostBytes);

/// <summary>An instruction of the host.</summary>
/// <param name="Offset">Its offset in the block.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Text">Disassembled; places of the hart's state by name.</param>
public readonly record struct HostInstruction(int Offset, int Length, string Text);
