// Privileged specification 1.13, sections 4.2.1 (SFENCE.VMA), 4.3 and 4.4: what a hart may remember of its page tables, and who makes it forget.
//
// Every fill is a promise. Who takes it back, how they know that it has landed, and the test that catches it if not:
//
// | what changes                        | who revokes                               | landed when                               | test                               |
// |-------------------------------------|-------------------------------------------|-------------------------------------------|------------------------------------|
// | a page table of this hart           | the guest: SFENCE.VMA -> Fence            | at once, on the owning carrier            | SoftwareTlbTests.Fence_*           |
// | ... by a hart that ran elsewhere    | the same: FenceElsewhere raises FenceEpoch| the other carrier's next Activate of it   | MovedHartTests, RandomFenceTests   |
// | ... seen from another hart          | remote fence: raises HartState.FenceEpoch | the carrier's next Activate (each entry   | SoftwareTlbTests.Epoch_*           |
// |                                     |                                           | to the run loop and each poll after it)   |                                    |
// | satp, mode, SUM, MXR, MPRV, PMP,    | nobody: they are the set's key, Activate  | at once: the run loop activates before    | SoftwareTlbTests.Key_*             |
// | menvcfg.ADUE and PBMTE              | chooses another set                       | the next access (TranslationChanged)      |                                    |
// | ... where emitted code changes mode | TranslatedLoop: the tables of views are   | before emitted code goes on               | ViewTests                          |
// | or SUM: the tables of three views   | forgotten when ViewGeneration changes, and|                                           |                                    |
// |                                     | when the hart is run anew                 |                                           |                                    |
// | the frame behind a guest page, or   | Guest's Revocations -> DropPage, DropAll  | the carrier has passed its poll; on the   | SoftwareTlbTests.DropPage_*,       |
// | its being writable without notice   |                                           | replacing carrier itself at once          | Guest's message-passing tests      |
// | deterministic mode: a store to a    | GuestMemory.StoredTo (page tables never   | before the store's instruction retires    | AddressTranslationTests            |
// | page table                          | have write entries) -> DropAll            |                                           |                                    |
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Strata.Cpu.RiscV;
using Strata.Guest.Memory;
using Strata.Guest.Processors;

namespace Strata.Cpu.Paging;

/// <summary>One cached translation: a virtual page and what to add to a virtual address in it to get the host's.</summary>
/// <remarks>
/// An access of n bytes at address a hits if <c>a - Page &lt;= 4096 - n</c> (unsigned): one subtraction and one compare, exact for misaligned accesses,
/// for those that leave the page, and for non-canonical addresses. An empty entry holds a page that no address looked up at its index lies in.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
public struct TlbEntry
{
    /// <summary>Virtual address of the page's first byte.</summary>
    public ulong Page;

    /// <summary>Host address minus virtual address; <see cref="SoftwareTlb.AddendDistance"/> bytes behind the page, so only of an entry in its table.</summary>
    public nint Addend
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        readonly get => Unsafe.As<ulong, nint>(ref Unsafe.AddByteOffset(ref Unsafe.AsRef(in Page), SoftwareTlb.AddendDistance));
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set => Unsafe.As<ulong, nint>(ref Unsafe.AddByteOffset(ref Page, SoftwareTlb.AddendDistance)) = value;
    }
}

/// <summary>
/// The software TLB of one carrier: sets of four direct-mapped tables (read, write, fetch, translated code) in native memory. A set belongs to one hart, address space and
/// effective mode, so a change of mode or of ASID chooses another set and forgets nothing.
/// </summary>
/// <remarks>Used by its carrier's thread alone. It serves the harts of one machine.</remarks>
public unsafe partial class SoftwareTlb : ICarrierFills
{
    /// <summary>Entries of one table where code is interpreted; the index is the low bits of the virtual page number.</summary>
    public const int FewEntries = 4096;

    /// <summary>Where it is translated: 64 MiB without a walk, for 2.5 MB of memory.</summary>
    public const int ManyEntries = 16384;

    /// <summary>From <see cref="Selector"/> to the tables: entries are aligned, <see cref="SelectorBits"/> are not.</summary>
    internal const int SelectorDistance = 4;

    internal const int SetCount = 16;

    /// <summary>Bytes from an entry to its addend: however many entries a table has, its place has room for as many as there can be.</summary>
    internal const nint AddendDistance = ManyEntries * sizeof(ulong);

    private const int TableBytes = 2 * (int)AddendDistance;

    /// <summary>Bytes from an entry to its record, whose first doubleword is the guest-physical page with flags in its low 12 bits.</summary>
    internal const int RecordDistance = ((SetCount * TablesPerSet) + 1) * TableBytes;

    private const int PageBits = 12;

    // Low bits of the tables' address are chosen.
    private const nuint TablesAlignment = 1 << 16;
    private const int TablesPerSet = 4;
    private const int CodeTable = 3;
    private const int HeadBits = 13;

    private const ulong PageOffset = 0xfff;

    private readonly int _entryCount;
    private readonly int _entriesPerSet;

    // The walker's own table: guest-physical page tables by physical page, of the hart and its PMP registers (_walkContext) that ran last.
    private readonly int _walkBase;

    // Owned, zeroed at first: by table all pages, then all addends, so that an index scaled by 8 finds both; and behind them in the same shape the records of their promises, so that
    // emitted code finds a record by its entry: all guest-physical pages of a table, then all links.
    private readonly void* _allocation;
    private readonly byte* _tables;
    private readonly int _indexBits;

    // Reverse map: hash of the guest page -> first record of a chain, as index + 1; 0 is none.
    private readonly int* _heads;

    // Per set, the indexes in it that were filled since it was cleared, each once; the walker's table is the last set.
    private readonly ushort* _logs;
    private readonly SetState[] _sets = new SetState[SetCount + 1];

    // By the index of an entry, a bit for each set in which one of its tables may have something there.
    private readonly ushort[] _filledSets;

    // By hash of a key: the set that it had last.
    private readonly byte[] _hints = new byte[SetKey.Hashes];

    private ulong _useClock;
    private ulong _walkContext;
    private ViewsKey _views;
    private int _dataSet;
    private int _fetchSet;
    private bool _disposed;

    /// <summary>Makes an empty TLB. Its tables take 36 MB of address space and memory only where they were used.</summary>
    /// <param name="entryCount">Entries of a table: a power of two up to <see cref="ManyEntries"/>, for logs hold indexes in a set as 16 bits.</param>
    public SoftwareTlb(int entryCount = FewEntries)
    {
        _entryCount = entryCount;
        _filledSets = new ushort[entryCount];
        _entriesPerSet = entryCount * TablesPerSet;
        _walkBase = SetCount * _entriesPerSet;
        _indexBits = BitOperations.Log2((uint)entryCount);

        // SAFETY: sizes are constants; calloc answers zeroed memory or throws. Freed in Dispose, after which the owner uses nothing of it.
        Debug.Assert(sizeof(TlbEntry) == sizeof(ulong) && sizeof(ChainLinks) == sizeof(nint) && entryCount <= ManyEntries, "as the distances have it");
        _allocation = NativeMemory.AllocZeroed((2 * RecordDistance) + (2 * TablesAlignment));
        _tables = (byte*)(((nuint)_allocation + TablesAlignment - 1) & ~(TablesAlignment - 1)) + SelectorBits(entryCount) + SelectorDistance;
        _heads = (int*)NativeMemory.AllocZeroed(1 << HeadBits, sizeof(int));
        _logs = (ushort*)NativeMemory.AllocZeroed((nuint)((SetCount + 1) * _entriesPerSet), sizeof(ushort));
        for (int set = 0; set <= SetCount; set++)
        {
            _sets[set] = new SetState();
            for (int table = 0; table < (set == SetCount ? 1 : TablesPerSet); table++)
                Invalidate((set * _entriesPerSet) + (table * _entryCount));
        }

        Select(0, 0);
    }

    /// <summary>Loads look here: so many entries as the constructor was told. Valid until the next <see cref="Activate"/>.</summary>
    public TlbEntry* Read { get; private set; }

    /// <summary>
    /// What emitted code holds of the tables: where <see cref="Read"/> is, less <see cref="SelectorDistance"/>; its low 16 bits are <see cref="SelectorBits"/>, so that one register
    /// leads to the tables and takes an index out of an address. Where loads, stores and fetches use one set. Valid until the next <see cref="Activate"/>.
    /// </summary>
    internal nint Selector => (nint)Read - SelectorDistance;

    /// <summary>Stores look here. Valid until the next <see cref="Activate"/>.</summary>
    public TlbEntry* Write { get; private set; }

    /// <summary>Instruction fetches look here. Valid until the next <see cref="Activate"/>.</summary>
    public TlbEntry* Fetch { get; private set; }

    /// <summary>
    /// Jumps of translated code look here; an addend is the address of whatever <see cref="FillCode"/> was given. The tables of a set lie one
    /// behind the other, in the order read, write, fetch, code.
    /// </summary>
    public TlbEntry* Code { get; private set; }

    /// <summary>
    /// How the hart that <see cref="Activate"/> has chosen the tables for sees its memory: 0 as U-mode, 1 as S-mode, 2 as S-mode with SUM; -1 otherwise, and after <see cref="Choose"/>. While nothing else changes, that is while
    /// <see cref="ViewGeneration"/> stays, a view has the same tables always.
    /// </summary>
    internal int View { get; private set; } = -1;

    /// <summary>Changes with all that is part of a set's key or epoch but the mode and SUM, and when a set becomes another key's.</summary>
    internal int ViewGeneration { get; private set; }

    /// <summary>Loads, stores and fetches use one set, so that all four tables lie together (without MPRV).</summary>
    public bool IsOneSet => _dataSet == _fetchSet;

    /// <summary>What page numbers are masked with to get an index.</summary>
    internal uint IndexMask => (uint)_entryCount - 1;

    /// <summary>Where a virtual address is looked up in a table of this TLB.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TlbEntry* Find(TlbEntry* table, ulong virtualAddress) => Find(table, virtualAddress, IndexMask);

    /// <summary>The same with the mask at hand.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TlbEntry* Find(TlbEntry* table, ulong virtualAddress, uint indexMask) => table + ((uint)(virtualAddress >> 12) & indexMask);

    /// <summary>What takes the index out of an address, as BEXTR wants it: where its bits begin, and in bits 15:8 how many they are.</summary>
    internal static uint SelectorBits(int entryCount) => ((uint)BitOperations.Log2((uint)entryCount) << 8) | PageBits;

    /// <summary>True if <paramref name="entry"/>, found for the address, serves <paramref name="size"/> bytes there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Hits(TlbEntry* entry, ulong virtualAddress, int size) => virtualAddress - entry->Page <= 4096UL - (uint)size;

    /// <summary>The guest-physical address of the page that a valid entry of this TLB translates to.</summary>
    public ulong GuestPageOf(TlbEntry* entry)
    {
        Debug.Assert(entry >= _tables && entry < _tables + RecordDistance, "not an entry of this TLB");
        return *(ulong*)((byte*)entry + RecordDistance) & ~PageOffset;
    }

    /// <summary>
    /// Chooses the tables for the hart as it is now: called when it is switched in, after every change of privilege, satp, mstatus, PMP or menvcfg
    /// (<see cref="HartState.TranslationChanged"/>), and after a poll that found a remote fence (<see cref="HartState.FenceEpoch"/>).
    /// </summary>
    public void Activate(ref HartState s, int hartId)
    {
        // Ordered after the fence that raised it: whoever raised it changed the page tables before.
        uint epoch = Volatile.Read(ref s.FenceEpoch);
        PrivilegeMode dataMode = AddressTranslation.DataMode(in s);
        SetKey key = SetKey.Of(in s, hartId, s.Privilege);
        if (key.HartAndPmp != _walkContext)
        {
            Clear(SetCount);
            _walkContext = key.HartAndPmp;
        }

        ViewsKey views = ViewsKey.Of(in s, key, epoch);
        if (views != _views)
        {
            _views = views;
            ViewGeneration++;
        }

        int fetch = SetFor(key, epoch);
        int data = dataMode == s.Privilege ? fetch : SetFor(SetKey.Of(in s, hartId, dataMode), epoch);
        View = views.ViewOf(in s);
        Select(data, fetch);
    }

    /// <summary>Emitted code has chosen other tables, of those that <see cref="Selector"/> named for a view of this <see cref="ViewGeneration"/>.</summary>
    internal void Choose(nint selector)
    {
        int set = (int)((byte*)selector + SelectorDistance - _tables) / (TablesPerSet * TableBytes);
        Debug.Assert((nint)EntryAt(set * _entriesPerSet) == selector + SelectorDistance && set < SetCount, "not the tables of a set");
        _sets[set].LastUse = ++_useClock;
        View = -1;
        Select(set, set);
    }

    /// <summary>Remembers a translation in the active set. The caller has checked every permission for every byte of the page.</summary>
    /// <param name="access">The table.</param>
    /// <param name="virtualAddress">Any address in the virtual page.</param>
    /// <param name="physicalAddress">Any address in the guest-physical page.</param>
    /// <param name="hostPage">Host address of the page's first byte.</param>
    /// <param name="regionBits">The mapping that it was made from spans 2^this bytes: 12, or more for a superpage or a Svnapot range.</param>
    /// <param name="isGlobal">Every page table entry's G bit on the way made the mapping global.</param>
    internal void Fill(FillAccess access, ulong virtualAddress, ulong physicalAddress, nint hostPage, int regionBits, bool isGlobal)
    {
        int set = access == FillAccess.Fetch ? _fetchSet : _dataSet;
        ulong page = virtualAddress & ~PageOffset;
        int index = (set * _entriesPerSet) + ((int)access * _entryCount) + IndexOf(virtualAddress);
        Put(set, index, page, physicalAddress & ~PageOffset, hostPage - (nint)page);
        SetState state = _sets[set];
        if (!isGlobal)
            state.HasLocalFills = true;
        if (regionBits > 12)
            state.AddRegion(page & ~((1UL << regionBits) - 1), regionBits);
    }

    /// <summary>Remembers where the translated code of a page is found. The page's fetch translation is cached, so this promise is taken back with it.</summary>
    internal void FillCode(ulong virtualAddress, nint place)
    {
        TlbEntry* fetch = Find(Fetch, virtualAddress);
        Debug.Assert(Hits(fetch, virtualAddress, 1), "a fetch fill comes first");
        int index = (_fetchSet * _entriesPerSet) + (CodeTable * _entryCount) + IndexOf(virtualAddress);
        Put(_fetchSet, index, virtualAddress & ~PageOffset, GuestPageOf(fetch), place);
    }

    /// <summary>The host address of a guest page all of whose entries the hart may read, or 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal nint FindPageTable(ulong guestPage)
    {
        TlbEntry* entry = EntryAt(_walkBase + IndexOf(guestPage));
        return entry->Page == guestPage ? (nint)guestPage + entry->Addend : 0;
    }

    /// <summary>Remembers where a page table lies in the host, until <see cref="DropPage"/>.</summary>
    internal void FillPageTable(ulong guestPage, nint hostPage) =>
        Put(SetCount, _walkBase + IndexOf(guestPage), guestPage, guestPage, hostPage - (nint)guestPage);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the tables.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (_disposed)
            return;
        _disposed = true;
        NativeMemory.Free(_allocation);
        NativeMemory.Free(_heads);
        NativeMemory.Free(_logs);
    }

    // The entry with an index, which counts through all tables.
    private TlbEntry* EntryAt(int index) =>
        (TlbEntry*)(_tables + ((index >> _indexBits) * TableBytes) + ((index & (_entryCount - 1)) * sizeof(TlbEntry)));

    private ref ulong GuestPageAt(int index) => ref *(ulong*)((byte*)EntryAt(index) + RecordDistance);

    private ChainLinks* LinksAt(int index) => (ChainLinks*)((byte*)EntryAt(index) + RecordDistance + AddendDistance);

    private int IndexOf(ulong address) => (int)((uint)(address >> 12) & IndexMask);

    private void Select(int dataSet, int fetchSet)
    {
        _dataSet = dataSet;
        _fetchSet = fetchSet;
        Read = EntryAt((dataSet * _entriesPerSet) + ((int)FillAccess.Read * _entryCount));
        Write = EntryAt((dataSet * _entriesPerSet) + ((int)FillAccess.Write * _entryCount));
        Fetch = EntryAt((fetchSet * _entriesPerSet) + ((int)FillAccess.Fetch * _entryCount));
        Code = EntryAt((fetchSet * _entriesPerSet) + (CodeTable * _entryCount));
    }

    /// <summary>Finds the key's set, or clears the least recently used one for it; never answers a set older than the hart's fence epoch.</summary>
    private int SetFor(SetKey key, uint epoch)
    {
        ref byte hint = ref _hints[key.Hash];
        SetState state = _sets[hint];
        if (state.Key != key || state.Epoch != epoch)
        {
            hint = (byte)FindSet(key, epoch);
            state = _sets[hint];
        }

        state.LastUse = ++_useClock;
        return hint;
    }

    private int FindSet(SetKey key, uint epoch)
    {
        int found = -1;
        int oldest = 0;
        for (int set = 0; set < SetCount; set++)
        {
            if (_sets[set].Key == key)
            {
                found = set;
                break;
            }

            if (_sets[set].LastUse < _sets[oldest].LastUse)
                oldest = set;
        }

        if (found < 0)
        {
            found = oldest;
            ViewGeneration++;
        }
        else if (_sets[found].Epoch == epoch)
        {
            return found;
        }

        Clear(found);
        _sets[found].Key = key;
        _sets[found].Epoch = epoch;
        return found;
    }
}
