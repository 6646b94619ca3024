namespace Strata.Api.Debugging;

/// <summary>Translated code of a machine. Addresses are hexadecimal, with 0x.</summary>
/// <param name="Registers">Which register of the host holds which of the guest's, in all code alike.</param>
/// <param name="Blocks">The blocks that were asked for.</param>
public sealed record CodeRecord(IReadOnlyList<RegisterRecord> Registers, IReadOnlyList<CodeBlockRecord> Blocks);

/// <summary>A guest register that lives in a register of the host.</summary>
/// <param name="Host">The host's.</param>
/// <param name="Guest">The guest's.</param>
public sealed record RegisterRecord(string Host, string Guest);

/// <summary>A block: guest instructions that are entered at the first and left where they jump.</summary>
public sealed record CodeBlockRecord
{
    /// <summary>The guest-physical address of its first instruction.</summary>
    public required string Physical { get; init; }

    /// <summary>Where the guest executes it; null if that is not known.</summary>
    public string? Virtual { get; init; }

    /// <summary>Its place by symbol.</summary>
    public string? Symbol { get; init; }

    /// <summary>Where the host executes it.</summary>
    public required string Host { get; init; }

    /// <summary>Of all samples the share that fell into it, 0 to 1; null if none were taken.</summary>
    public double? Share { get; init; }

    /// <summary>Guest instructions.</summary>
    public required int GuestInstructions { get; init; }

    /// <summary>Host instructions without the cold code.</summary>
    public required int HostInstructions { get; init; }

    /// <summary>Bytes of these.</summary>
    public required int HotBytes { get; init; }

    /// <summary>Bytes of the cold code: what is executed when a guard fails, and the ways to the monitor.</summary>
    public required int ColdBytes { get; init; }

    /// <summary>The guest's instructions with their code.</summary>
    public required IReadOnlyList<CodeInstructionRecord> Instructions { get; init; }

    /// <summary>The cold code.</summary>
    public required IReadOnlyList<HostInstructionRecord> Cold { get; init; }
}

/// <summary>A guest instruction and its code.</summary>
/// <param name="Address">Where the guest executes it, or its physical address.</param>
/// <param name="Bits">Its bytes as a number, hexadecimal; empty where a block ends at its page's end.</param>
/// <param name="Text">Disassembled.</param>
/// <param name="HostBytes">Bytes of its code.</param>
/// <param name="Host">Its code.</param>
public sealed record CodeInstructionRecord(string Address, string Bits, string Text, int HostBytes, IReadOnlyList<HostInstructionRecord> Host);

/// <summary>An instruction of the host.</summary>
/// <param name="Offset">Its offset in the block.</param>
/// <param name="Text">Disassembled; places of the hart's state by name.</param>
public sealed record HostInstructionRecord(int Offset, string Text);
