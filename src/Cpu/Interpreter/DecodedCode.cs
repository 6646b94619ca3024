using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Strata.Guest.Processors;

namespace Strata.Cpu.Interpreter;

/// <summary>The decoded pages of one carrier: at most <see cref="PageCount"/>; one that was not used for long gives way.</summary>
/// <remarks>
/// Keyed by guest-physical page, so what is decoded survives every change of address space. The carrier's thread alone looks up, makes and evicts;
/// any thread may report changed bytes. <see cref="_lock"/> is held while slots are written, so a report is never overtaken by bytes read before it; a page is
/// counted before its bytes are read, so a report that finds none counted may go on: the bytes will be read as they are now.
/// </remarks>
internal sealed unsafe class DecodedCode : ICodeHolder, IDisposable
{
    /// <summary>Pages kept.</summary>
    public const int PageCount = 128;

    private const int FrontCount = 1024;
    private const int FrontRefresh = 64;
    private const int CountCount = 256;

    private readonly Lock _lock = new();
    private readonly CodeDirectory _directory;
    private readonly byte* _pages;

    // Where pages were found by virtual page number; never null. What is found is compared with the physical page, so nothing needs to be taken back.
    private readonly DecodedPage** _front;
    private readonly DecodedPage* _alone;

    // By a hash of the instruction's bits.
    private readonly (bool IsKnown, uint Bits, DecodedSlot Slot)[] _known = new (bool, uint, DecodedSlot)[256];

    // Guarded by _lock: index of the page that holds a guest-physical page.
    private readonly Dictionary<ulong, int> _indexes = [];

    // By a hash of the guest-physical page, how many are decoded. Written under _lock, before a page's bytes are read; read without it, after bytes were stored.
    private readonly int[] _counts = new int[CountCount];

    private int _used;
    private int _evictions;
    private ulong _useClock;
    private bool _disposed;

    public DecodedCode(CodeDirectory directory)
    {
        _directory = directory;

        // SAFETY: constant sizes; freed in Dispose, which the directory is told of first. Untouched pages of this cost nothing.
        _pages = (byte*)NativeMemory.AllocZeroed((nuint)PageCount, DecodedPage.SizeBytes);
        _front = (DecodedPage**)NativeMemory.AllocZeroed(FrontCount, (nuint)sizeof(void*));
        _alone = (DecodedPage*)NativeMemory.AllocZeroed(DecodedPage.SizeBytes);
        _alone->PhysicalPage = DecodedPage.NoPage;
        DecodedSlot* slots = DecodedPage.Slots(_alone);
        slots[1].Op = SlotOperation.EndOfPage;
        slots[2].Op = SlotOperation.EndOfPage;
        ClearFront();
        directory.Add(this);
    }

    /// <summary>The page, or null if it is not decoded.</summary>
    /// <param name="virtualAddress">An address that leads to the page at present: only a hint where it was found the last time.</param>
    /// <param name="physicalPage">The page.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DecodedPage* Find(ulong virtualAddress, ulong physicalPage)
    {
        DecodedPage* page = _front[FrontIndex(virtualAddress)];
        return page->PhysicalPage == physicalPage ? page : FindBehind(virtualAddress, physicalPage);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DecodedPage* FindBehind(ulong virtualAddress, ulong physicalPage)
    {
        DecodedPage* page;
        lock (_lock)
        {
            if (!_indexes.TryGetValue(physicalPage, out int index))
                return null;
            page = PageAt(index);
        }

        page->LastUse = ++_useClock;
        _front[FrontIndex(virtualAddress)] = page;
        return page;
    }

    /// <summary>Makes room for a page, which the directory holds, if need be in place of the least recently used one.</summary>
    public DecodedPage* Add(ulong physicalPage)
    {
        ulong evicted = DecodedPage.NoPage;
        DecodedPage* page;
        lock (_lock)
        {
            int index = _used;
            if (index < PageCount)
            {
                _used++;
            }
            else
            {
                // Pages found by the front do not note their use: now and then they have to.
                if (++_evictions % FrontRefresh == 0)
                    ClearFront();
                index = LeastRecentlyUsed();
                evicted = PageAt(index)->PhysicalPage;
                _indexes.Remove(evicted);
                CountOf(evicted)--;
            }

            page = PageAt(index);
            DecodedPage.Clear(page, physicalPage);
            _indexes.Add(physicalPage, index);
            CountOf(physicalPage)++;
        }

        page->LastUse = ++_useClock;
        if (evicted != DecodedPage.NoPage)
            _directory.Release(evicted);
        return page;
    }

    /// <summary>Decodes instructions of a page from the given slot on.</summary>
    public void Decode(DecodedPage* page, nint hostPage, int first)
    {
        lock (_lock)
            DecodedPage.Decode(page, (byte*)hostPage, first);
    }

    /// <summary>A page that holds this one instruction, until the next call.</summary>
    public DecodedPage* Alone(uint bits)
    {
        // What is left to the interpreter comes again and again: translated code names it by its bits.
        ref (bool IsKnown, uint Bits, DecodedSlot Slot) known = ref _known[(int)((bits * 0x9E3779B1) >> 24)];
        if (!known.IsKnown || known.Bits != bits)
            known = (true, bits, SlotDecoder.Decode(RiscV.Decoder.Decode(bits), -1));
        DecodedPage.Slots(_alone)[0] = known.Slot;
        ushort* units = DecodedPage.Units(_alone);
        units[0] = (ushort)bits;
        units[1] = (ushort)(bits >> 16);
        return _alone;
    }

    /// <inheritdoc/>
    public bool Changed(ulong physicalPage, int offset, int length, ICarrierFills? own)
    {
        if (Volatile.Read(ref CountOf(physicalPage)) == 0)
            return false;
        lock (_lock)
        {
            if (_disposed || !_indexes.TryGetValue(physicalPage, out int index))
                return false;
            DecodedPage.Invalidate(PageAt(index), offset, length);
            return true;
        }
    }

    public void Dispose()
    {
        _directory.Remove(this, [.. _indexes.Keys]);
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
            NativeMemory.Free(_pages);
            NativeMemory.Free(_front);
            NativeMemory.Free(_alone);
        }
    }

    private ref int CountOf(ulong physicalPage) => ref _counts[(int)(physicalPage >> 12) & (CountCount - 1)];

    private static int FrontIndex(ulong virtualAddress) => (int)((virtualAddress >> 12) & (FrontCount - 1));

    private void ClearFront() => new Span<nint>(_front, FrontCount).Fill((nint)_alone);

    private DecodedPage* PageAt(int index) => (DecodedPage*)(_pages + ((nint)index * DecodedPage.SizeBytes));

    private int LeastRecentlyUsed()
    {
        int oldest = 0;
        for (int i = 1; i < PageCount; i++)
        {
            if (PageAt(i)->LastUse < PageAt(oldest)->LastUse)
                oldest = i;
        }

        return oldest;
    }
}
