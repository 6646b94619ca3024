using System.Globalization;
using Strata.Api.Debugging;
using Strata.Debugging.Code;

namespace Strata.Monitor.Inspection;

/// <summary>Translated code as clients get it.</summary>
internal static class CodeRecords
{
    /// <summary>The record of a report.</summary>
    internal static CodeRecord From(CodeReport report) =>
        new([.. report.Registers.Select(pair => new RegisterRecord(pair.Host, pair.Guest))], [.. report.Blocks.Select(From)]);

    /// <summary>0x and the number in hexadecimal.</summary>
    internal static string Address(ulong value) => "0x" + value.ToString("x", CultureInfo.InvariantCulture);

    private static CodeBlockRecord From(BlockListing block) => new()
    {
        Physical = Address(block.PhysicalAddress),
        Virtual = block.VirtualAddress is { } known ? Address(known) : null,
        Symbol = block.Symbol,
        Host = Address(block.HostAddress),
        Share = block.Share,
        GuestInstructions = block.Instructions.Count(instruction => instruction.Length > 0),
        HostInstructions = block.HostInstructions,
        HotBytes = block.HotBytes,
        ColdBytes = block.ColdBytes,
        Instructions = [.. block.Instructions.Select(From)],
        Cold = [.. block.Cold.Select(From)],
    };

    private static CodeInstructionRecord From(InstructionListing instruction) => new(
        Address(instruction.Address), instruction.Length == 0 ? "" : instruction.Bits.ToString(instruction.Length == 2 ? "x4" : "x8", CultureInfo.InvariantCulture),
        instruction.Text, instruction.HostBytes, [.. instruction.Host.Select(From)]);

    private static HostInstructionRecord From(HostInstruction instruction) => new(instruction.Offset, instruction.Text);
}
