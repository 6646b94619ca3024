// The format that perf(1) reads from /tmp/perf-PID.map: lines "address size name", numbers in hexadecimal without a prefix.
using System.Globalization;
using Strata.Cpu;
using Strata.Debugging.Symbols;

namespace Strata.Debugging.Profiles;

/// <summary>Names the machine code of blocks for a profiler of the host.</summary>
internal static class PerfMap
{
    /// <summary>Writes a line for each block, by the name of what it was translated from.</summary>
    public static void Write(TextWriter writer, TranslatedCode code, GuestAddressSpace space, SymbolTable symbols)
    {
        Dictionary<ulong, ulong> pages = space.ExecutablePages();
        foreach (TranslatedBlock block in code.List().OrderBy(block => block.HostAddress))
        {
            ulong? page = pages.TryGetValue(block.PhysicalPage, out ulong mapped) ? mapped : null;
            ulong address = (page ?? block.PhysicalPage) + (ulong)block.Start;
            string name = symbols.Describe(address) ?? string.Create(CultureInfo.InvariantCulture, $"0x{address:x}");
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{block.HostAddress:x} {block.HostBytes:x} guest:{name.Replace(' ', ':')}"));
        }
    }
}
