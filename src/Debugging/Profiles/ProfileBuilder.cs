using System.Globalization;
using Strata.Cpu;
using Strata.Debugging.Code;
using Strata.Debugging.Symbols;

namespace Strata.Debugging.Profiles;

/// <summary>Finds out what samples mean: which block, which guest instruction, which function.</summary>
internal sealed class ProfileBuilder
{
    private const ulong PageMask = ~0xfffUL;

    private readonly TranslatedCode _code;
    private readonly SymbolTable _symbols;
    private readonly TranslatedBlock[] _blocks;
    private readonly nint[] _addresses;
    private readonly Dictionary<int, BlockContent?> _contents = [];
    private readonly Dictionary<string, (ulong Address, int Translated, int Monitor)> _regions = new(StringComparer.Ordinal);
    private readonly Dictionary<int, (ulong VirtualPage, int Samples)> _hot = [];

    public ProfileBuilder(TranslatedCode code, SymbolTable symbols)
    {
        _code = code;
        _symbols = symbols;
        _blocks = [.. code.List().OrderBy(block => block.HostAddress)];
        _addresses = [.. _blocks.Select(block => block.HostAddress)];
    }

    public Profile Build(SampleCounts counts, int hotBlocks)
    {
        int translated = 0;
        int changed = 0;
        foreach (((nint address, int generation, ulong page), int samples) in counts.InBlocks)
        {
            translated += samples;
            if (IndexOf(address) is not { } index || !_code.HoldsSince(address, generation))
            {
                changed += samples;
                Add(page, samples, 0, isPage: true);
                continue;
            }

            Add((page & PageMask) + (ulong)OffsetOf(index, address), samples, 0);
            _hot[index] = (page & PageMask, _hot.GetValueOrDefault(index).Samples + samples);
        }

        foreach ((ulong address, int samples) in counts.InMonitor)
            Add(address, 0, samples);
        int all = Math.Max(1, counts.Total);
        CodeLister lister = new(_code, _symbols);
        return new Profile
        {
            Samples = counts.Total,
            Waiting = counts.Waiting,
            Translated = translated,
            Changed = changed,
            Stubs = counts.Stubs,
            Monitor = counts.InMonitor.Values.Sum(),
            Regions = [.. _regions.Select(pair => new HotRegion(pair.Key, pair.Value.Address, pair.Value.Translated, pair.Value.Monitor)).OrderByDescending(region => region.Translated + region.Monitor)],
            Blocks = [.. _hot.OrderByDescending(pair => pair.Value.Samples).Take(hotBlocks)
                .Select(pair => lister.List(in _blocks[pair.Key], pair.Value.VirtualPage, (double)pair.Value.Samples / all)).OfType<BlockListing>()],
            Expansion = new ExpansionCounter(_code, _blocks).Count(_hot.ToDictionary(pair => pair.Key, pair => pair.Value.Samples)),
        };
    }

    // Offset in its page of the guest instruction; of cold code, which belongs to none, that of the block.
    private int OffsetOf(int index, nint address)
    {
        TranslatedBlock block = _blocks[index];
        if (!_contents.TryGetValue(index, out BlockContent? content))
            _contents.Add(index, content = _code.Read(in block));
        int offset = (int)(address - block.HostAddress);
        if (content is null || offset >= content.ColdOffset)
            return block.Start;
        return content.Marks.LastOrDefault(mark => mark.HostOffset <= offset, new InstructionMark(block.Start, 0)).PageOffset;
    }

    private int? IndexOf(nint address)
    {
        int found = Array.BinarySearch(_addresses, address);
        int index = found >= 0 ? found : ~found - 1;
        return index >= 0 && address < _blocks[index].HostAddress + _blocks[index].HostBytes ? index : null;
    }

    private void Add(ulong address, int translated, int monitor, bool isPage = false)
    {
        string name;
        ulong start;
        if (!isPage && _symbols.At(address) is { } symbol)
        {
            (name, start) = (symbol.Name, symbol.Address);
        }
        else
        {
            start = address & PageMask;
            name = string.Create(CultureInfo.InvariantCulture, $"{((long)address < 0 ? "kernel" : "user")} page 0x{start:x}");
        }

        (_, int before, int monitorBefore) = _regions.GetValueOrDefault(name);
        _regions[name] = (start, before + translated, monitorBefore + monitor);
    }
}
