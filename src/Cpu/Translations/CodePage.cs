namespace Strata.Cpu.Translations;

/// <summary>What a change of some bytes means for a page of code.</summary>
internal enum PageChange
{
    /// <summary>No block was made from these bytes.</summary>
    BesideBlocks,

    /// <summary>Some block was.</summary>
    OfBlocks,

    /// <summary>It is a large one, or there were many: the page is not worth keeping current.</summary>
    TooMuch,
}

/// <summary>One guest-physical page of code: where the code of each of its instructions is. Its blocks are those of its <see cref="CodeUnit"/>.</summary>
/// <remarks>
/// <code>
///           Refresh (compare each block with the bytes that it was made from)
///   stale ─────────────────────────────────────────► current
///     ▲                                                 │
///     └─────────────────────────────────────────────────┘
///           much has changed, or anything of blocks that are shared (Unlink: all entries lead to the monitor)
/// </code>
/// Of a current page a few bytes may change, and it stays current (<see cref="CodeUnit.TakeBack"/>): what lies beside code costs a look at <see cref="_lines"/>, what was
/// code takes back the blocks that were made from it, if no other page shares them.
/// Everything is guarded by the lock of <see cref="BlockCache"/>, but that emitted code reads <see cref="Entries"/> at any time: words are written whole; and that
/// stores beside all blocks are found to be that without it (<see cref="IsBeside"/>).
/// </remarks>
internal sealed unsafe class CodePage
{
    private const int GuestPageBytes = 4096;
    private const int LineBytes = GuestPageBytes / 64;

    // Each store to a page that stays current goes through the monitor: after so many since something was translated, the page is taken to be data. If the next
    // look finds all its code as it was, data are what it has beside its code: it gets more.
    private const int LeastPatience = 64;
    private const int MostPatience = 4096;
    private const int MostChangedBytes = 64;

    private readonly CodeSegments _segments;
    private readonly int _number;
    private readonly uint _codeBase;
    private readonly uint _untranslated;
    private readonly EntryPieces _pieces;
    private readonly nint* _entries;

    // A bit for each line in which bytes may lie that a block was made from.
    private ulong _lines;

    // The same, and beside them those whose bytes are being looked at just now; 0: the page is not current. Written under the lock, before the bytes are read; read
    // without it, after bytes were stored: either the reader sees the bytes, or the one who stored sees the line.
    private ulong _watched;

    // Stores beside all code are counted without the lock: one that is lost does no harm.
    private int _changes;
    private int _patience = LeastPatience;

    /// <param name="physicalPage">Its guest-physical address.</param>
    /// <param name="number">Its directory's.</param>
    /// <param name="segments">Where the code is.</param>
    /// <param name="pieces">Where its entries are; the directory with the page's number is the page's.</param>
    /// <param name="untranslated">Offset there of the stub behind entries without code.</param>
    public CodePage(ulong physicalPage, int number, CodeSegments segments, EntryPieces pieces, int untranslated)
    {
        PhysicalPage = physicalPage;
        _number = number;
        _segments = segments;
        _codeBase = (uint)segments.CodeBase;
        _untranslated = _codeBase + (uint)untranslated;
        _pieces = pieces;
        _entries = pieces.Begin(number);
    }

    public ulong PhysicalPage { get; }

    /// <summary>Its blocks; null before the first look at it, and where others were in need of its place among those that share them.</summary>
    public CodeUnit? Unit { get; private set; }

    /// <summary>The blocks are what memory holds, and stores are reported.</summary>
    public bool IsCurrent => Volatile.Read(ref _watched) != 0;

    /// <summary>Its unit has no blocks.</summary>
    public bool IsEmpty => Unit is null or { IsEmpty: true };

    /// <summary>Its directory's.</summary>
    public int Number => _number;

    /// <summary>Addresses of code, as <see cref="EntryPieces.Look"/> reads them.</summary>
    public nint Entries => (nint)_entries;

    /// <summary>Offset in the code cache of the code for an offset in the page, 0 if there is none.</summary>
    public int CodeAt(int pageOffset)
    {
        uint code = EntryPieces.Look((nint)_entries, pageOffset);
        return code == _untranslated ? 0 : (int)(code - _codeBase);
    }

    /// <summary>Code for an instruction. The first block that holds one stays its entry. Where there is no room for entries it is not found, and translated again.</summary>
    public void Enter(int pageOffset, int code)
    {
        int piece = pageOffset / EntryPieces.GuestBytes;
        if (!_pieces.Has(_entries, piece) && !_pieces.Take(_entries, piece))
            return;
        ref uint entry = ref EntryPieces.WordsOf(_entries, piece)[(pageOffset % EntryPieces.GuestBytes) >> 1];
        if (entry == _untranslated)
            Volatile.Write(ref entry, _codeBase + (uint)code);
    }

    /// <summary>Some of its bytes are those that a block of its unit was made from.</summary>
    public void Keep(int start, int end)
    {
        _lines |= LinesOf(start, end);
        _changes = 0;
        Volatile.Write(ref _watched, _lines);
    }

    /// <summary>Bytes of the current page are about to be read, to be translated: a store to them, too, is one to code until <see cref="Keep"/>.</summary>
    public void Watch(int offset, int length) => Interlocked.Or(ref _watched, LinesOf(offset, offset + length));

    /// <summary>
    /// Counts a change, and answers true if it is one beside all blocks of the current page, which need not be noted otherwise. Any thread, without the lock, after the
    /// bytes were stored and a full fence.
    /// </summary>
    public bool IsBeside(int offset, int length)
    {
        ulong watched = Volatile.Read(ref _watched);
        return watched != 0 && (watched & LinesOf(offset, offset + length)) == 0 && length <= MostChangedBytes && ++_changes <= _patience;
    }

    /// <summary>Counts a change that was reported, and answers what it means for the page.</summary>
    public PageChange Note(int offset, int length)
    {
        if (length > MostChangedBytes || ++_changes > _patience)
            return PageChange.TooMuch;
        return (_lines & LinesOf(offset, offset + length)) == 0 || !Unit!.HasBlockOf(offset, length) ? PageChange.BesideBlocks : PageChange.OfBlocks;
    }

    /// <summary>Bytes have changed: nothing of the page is found any more before <see cref="Refresh"/>.</summary>
    public void Unlink()
    {
        // In this order: who sees that the page is not current finds no entry either.
        ClearEntries();
        Volatile.Write(ref _watched, 0);
    }

    /// <summary>Shares the blocks of a unit, all of which were made from bytes that the page has too.</summary>
    public void Join(CodeUnit unit)
    {
        Unit = unit;
        unit.Join(this);
    }

    /// <summary>Bytes that are to be translated are others in a page that it shares its blocks with: has blocks of its own from here on, none yet, and stays current.</summary>
    public void Part(ReadOnlySpan<byte> bytes, CodeUnits units)
    {
        ClearEntries();
        Leave();
        Join(units.Add(bytes));
    }

    /// <summary>Its unit's blocks are not its own any more. Nothing is found by its entries.</summary>
    public void Leave()
    {
        Unit?.Leave(this);
        Unit = null;
    }

    /// <summary>Finds again what was made from bytes that it holds.</summary>
    /// <param name="bytes">What memory holds; from now on stores are reported.</param>
    /// <param name="units">What else was translated.</param>
    public void Refresh(ReadOnlySpan<byte> bytes, CodeUnits units)
    {
        Interlocked.Exchange(ref _watched, ulong.MaxValue);
        bool lost = units.Settle(this, bytes);
        _lines = 0;
        _changes = 0;
        for (int record = Unit!.Newest; record != 0; record = _segments.Record(record).Older)
        {
            ref BlockRecord block = ref _segments.Record(record);
            Enter(block.Start, block.Code);
            _lines |= LinesOf(block.Start, block.End);
        }

        _patience = lost ? LeastPatience : Math.Min(_patience * 2, MostPatience);
        Volatile.Write(ref _watched, _lines == 0 ? ulong.MaxValue : _lines);
    }

    /// <summary>Forgets what leads to a segment that leaves.</summary>
    /// <param name="segment">What leaves.</param>
    /// <param name="pieces">Gets the pieces of its entries that the page does not need any more.</param>
    public void Leave(in SegmentContent segment, List<uint> pieces)
    {
        DropEntries(0, GuestPageBytes, segment.Start, segment.End);

        // Of a page that is not current all are empty.
        for (int piece = 0; piece < EntryPieces.PerPage; piece++)
        {
            if (_pieces.Has(_entries, piece) && !EntryPieces.WordsOf(_entries, piece).ContainsAnyExcept(_untranslated))
                pieces.Add(_pieces.Remove(_entries, piece));
        }
    }

    /// <summary>Gives all pieces of its entries away.</summary>
    public void RemovePieces(List<uint> pieces)
    {
        for (int piece = 0; piece < EntryPieces.PerPage; piece++)
        {
            if (_pieces.Has(_entries, piece))
                pieces.Add(_pieces.Remove(_entries, piece));
        }
    }

    /// <summary>Of the entries for offsets [first, end), or to the page's end, forgets those that lead to code between the two offsets.</summary>
    public void DropEntries(int first, int end, int code, int codeEnd)
    {
        uint start = _codeBase + (uint)code;
        uint length = (uint)(codeEnd - code);
        for (int piece = first / EntryPieces.GuestBytes; piece * EntryPieces.GuestBytes < Math.Min(end, GuestPageBytes); piece++)
        {
            Span<uint> words = EntryPieces.WordsOf(_entries, piece);
            if (!_pieces.Has(_entries, piece) || !words.ContainsAnyInRange(start, start + length - 1))
                continue;
            foreach (ref uint entry in words)
            {
                if (entry - start < length)
                    Volatile.Write(ref entry, _untranslated);
            }
        }
    }

    // An end beyond the page is its end.
    private static ulong LinesOf(int start, int end) =>
        (ulong.MaxValue << (start / LineBytes)) & (ulong.MaxValue >> (63 - ((Math.Min(end, GuestPageBytes) - 1) / LineBytes)));

    private void ClearEntries()
    {
        for (int piece = 0; piece < EntryPieces.PerPage; piece++)
        {
            if (_pieces.Has(_entries, piece))
                EntryPieces.WordsOf(_entries, piece).Fill(_untranslated);
        }
    }
}
