using System.Buffers.Binary;
using System.Diagnostics;
using Strata.Cpu.Translations.Ir;
using Strata.Cpu.X64;
using Strata.Guest.Memory;
using Strata.Guest.Processors;

namespace Strata.Cpu.Translations;

/// <summary>The translated code of one machine, for all its harts and carriers: pages by guest-physical address, their blocks by content, and the code cache.</summary>
/// <remarks>
/// Who revokes what:
/// <list type="bullet">
/// <item>an entry of a <see cref="CodePage"/>: a store to the bytes of its block, by <see cref="Changed"/>, before the store returns on the hart that made it; other
/// harts are kicked and look again at their next poll, at the latest at their next fence.i. Stores beside all blocks revoke nothing. Test: ChangedCodeTests.</item>
/// <item>a jump from block to block: with the entry of its target (CodeUnit.TakeBack), when the only page of the unit is looked at anew (ForgetDifferent) or a segment
/// leaves (Leave). Tests: ChangedCodeTests, EvictionTests.</item>
/// <item>that a page shares the blocks of a <see cref="CodeUnit"/>: a store to the bytes of any of them, which takes all entries of that page and nothing of the other
/// pages' (CodePage.Unlink), and a block whose bytes are others there (CodePage.Part); who executes them then is kicked as above, before the page can
/// be current with other blocks. Test: SharedCodeTests.</item>
/// <item>the blocks of the oldest segment: <see cref="MakeRoom"/>, as soon as the last but one is being filled. Nobody finds them any more at once; the segment is
/// used again when every carrier has left guest code once, and meanwhile everybody goes on, if only in the last one. Test: EvictionTests.</item>
/// <item>an instruction that lies in two pages, as to its second half: nobody; its code looks the next page up and compares. Test: CrossingCodeTests.</item>
/// <item>the address of a page's entries in a TLB (its table "code"): with the fetch translation of the page; entries of pages that are forgotten live
/// until every carrier has dropped its translations and left guest code. Test: EvictionTests.</item>
/// </list>
/// Lock order: this one, the directory's, the memory's.
/// </remarks>
internal sealed unsafe partial class BlockCache : ICodeHolder, IDisposable
{
    // What pages and their entries take besides code is bounded too: more of them than this have little code each.
    private const int CacheBytesPerPage = 4 << 10;
    private const int CacheBytesPerPiece = 1536;
    private const int LeastPages = 64;

    // A block and what lies in the next page.
    private const int MostPiecesOfBlock = 3;
    private const int StubBytes = 16 << 10;
    private const int FrontCount = 512;
    private const int GuestPageBytes = (int)GuestMemory.PageSize;

    private readonly Lock _lock = new();
    private readonly GuestMemory _memory;
    private readonly CodeDirectory _directory;
    private readonly IFrontEnd _frontEnd;
    private readonly CodeSegments _segments;
    private readonly RuntimeStubs _stubs;
    private readonly BlockEmitter _emitter;
    private readonly StateLayout _layout;
    private readonly RegisterMap _map;
    private readonly bool _counts;
    private readonly int _maximumInstructions;
    private readonly bool _linksJumps;

    // Guarded by _lock.
    private readonly Dictionary<ulong, CodePage> _pages = [];
    private readonly CodePage?[] _pagesByNumber;
    private readonly CodeUnits _units;
    private readonly EntryPieces _pieces;

    // By a hash of its address, the page that was looked for last. Written under _lock, before the page's bytes are read, and when it is removed; read without it.
    private readonly CodePage?[] _front = new CodePage?[FrontCount];
    private readonly Stack<int> _freeNumbers = new();
    private readonly List<CodePage> _removedPages = [];
    private readonly List<uint> _removedPieces = [];
    private readonly IrBlock _block = new();
    private readonly BlockDraft _draft;
    private readonly byte[] _source = new byte[GuestPageBytes + sizeof(ushort)];
    private SegmentContent _leaving;
    private MemoryWait? _whenLeft;
    private int _generation;
    private bool _disposed;

    public BlockCache(GuestMemory memory, CodeDirectory directory, IFrontEnd frontEnd, StateLayout layout, RuntimeCalls calls, TranslationOptions options)
    {
        _memory = memory;
        _directory = directory;
        _frontEnd = frontEnd;
        _maximumInstructions = Math.Clamp(options.BlockInstructions, 1, IrBlock.MaximumInstructions);
        _linksJumps = options.LinksJumps;
        _draft = new BlockDraft(_linksJumps);
        int size = Math.Clamp(options.CacheBytes, TranslationOptions.LeastCacheBytes, CodeSegments.MostBytes);
        _segments = new CodeSegments(size);
        Variant = CodeVariant.Of(options with { BlockInstructions = _maximumInstructions }, layout);
        _units = new CodeUnits(_segments, Variant);
        Assembler assembler = new();
        assembler.Reset(_segments.Writable, StubBytes);
        _layout = layout;
        _map = new RegisterMap(layout);
        _counts = options.CountsInstructions;
        _stubs = new RuntimeStubs(assembler, layout, _map, calls);
        _segments.Divide(assembler.Offset);
        _emitter = new BlockEmitter(assembler, layout, _map, _stubs, _counts);
        _pagesByNumber = new CodePage?[Math.Max(size / CacheBytesPerPage, LeastPages)];
        _pieces = new EntryPieces(_pagesByNumber.Length, Math.Max(size / CacheBytesPerPiece, LeastPages), (uint)Untranslated);
        for (int number = _pagesByNumber.Length - 1; number >= 0; number--)
            _freeNumbers.Push(number);
        directory.Add(this);
    }

    /// <summary>void (state, code): the way in.</summary>
    public delegate* unmanaged<void*, nint, void> Enter => (delegate* unmanaged<void*, nint, void>)(_segments.CodeBase + _stubs.Enter);

    /// <summary>The code that leaves.</summary>
    public nint Leave => _segments.CodeBase + _stubs.Leave;

    /// <summary>What entries of pages hold that have no code.</summary>
    public nint Untranslated => _segments.CodeBase + _stubs.Untranslated;

    /// <summary>What all of its code depends on.</summary>
    public CodeVariant Variant { get; }

    /// <summary>Changes whenever a segment is emptied: numbers of jumps of another generation mean nothing.</summary>
    public int Generation => Volatile.Read(ref _generation);

    /// <summary>Blocks translated so far.</summary>
    public long TranslationCount { get; private set; }

    /// <summary>Segments emptied so far.</summary>
    public int EvictionCount => Generation;

    /// <summary>Finds a page of guest code, makes it current, and notes its entries in the TLB.</summary>
    /// <param name="physicalPage">The page, whose fetch translation is cached.</param>
    /// <param name="wait">If the answer is null: what to wait for.</param>
    /// <param name="own">The carrier's fills.</param>
    public CodePage? Find(ulong physicalPage, ICarrierFills own, out MemoryWait? wait)
    {
        lock (_lock)
        {
            wait = null;
            if (!_pages.TryGetValue(physicalPage, out CodePage? page))
            {
                while (_freeNumbers.Count == 0)
                {
                    _ = MakeRoom(null, own);
                    wait = _whenLeft;
                    if (wait is not null)
                        return null;
                }

                int number = _freeNumbers.Pop();
                page = new CodePage(physicalPage, number, _segments, _pieces, _stubs.Untranslated);
                _pages.Add(physicalPage, page);
                _pagesByNumber[number] = page;
            }

            Volatile.Write(ref FrontOf(physicalPage), page);
            if (page.IsCurrent)
                return page;

            // Held first, resolved then: from here on stores to the page are reported.
            _directory.Hold(physicalPage);
            MemoryFill fill = _memory.Resolve(physicalPage, FillAccess.Fetch, own);
            if (fill.Kind != FillKind.Ram)
            {
                _directory.Release(physicalPage);
                wait = fill.Wait;
                return null;
            }

            // SAFETY: the door has answered a page of RAM that stays where it is until the carrier's next poll.
            page.Refresh(new ReadOnlySpan<byte>((void*)fill.HostAddress, GuestPageBytes), _units);
            return page;
        }
    }

    /// <summary>The code for an offset in a page, which is translated if need be.</summary>
    /// <param name="page">The page.</param>
    /// <param name="pageOffset">The offset.</param>
    /// <param name="bytes">The page in the host's memory, which stays there until the carrier's next poll.</param>
    /// <param name="beyond">The bytes of the next page, if the instruction lies in both and the next one can be looked up; else null.</param>
    /// <param name="own">The carrier's fills.</param>
    /// <param name="wait">What to wait for before asking again.</param>
    /// <returns>Its address, or 0: the instruction there cannot be translated from what is there, or (with a wait) the page is not current any more.</returns>
    public nint CodeFor(CodePage page, int pageOffset, byte* bytes, ushort* beyond, ICarrierFills own, out MemoryWait? wait)
    {
        lock (_lock)
        {
            wait = null;
            if (!page.IsCurrent)
                return 0;
            int code = page.CodeAt(pageOffset);
            if (code == 0 && page.Unit!.CodeAt(pageOffset) is not 0 and int shared)
            {
                // Found by its entry, or translated again where there is no room for one.
                page.Enter(pageOffset, shared);
                code = page.CodeAt(pageOffset);
            }

            if (code != 0)
                return _segments.CodeBase + code;

            // What is translated is what was looked at, whoever stores meanwhile: that store is reported when it is done, and the page compared.
            int looked = Math.Min(GuestPageBytes - pageOffset, (_maximumInstructions + 1) * IrBlock.MaximumInstructionBytes);
            page.Watch(pageOffset, looked);

            // SAFETY: inside the page; and the caller has looked the next one up.
            new ReadOnlySpan<byte>(bytes + pageOffset, looked).CopyTo(_source.AsSpan(pageOffset));
            for (int instructions = _maximumInstructions; ;)
            {
                _block.Clear(pageOffset);
                _frontEnd.Lower(_source.AsSpan(0, GuestPageBytes), _block, instructions);
                if (_block.GuestInstructions == 0 && beyond is not null)
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(_source.AsSpan(GuestPageBytes), Volatile.Read(ref *beyond));
                    LowerLast(_source, _block);
                }

                if (_block.GuestInstructions == 0)
                    return 0;
                while (_pieces.FreeCount < MostPiecesOfBlock)
                {
                    _ = MakeRoom(page, own);
                    wait = _whenLeft;
                    if (wait is not null)
                        return 0;
                }

                if (!AreShared(page, _block.Start, Math.Min(_block.End, GuestPageBytes), own))
                {
                    page.Part(new ReadOnlySpan<byte>(bytes, GuestPageBytes), _units);
                    _memory.Revocations.KickOthers(own);
                }

                int written = Write(page);
                if (written != 0)
                {
                    code = _segments.NextCode;
                    page.Unit!.Add(pageOffset, _source.AsSpan(_block.Start.._block.End), written, _draft.Jumps);
                    foreach (CodePage other in page.Unit.Pages)
                    {
                        if (other.IsCurrent)
                            other.Keep(_block.Start, _block.End);
                    }

                    _draft.Publish();
                    TranslationCount++;
                    return _segments.CodeBase + code;
                }

                if (!_segments.IsOpenEmpty)
                {
                    wait = MakeRoom(page, own);
                    if (wait is not null)
                        return 0;
                }
                else
                {
                    // A segment is too small for so many of these instructions.
                    instructions = _block.GuestInstructions / 2;
                    if (instructions == 0)
                        throw new UnreachableException("an instruction does not fit into an empty segment of the code cache");
                }
            }
        }
    }

    /// <summary>Lets a jump inside a page lead to its target without asking again.</summary>
    /// <param name="number">The jump.</param>
    /// <param name="pageOffset">Where it was found to lead.</param>
    /// <param name="code">The code there.</param>
    /// <param name="generation">That of the code which jumps.</param>
    public void LinkJump(JumpNumber number, int pageOffset, nint code, int generation)
    {
        lock (_lock)
        {
            if (!_linksJumps || generation != _generation)
                return;
            ref BlockRecord block = ref _segments.Record(number.Record);
            if (block.Unit < 0)
                return;

            // What any page of the unit finds is a block of the unit: right for all of them.
            int target = (int)(code - _segments.CodeBase);
            foreach (CodePage page in _units[block.Unit].Pages)
            {
                if (!page.IsCurrent || page.CodeAt(pageOffset) != target)
                    continue;
                Assembler.PatchRel32(_segments.Writable, block.Code + _segments.Jumps(number.Record)[number.Index].Displacement, target);
                return;
            }
        }
    }

    /// <inheritdoc/>
    public bool Changed(ulong physicalPage, int offset, int length, ICarrierFills? own)
    {
        if (Volatile.Read(ref FrontOf(physicalPage)) is { } front && front.PhysicalPage == physicalPage && front.IsBeside(offset, length))
            return false;
        lock (_lock)
        {
            // Whoever has stored to a page that is not found any more may be in its code still.
            if (_disposed || !_pages.TryGetValue(physicalPage, out CodePage? page) || !page.IsCurrent)
                return true;
            PageChange change = page.Note(offset, length);
            if (change == PageChange.BesideBlocks)
                return false;
            if (change == PageChange.OfBlocks && own is not null && _memory.Resolve(physicalPage, FillAccess.Fetch, own) is { Kind: FillKind.Ram } fill)
            {
                // SAFETY: the door has answered a page of RAM that stays where it is until the carrier's next poll.
                ReadOnlySpan<byte> bytes = new((void*)fill.HostAddress, GuestPageBytes);
                CodeUnit unit = page.Unit!;
                if (!unit.IsSharedBeside(page))
                    unit.TakeBack(offset, length, bytes);
                else if (unit.HasDifferent(offset, length, bytes))
                    LetGo(page);
            }
            else
            {
                LetGo(page);
            }

            // Blocks of the page lead to each other without asking: harts that are in it hear of the change at their next poll, which a fence.i is too. The one
            // that stored asks before it goes on. Under the lock: else the page could be current again first, with other blocks, and a store to what the harts are in still be
            // taken for one beside all blocks.
            _memory.Revocations.KickOthers(own);
            return true;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _directory.Remove(this, []);
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
            _pieces.Dispose();
            _segments.Dispose();
        }
    }

    // Under _lock: it is looked at anew before anything of it is executed again.
    private void LetGo(CodePage page)
    {
        page.Unlink();
        _directory.Release(page.PhysicalPage);
    }

    // Under _lock. Whether all current pages that share a page's blocks hold the same where a block is to be made from; stores to it are reported from here on. Where one cannot
    // be looked at now, nobody knows: harts that execute it could come to the new block before they heard that they must not.
    private bool AreShared(CodePage page, int start, int end, ICarrierFills own)
    {
        foreach (CodePage other in page.Unit!.Pages)
        {
            if (other == page || !other.IsCurrent)
                continue;
            other.Watch(start, end - start);
            MemoryFill fill = _memory.Resolve(other.PhysicalPage, FillAccess.Fetch, own);

            // SAFETY: as in Find.
            if (fill.Kind != FillKind.Ram || !new ReadOnlySpan<byte>((byte*)fill.HostAddress + start, end - start).SequenceEqual(_source.AsSpan(start, end - start)))
                return false;
        }

        return true;
    }

    private ref CodePage? FrontOf(ulong physicalPage) => ref _front[(int)(physicalPage / GuestPageBytes) & (FrontCount - 1)];

    // The instruction that lies in a page and the two bytes behind it.
    private void LowerLast(byte[] bytes, IrBlock block)
    {
        block.Clear(block.Start, BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(GuestPageBytes)));
        _frontEnd.Lower(bytes, block, 1);
    }

    // Under _lock. Bytes of code, 0: there is no room.
    private int Write(CodePage page)
    {
        int code = _segments.NextCode;
        _draft.Begin(page, _segments.NextRecord, code);
        int room = _segments.Room(CodeSegments.RecordBytes(_block.End - _block.Start, MostJumps(_block)));
        if (room <= 0)
            return 0;
        int written = _emitter.Emit(_block, _draft, _segments.Writable + code, room, code);
        Debug.Assert(_draft.Jumps.Length <= MostJumps(_block), "an operation jumps once at most, once more in cold code, and so does the end");
        return written;
    }

    private static int MostJumps(IrBlock block) => (2 * block.Count) + 1;

    // Under _lock. Goes on in the next segment, and has the one behind it leave, so that it is empty when it is needed. Null: there is room, or the next call
    // makes some.
    private MemoryWait? MakeRoom(CodePage? keep, ICarrierFills own)
    {
        bool advanced = _segments.Advance();
        if (_whenLeft is not null)
            return advanced ? null : _whenLeft;
        if (!_segments.BeginToLeave(out SegmentContent leaving) && _freeNumbers.Count > 0)
            return null;
        for (int record = CodeSegments.FirstRecord(leaving); record != 0; record = _segments.RecordAfter(leaving, record))
        {
            int number = _segments.Record(record).Unit;
            if (number < 0)
                continue;
            CodeUnit unit = _units[number];
            unit.Leave(leaving);
            foreach (CodePage page in unit.Pages)
                page.Leave(leaving, _removedPieces);
        }

        // Where directories or pieces are short, a page that is to be looked at anew gives its own: its blocks stay for those that share them, or for the same content.
        bool isShort = _freeNumbers.Count == 0 || _pieces.FreeCount < MostPiecesOfBlock;
        foreach (CodePage? page in _pagesByNumber)
        {
            if (page is not null && page != keep && (page.IsEmpty || (isShort && !page.IsCurrent)) && _pages.Remove(page.PhysicalPage))
            {
                if (page.IsCurrent)
                    _directory.Release(page.PhysicalPage);
                page.Unlink();
                page.Leave();
                if (ReferenceEquals(FrontOf(page.PhysicalPage), page))
                    FrontOf(page.PhysicalPage) = null;
                page.RemovePieces(_removedPieces);
                _removedPages.Add(page);
            }
        }

        _units.RemoveEmpty();

        _leaving = leaving;
        _whenLeft = _memory.Revocations.Begin(Revocations.AllPages, own, Left);
        if (_whenLeft is null)
            Left();
        return advanced ? null : _whenLeft;
    }

    private void Left()
    {
        lock (_lock)
        {
            foreach (CodePage page in _removedPages)
            {
                _pagesByNumber[page.Number] = null;
                _freeNumbers.Push(page.Number);
            }

            foreach (uint piece in _removedPieces)
                _pieces.Return(piece);
            _removedPages.Clear();
            _removedPieces.Clear();
            _generation++;
            _segments.Empty(_leaving, _generation);
            _whenLeft = null;
        }
    }
}
