using System.Globalization;
using Strata.Cpu;
using Strata.Debugging.Code;
using Strata.Debugging.Profiles;
using Strata.Debugging.Symbols;
using Strata.Machines;

namespace Strata.Debugging;

/// <summary>Looks inside a machine that runs. Any thread; several at once.</summary>
/// <param name="machine">Which.</param>
public sealed class MachineDebugger(Machine machine)
{
    /// <summary>Blocks that one answer brings at most.</summary>
    public const int MaximumBlocks = 1024;

    /// <summary>The longest profile.</summary>
    public const int MaximumSeconds = 3600;

    /// <summary>The most samples a second.</summary>
    public const int MaximumRate = 5000;

    private const ulong PageBytes = 4096;

    /// <summary>The translated code that a query asks for.</summary>
    /// <exception cref="DebuggingException">There is none.</exception>
    public CodeReport ReadCode(CodeQuery query, SymbolTable symbols)
    {
        CodeReport? report = null;
        Inspect((code, hart) => report = ReadCode(code, new GuestAddressSpace(machine.Memory, hart.State.Satp), query, symbols));
        return report!;
    }

    /// <summary>Which register of the host holds which of the guest's.</summary>
    /// <exception cref="DebuggingException">The machine is interpreted, or has ended.</exception>
    public IReadOnlyList<(string Host, string Guest)> Registers
    {
        get
        {
            IReadOnlyList<(string Host, string Guest)> registers = [];
            Inspect((code, _) => registers = code.Registers);
            return registers;
        }
    }

    /// <summary>Samples where the machine's harts are.</summary>
    /// <param name="duration">How long; at most <see cref="MaximumSeconds"/>.</param>
    /// <param name="perSecond">How often, 1 to <see cref="MaximumRate"/>.</param>
    /// <param name="hotBlocks">How many of the hottest blocks are written down.</param>
    /// <param name="symbols">Names of places.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="DebuggingException">The machine is interpreted, or has ended.</exception>
    public async Task<Profile> ProfileAsync(TimeSpan duration, int perSecond, int hotBlocks, SymbolTable symbols, CancellationToken cancellation)
    {
        int rate = Math.Clamp(perSecond, 1, MaximumRate);
        int ticks = (int)Math.Max(1, Math.Clamp(duration.TotalSeconds, 0, MaximumSeconds) * rate);
        SampleCounts? counts = null;
        Task? sampling = null;
        Inspect((code, _) =>
        {
            counts = new SampleCounts(code);
            sampling = machine.SampleAsync(1_000_000_000 / rate, ticks, code.Place, code.CurrentPageOffset, counts.Add, cancellation);
        });
        await sampling!;
        cancellation.ThrowIfCancellationRequested();
        Profile? profile = null;
        Inspect((code, _) => profile = new ProfileBuilder(code, symbols).Build(counts!, Math.Clamp(hotBlocks, 0, MaximumBlocks)));
        return profile!;
    }

    /// <summary>Writes a map of the translated code for the host's perf.</summary>
    /// <exception cref="DebuggingException">The machine is interpreted, or has ended.</exception>
    public void WritePerfMap(TextWriter writer, SymbolTable symbols) =>
        Inspect((code, hart) => PerfMap.Write(writer, code, new GuestAddressSpace(machine.Memory, hart.State.Satp), symbols));

    private static CodeReport ReadCode(TranslatedCode code, GuestAddressSpace space, CodeQuery query, SymbolTable symbols)
    {
        (ulong start, ulong length) = RangeOf(query, symbols);
        CodeLister lister = new(code, symbols);
        List<BlockListing> found = [];
        int onPage = 0;
        for (ulong page = start & ~(PageBytes - 1); page < start + length && found.Count < MaximumBlocks; page += PageBytes)
        {
            ulong? mapped = space.Translate(page);
            foreach (TranslatedBlock block in code.List(mapped ?? page).OrderBy(block => block.Start).ThenBy(block => block.HostAddress))
            {
                onPage++;
                bool isInside = page + (ulong)block.Start < start + length && page + (ulong)block.End > start;
                if ((isInside || query.WholePage) && found.Count < MaximumBlocks && lister.List(in block, mapped is null ? null : page) is { } listing)
                    found.Add(listing);
            }
        }

        if (found.Count > 0)
            return new CodeReport(code.Registers, found);
        string place = query.Symbol ?? string.Create(CultureInfo.InvariantCulture, $"0x{start:x}");
        throw onPage > 0
            ? new DebuggingException("E-CODE-NONE", $"no block of translated code holds {place}, but its page has {onPage}", "ask for all of the page: --page")
            : new DebuggingException(
                "E-CODE-NONE", $"there is no translated code at {place}: the guest has not executed it lately, or it is mapped elsewhere in the process that runs now",
                "addresses are virtual, as hart 0 sees them now; physical ones work where nothing is mapped");
    }

    private static (ulong Start, ulong Length) RangeOf(CodeQuery query, SymbolTable symbols)
    {
        if (query.Symbol is not { } name)
            return (query.Address ?? throw new DebuggingException("E-USAGE", "neither an address nor a symbol was given"), 1);
        if (symbols.Named(name) is not { } symbol)
        {
            throw symbols.Count == 0
                ? new DebuggingException("E-SYMBOL-NONE", $"there are no symbols to look up {name} in", "give a file of symbols: --symbols FILE")
                : new DebuggingException("E-SYMBOL-NONE", $"none of the {symbols.Count} symbols is called {name}");
        }

        return (symbol.Address, symbols.ReachOf(in symbol));
    }

    private void Inspect(Action<TranslatedCode, Hart> look)
    {
        bool there = machine.TryInspect(harts =>
        {
            if (machine.Processors is not HartFamily { Code: { } code } || harts[0] is not Hart hart)
            {
                throw new DebuggingException(
                    "E-ENGINE", "the machine is interpreted: there is no translated code", "start it without --engine interpreter, on a processor that strata doctor approves of");
            }

            look(code, hart);
        });
        if (!there)
            throw new DebuggingException("E-MACHINE-PHASE", "the machine has just ended");
    }
}
