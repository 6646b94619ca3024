using System.Runtime.InteropServices;
using Strata.Cpu.Translations.Ir;
using Strata.Cpu.X64;

namespace Strata.Cpu.Translations;

/// <content>For those who look at the code. Nothing here is written down while nobody looks: where a guest instruction's code begins is found by writing the block once more.</content>
internal sealed unsafe partial class BlockCache
{
    private const int PageBytes = 4096;

    /// <summary>Where blocks are.</summary>
    public (nint Address, int SizeBytes) BlockPlace => (_segments.CodeBase + _segments.Start, _segments.SizeBytes - _segments.Start);

    /// <summary>Bytes of blocks.</summary>
    public int UsedBytes
    {
        get
        {
            lock (_lock)
                return _segments.UsedBytes;
        }
    }

    /// <summary>See <see cref="TranslatedCode.CurrentPageOffset"/>.</summary>
    public int CurrentPageOffset => _layout.CurrentPage - RegisterMap.StateBias;

    /// <summary>Slots that live in registers of the host.</summary>
    public IEnumerable<(string Register, int Slot)> Pinned =>
        _map.Pinned.Select(pair => (pair.Register.ToString().ToLowerInvariant(), (int)pair.Slot))
            .Concat(_map.PinnedFloats.Select(pair => (pair.Register.ToString().ToLowerInvariant(), (int)pair.Slot)));

    /// <summary>The slot at a displacement from the state's register.</summary>
    public static int? SlotAt(int displacement)
    {
        int offset = displacement + RegisterMap.StateBias;
        return offset >= 0 && offset % 8 == 0 && offset < 64 * 8 ? offset / 8 : null;
    }

    /// <summary>The field of the state there, where it has a name.</summary>
    public string? FieldAt(int displacement)
    {
        int offset = displacement + RegisterMap.StateBias;
        (string Name, int Offset)[] fields =
        [
            ("pc", _layout.ProgramCounter), ("exit_word", _layout.ExitWord), ("current_page", _layout.CurrentPage), ("tlb", _layout.Tlb), ("budget", _layout.Budget),
            ("float_status", _layout.FloatStatus), ("frm", _layout.FloatRounding), ("fflags", _layout.FloatFlags), ("floats_loaded", _layout.FloatsLoaded),
        ];
        return fields.Where(field => field.Offset == offset).Select(field => field.Name).FirstOrDefault();
    }

    /// <summary>See <see cref="TranslatedCode.HoldsSince"/>.</summary>
    public bool HoldsSince(nint address, int generation)
    {
        lock (_lock)
            return _segments.HoldsSince((int)(address - _segments.CodeBase), generation);
    }

    /// <summary>The blocks of all pages, each once, or those of one page. What no page has any more is nobody's.</summary>
    public IReadOnlyList<TranslatedBlock> List(ulong? physicalPage = null)
    {
        List<TranslatedBlock> blocks = [];
        lock (_lock)
        {
            if (_disposed)
                return blocks;
            if (physicalPage is not { } one)
            {
                foreach (CodeUnit unit in _units.All)
                {
                    if (PageOf(unit) is { } page)
                        unit.List(blocks, page);
                }
            }
            else if (_pages.TryGetValue(one, out CodePage? page))
            {
                page.Unit?.List(blocks, page);
            }
        }

        return blocks;
    }

    /// <summary>What is in a block.</summary>
    public BlockContent? Read(in TranslatedBlock block)
    {
        byte[] host = new byte[block.HostBytes];
        byte[] bytes = new byte[PageBytes + sizeof(ushort)];
        lock (_lock)
        {
            if (_disposed || !_pages.TryGetValue(block.PhysicalPage, out CodePage? page) || page.Unit?.SourceOf(in block) is not { } source)
                return null;
            source.CopyTo(bytes, block.Start);

            // SAFETY: the unit has the block, so it is where it was written, as long as it was then.
            new ReadOnlySpan<byte>((void*)block.HostAddress, block.HostBytes).CopyTo(host);
        }

        // What ended there did so because its next instruction lies in two pages: the first half of one.
        if (block.End == PageBytes - 2)
            bytes[PageBytes - 2] = 3;
        NoPage written = new((int)(block.HostAddress - _segments.CodeBase));
        List<(int PageOffset, int Code)> marks = FindMarks(in block, bytes, written);
        int cold = marks.Count == 0 ? block.HostBytes : marks[^1].Code;
        return new BlockContent(
            block, bytes[block.Start..block.End], host, [.. marks.SkipLast(1).Select(mark => new InstructionMark(mark.PageOffset, mark.Code))], [.. written.Entries], cold);
    }

    /// <summary>See <see cref="TranslatedCode.StateRange"/>.</summary>
    public static (int First, int Behind) StateRange => (-RegisterMap.StateBias, HartLayout.SizeBytes - RegisterMap.StateBias);

    /// <summary>See <see cref="TranslatedCode.HeldRange"/>.</summary>
    public static (int First, int Behind) HeldRange => (RuntimeStubs.HeldAddends, RuntimeStubs.FrameBytes);

    /// <summary>See <see cref="TranslatedCode.TlbLayout"/>.</summary>
    public (int Distance, int Entries, int RecordDistance) TlbLayout => (_layout.TlbDistance, _layout.TlbEntries, _layout.PhysicalPageDistance);

    /// <summary>Whether blocks may go there.</summary>
    public bool IsStub(nint address) =>
        _stubs.All.Any(stub => stub.Name is not ("enter" or "spill floats") && _segments.CodeBase + stub.Offset == address);

    /// <summary>See <see cref="TranslatedCode.FindAt"/>.</summary>
    public (int Table, int Bytes)? FindAt(nint address) => _stubs.FindAt((int)(address - _segments.CodeBase));

    /// <summary>The stub at an address.</summary>
    public string? StubAt(nint address)
    {
        nint offset = address - _segments.CodeBase;
        if (offset < 0 || offset >= _segments.Start)
            return null;
        return _stubs.All.Where(stub => stub.Offset <= offset).OrderByDescending(stub => stub.Offset).Select(stub => stub.Name).FirstOrDefault("constants");
    }

    // One that is current, if there is one.
    private static CodePage? PageOf(CodeUnit unit)
    {
        foreach (CodePage page in unit.Pages)
        {
            if (page.IsCurrent)
                return page;
        }

        return unit.Pages.Length == 0 ? null : unit.Pages[0];
    }

    // Empty if the block comes out otherwise than it is.
    private List<(int PageOffset, int Code)> FindMarks(in TranslatedBlock listed, byte[] bytes, NoPage page)
    {
        List<(int PageOffset, int Code)> marks = [];
        IrBlock block = new();
        block.Clear(listed.Start);
        if (listed.End > PageBytes)
            LowerLast(bytes, block);
        else
            _frontEnd.Lower(bytes.AsSpan(0, PageBytes), block, _maximumInstructions);
        if (block.End != listed.End || block.GuestInstructions == 0)
            return marks;
        int room = listed.HostBytes + (2 * Assembler.InstructionReserve);

        // Nops before jumps depend on the address within a line.
        int shift = (int)(listed.HostAddress & (PageBytes - 1));
        byte* scratch = (byte*)NativeMemory.AlignedAlloc((nuint)(PageBytes + room), PageBytes);
        try
        {
            // SAFETY: room bytes are left behind the shift, and the assembler writes no further.
            Assembler assembler = new();
            assembler.Reset(scratch + shift, room);
            BlockEmitter emitter = new(assembler, _layout, _map, _stubs, _counts) { Marks = marks };
            int length = emitter.Emit(block, page, scratch + shift, room, (int)(listed.HostAddress - _segments.CodeBase));
            if (length != listed.HostBytes)
                marks.Clear();
        }
        finally
        {
            NativeMemory.AlignedFree(scratch);
        }

        return marks;
    }

    // What is written for it is not found by anybody; where it could be entered is noted.
    private sealed class NoPage(int origin) : IBlockPage
    {
        public List<int> Entries { get; } = [0];

        public int CodeAt(int pageOffset) => 0;

        public int AddSite(JumpSite site) => 0;

        public void AddEntry(int pageOffset, int code) => Entries.Add(code - origin);
    }
}
