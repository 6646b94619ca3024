using System.Globalization;
using System.Text;
using Strata.Api.Debugging;

namespace Strata.Cli.Inspection;

/// <summary>Writes translated code for people: guest on the left, host on the right.</summary>
internal static class CodeText
{
    private const int GuestWidth = 34;

    /// <summary>All blocks of a record.</summary>
    internal static string Format(CodeRecord code)
    {
        StringBuilder text = new();
        _ = text.Append("registers: ").AppendJoin(' ', code.Registers.Select(pair => $"{pair.Host}={pair.Guest}")).Append("; rbp: the hart's state; r15: the TLB\n");
        foreach (CodeBlockRecord block in code.Blocks)
            Append(text, block);
        return text.ToString();
    }

    private static void Append(StringBuilder text, CodeBlockRecord block)
    {
        string place = block.Virtual is null ? $"physical {block.Physical}" : $"{block.Virtual} (physical {block.Physical})";
        double each = (double)block.HostInstructions / Math.Max(1, block.GuestInstructions);
        string share = block.Share is { } part ? string.Create(CultureInfo.InvariantCulture, $"{100 * part:0.0} % of the samples, ") : "";
        _ = text.Append(
            CultureInfo.InvariantCulture,
            $"\nblock {place}{(block.Symbol is null ? "" : " " + block.Symbol)}: {share}{block.GuestInstructions} guest instructions, {block.HostInstructions} host ({each:0.0} each), {block.HotBytes} bytes and {block.ColdBytes} cold, at {block.Host}\n");
        foreach (CodeInstructionRecord instruction in block.Instructions)
        {
            string guest = $"{instruction.Address[2..],16}  {instruction.Text.Replace("\t", " ", StringComparison.Ordinal)}";
            if (instruction.Bits.Length == 0)
                guest = $"{instruction.Address[2..],16}  (the page ends)";
            for (int i = 0; i < Math.Max(1, instruction.Host.Count); i++)
            {
                string left = i == 0 ? guest : "";
                string bytes = i == 0 ? instruction.HostBytes.ToString(CultureInfo.InvariantCulture) : "";
                string right = i < instruction.Host.Count ? Line(instruction.Host[i]) : "";
                _ = text.Append(CultureInfo.InvariantCulture, $"{left.PadRight(18 + GuestWidth)} {bytes,4} | {right}").Append('\n');
            }
        }

        if (block.Cold.Count > 0)
            _ = text.Append(CultureInfo.InvariantCulture, $"{"                  cold code".PadRight(18 + GuestWidth)} {block.ColdBytes,4} |\n");
        foreach (HostInstructionRecord instruction in block.Cold)
            _ = text.Append(CultureInfo.InvariantCulture, $"{"".PadRight(18 + GuestWidth)}      | {Line(instruction)}\n");
    }

    private static string Line(HostInstructionRecord instruction) => string.Create(CultureInfo.InvariantCulture, $"{instruction.Offset,4}  {instruction.Text}");
}
