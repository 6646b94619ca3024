using System.Runtime.CompilerServices;

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

/// <summary>The translated code of one guest-physical page: where each instruction's code is, and which blocks there are.</summary>
/// <remarks>
/// <code>
///           Refresh (compare each block with the bytes that it was made from, relink)
///   stale ─────────────────────────────────────────► current
///     ▲                                                 │
///     └─────────────────────────────────────────────────┘
///           much has changed (Unlink: all entries lead to the monitor)
/// </code>
/// Of a current page a few bytes may change, and it stays current (<see cref="TakeBack"/>): what lies beside code costs a look at <see cref="_lines"/>, what was
/// code takes back the blocks that were made from it.
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

    // Record of the block that was translated last; the others follow by BlockRecord.Older.
    private int _newest;

    // A bit for each line in which bytes may lie that a block was made from.
    private ulong _lines;

    // The same, and beside them those whose bytes are being looked at just now; 0: the page is not current. Written under the lock, before the bytes are read; read
    // without it, after bytes were stored: either the reader sees the bytes, or the one who stored sees the line.
    private ulong _watched;

    // Stores beside all code are counted without the lock: one that is lost does no harm.
    private int _changes;
    private int _patience = LeastPatience;

    /// <param name="physicalPage">Its guest-physical address.</param>
    /// <param name="number">What records call it.</param>
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

    /// <summary>The blocks are what memory holds, and stores are reported.</summary>
    public bool IsCurrent => Volatile.Read(ref _watched) != 0;

    /// <summary>Nothing of it is translated.</summary>
    public bool IsEmpty => _newest == 0;

    /// <summary>What records call it.</summary>
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

    /// <summary>Keeps the block that was written at the segments' end.</summary>
    /// <param name="start">Offset of its first instruction.</param>
    /// <param name="source">The bytes that it was made from.</param>
    /// <param name="codeBytes">Length of its code.</param>
    /// <param name="draft">Its entries and jumps.</param>
    public void Add(int start, ReadOnlySpan<byte> source, int codeBytes, BlockDraft draft)
    {
        int record = _segments.NextRecord;
        BlockRecord block = new()
        {
            Older = _newest,
            Page = _number,
            Code = _segments.NextCode,
            CodeBytes = codeBytes,
            Start = (ushort)start,
            End = (ushort)(start + source.Length),
        };
        _segments.Commit(block, source, draft.Jumps);
        _newest = record;
        _lines |= LinesOf(start, start + source.Length);
        _changes = 0;
        draft.Publish();
        Volatile.Write(ref _watched, _lines);
    }

    /// <summary>Bytes of the current page are about to be read, to be translated: a store to them, too, is one to code until <see cref="Add"/>.</summary>
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
        if ((_lines & LinesOf(offset, offset + length)) == 0)
            return PageChange.BesideBlocks;
        for (int record = _newest; record != 0; record = _segments.Record(record).Older)
        {
            if (_segments.Record(record).Overlaps(offset, offset + length))
                return PageChange.OfBlocks;
        }

        return PageChange.BesideBlocks;
    }

    /// <summary>Forgets the blocks that were made from bytes which are not the same any more, and what leads there; the others stay.</summary>
    /// <param name="offset">What has changed.</param>
    /// <param name="length">Its length.</param>
    /// <param name="bytes">The page as memory holds it.</param>
    public void TakeBack(int offset, int length, ReadOnlySpan<byte> bytes)
    {
        int* link = null;
        for (int record = _newest; record != 0;)
        {
            ref BlockRecord block = ref _segments.Record(record);
            int older = block.Older;
            if (block.Overlaps(offset, offset + length) && !IsMadeFrom(bytes[block.Start..], record))
            {
                Forget(ref block, link);
                DropEntries(block.Start, Math.Min((int)block.End, GuestPageBytes), block.Code, block.Code + block.CodeBytes);
                UnlinkJumps(block.Code, block.Code + block.CodeBytes);
            }
            else
            {
                link = (int*)Unsafe.AsPointer(ref block.Older);
            }

            record = older;
        }
    }

    /// <summary>Bytes have changed: nothing of the page is found any more before <see cref="Refresh"/>.</summary>
    public void Unlink()
    {
        // In this order: who sees that the page is not current finds no entry either.
        ClearEntries();
        Volatile.Write(ref _watched, 0);
    }

    /// <summary>Finds again what was made from bytes that are still the same; the rest is forgotten.</summary>
    /// <param name="bytes">What memory holds; from now on stores are reported.</param>
    public void Refresh(ReadOnlySpan<byte> bytes)
    {
        bool lost = false;
        int* link = null;
        Interlocked.Exchange(ref _watched, ulong.MaxValue);
        _lines = 0;
        _changes = 0;
        for (int record = _newest; record != 0;)
        {
            ref BlockRecord block = ref _segments.Record(record);
            int older = block.Older;
            if (!IsMadeFrom(bytes[block.Start..], record))
            {
                Forget(ref block, link);
                lost = true;
            }
            else
            {
                Enter(block.Start, block.Code);
                _lines |= LinesOf(block.Start, block.End);
                link = (int*)Unsafe.AsPointer(ref block.Older);
            }

            record = older;
        }

        // Jumps ask again, for they may lead to blocks that are gone; those of blocks that are gone lead where they will.
        if (lost)
            UnlinkJumps(0, int.MaxValue);
        _patience = lost ? LeastPatience : Math.Min(_patience * 2, MostPatience);
        Volatile.Write(ref _watched, _lines == 0 ? ulong.MaxValue : _lines);
    }

    /// <summary>Forgets the blocks in a segment that leaves, and what leads there.</summary>
    /// <param name="segment">What leaves.</param>
    /// <param name="pieces">Gets the pieces of its entries that the page does not need any more.</param>
    public void Leave(in SegmentContent segment, List<uint> pieces)
    {
        int* link = null;
        for (int record = _newest; record != 0;)
        {
            ref BlockRecord block = ref _segments.Record(record);
            int older = block.Older;
            if (segment.Holds(record))
                Forget(ref block, link);
            else
                link = (int*)Unsafe.AsPointer(ref block.Older);
            record = older;
        }

        UnlinkJumps(segment.Start, segment.End);
        DropEntries(0, GuestPageBytes, segment.Start, segment.End);

        // Where the page is not current, all are empty for the time being.
        for (int piece = 0; IsCurrent && piece < EntryPieces.PerPage; piece++)
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

    /// <summary>Adds its blocks that can be entered, or can be again once the page is current.</summary>
    public void List(List<TranslatedBlock> blocks)
    {
        for (int record = _newest; record != 0; record = _segments.Record(record).Older)
            blocks.Add(Describe(record));
    }

    /// <summary>The bytes that a listed block was made from; null: it is not there any more.</summary>
    public byte[]? SourceOf(in TranslatedBlock listed)
    {
        for (int record = _newest; record != 0; record = _segments.Record(record).Older)
        {
            if (Describe(record) == listed)
                return _segments.Source(record).ToArray();
        }

        return null;
    }

    // link: where the block's record is named, if it is not the newest.
    private void Forget(ref BlockRecord block, int* link)
    {
        block.Page = -1;
        if (link is null)
            _newest = block.Older;
        else
            *link = block.Older;
    }

    // What lies in the next page is compared whenever it is executed.
    private bool IsMadeFrom(ReadOnlySpan<byte> bytes, int record)
    {
        ReadOnlySpan<byte> source = _segments.Source(record);
        source = source[..Math.Min(source.Length, bytes.Length)];
        return bytes[..source.Length].SequenceEqual(source);
    }

    private TranslatedBlock Describe(int record)
    {
        ref BlockRecord block = ref _segments.Record(record);
        return new TranslatedBlock(PhysicalPage, block.Start, block.End, _segments.CodeBase + block.Code, block.CodeBytes);
    }

    private void UnlinkJumps(int start, int end)
    {
        for (int record = _newest; record != 0; record = _segments.Record(record).Older)
        {
            ref BlockRecord block = ref _segments.Record(record);
            foreach (BlockJump jump in _segments.Jumps(record))
            {
                int target = _segments.TargetOf(in block, jump);
                if (target >= start && target < end)
                    _segments.Unlink(in block, jump);
            }
        }
    }

    // Of the entries for offsets [first, end) those that lead to code between the two offsets.
    private void DropEntries(int first, int end, int code, int codeEnd)
    {
        uint start = _codeBase + (uint)code;
        uint length = (uint)(codeEnd - code);
        for (int piece = first / EntryPieces.GuestBytes; piece * EntryPieces.GuestBytes < end; piece++)
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
