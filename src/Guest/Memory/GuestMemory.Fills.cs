using Strata.Guest.Processors;

namespace Strata.Guest.Memory;

/// <content>What harts may cache, and how it is taken back.</content>
/// <remarks>
/// Who revokes what: a read entry of a shared frame, by <see cref="BeginReplacement"/>; a write entry, when its page becomes code or a page table or a new
/// generation begins. How they know: the grace period of <see cref="Revocations"/>. Tests: FrameReplacementTests, CodePageTests in Guest.Tests.
/// </remarks>
public sealed partial class GuestMemory
{
    private const PageAttribute WithoutWriteEntries = PageAttribute.Code | PageAttribute.PageTable;

    /// <summary>Finds a page for a hart, which may cache the answer until it is revoked. Called by the carrier that runs the hart.</summary>
    public MemoryFill Resolve(ulong pageAddress, FillAccess access, ICarrierFills? own)
    {
        ulong page = pageAddress / PageSize;
        PageEntry entry = _map[page];
        if (entry.State == PageState.None)
            return new MemoryFill(Bus.IsDevicePage(page * PageSize) ? FillKind.Mmio : FillKind.Nothing);
        if (entry.State == PageState.Private && access == FillAccess.Read && Absence is null)
            return new MemoryFill(FillKind.Ram, _frames.AddressOf(entry.Frame));

        lock (_lock)
        {
            if (access == FillAccess.Fetch && _becomingCode.TryGetValue(page, out MemoryWait? becoming))
                return new MemoryFill(FillKind.NotPresent, Wait: becoming);
            MemoryResult result = LookUp(pageAddress, access, own, out entry);
            if (!result.IsDone)
                return new MemoryFill(FillKind.NotPresent, Wait: result.Wait);
            nint host = _frames.AddressOf(entry.Frame);
            switch (access)
            {
                case FillAccess.Write:
                    bool mayCache = (_attributes[page] & WithoutWriteEntries) == 0;
                    _attributes.Add(page, mayCache ? PageAttribute.Dirty | PageAttribute.WriteFilled : PageAttribute.Dirty);
                    return new MemoryFill(FillKind.Ram, host, mayCache);
                case FillAccess.Fetch when BecomeCode(page, own) is { } wait:
                    return new MemoryFill(FillKind.NotPresent, Wait: wait);
                default:
                    if (entry.State != PageState.Private)
                        _attributes.Add(page, PageAttribute.SharedFilled);
                    return new MemoryFill(FillKind.Ram, host);
            }
        }
    }

    /// <summary>As <see cref="Resolve"/> for loads and stores where that has nothing to decide or to remember: takes no lock. False: ask that.</summary>
    /// <remarks>
    /// Who takes the answer back names the page's state, or its attributes, first, and then begins a grace period: a carrier that has seen what was there before is in
    /// guest code, and drops what it has filled meanwhile when it leaves it, before that period is over. Test: FrameReplacementTests, CodePageTests.
    /// </remarks>
    public bool TryResolve(ulong pageAddress, bool write, out nint hostAddress)
    {
        const PageAttribute Known = PageAttribute.Dirty | PageAttribute.WriteFilled;
        ulong page = pageAddress / PageSize;
        PageEntry entry = _map[page];
        hostAddress = _frames.AddressOf(entry.Frame);
        return entry.State == PageState.Private && Absence is null && (!write || (_attributes[page] & (Known | WithoutWriteEntries)) == Known);
    }

    /// <summary>Bytes were stored without a write entry: tells the keeper of decoded instructions, and drops what was derived from a page table.</summary>
    /// <returns>What the store means for the one that made it.</returns>
    public StoreNotice StoredTo(ulong address, int length, ICarrierFills? own)
    {
        StoreNotice notice = StoreNotice.Unwatched;

        // Whoever makes a page code or a page table says so first and looks at its bytes then: either the bytes are there, or the attribute.
        Interlocked.MemoryBarrier();
        while (length > 0)
        {
            ulong page = address / PageSize;
            int offset = (int)(address & (PageSize - 1));
            int part = Math.Min(length, (int)PageSize - offset);
            PageAttribute attributes = _attributes[page];
            if ((attributes & WithoutWriteEntries) != 0 && notice == StoreNotice.Unwatched)
                notice = StoreNotice.Watched;
            if ((attributes & PageAttribute.PageTable) != 0)
            {
                lock (_lock)
                    DropFillsOfPageTables(own);
                notice = StoreNotice.Changed;
            }

            if ((attributes & PageAttribute.Code) != 0 && CodeObserver is { } observer && observer.CodeChanged(page * PageSize, offset, part, own))
                notice = StoreNotice.Changed;
            address += (ulong)part;
            length -= part;
        }

        return notice;
    }

    /// <summary>No decoded instructions of the page are kept any more: it may have write entries again.</summary>
    public void ReleaseCode(ulong pageAddress)
    {
        lock (_lock)
            _attributes.Remove(pageAddress / PageSize, PageAttribute.Code);
    }

    /// <summary>In deterministic mode: a fill was derived from this page of page-table entries, so stores to it must be seen. Otherwise nothing.</summary>
    public void MarkPageTable(ulong pageAddress, ICarrierFills own)
    {
        if (!_deterministic)
            return;
        ulong page = pageAddress / PageSize;
        lock (_lock)
        {
            if (!_pageTables.Add(page))
                return;
            _attributes.Add(page, PageAttribute.PageTable);
            Interlocked.MemoryBarrier();
            WithdrawWriteEntries(page, own);
        }
    }

    /// <summary>Gives a page another frame with the same content, as copy-on-write and merging do; its old frame is freed after the grace period.</summary>
    /// <returns>Null if that has happened already, otherwise what to wait for; false in <paramref name="begun"/> if the page is leased or being replaced
    /// and the call must be made again after the wait.</returns>
    public MemoryWait? ReplaceFrame(ulong pageAddress, out bool begun)
    {
        ulong page = pageAddress / PageSize;
        lock (_lock)
        {
            begun = false;
            if (_map[page].State == PageState.None)
                throw new ArgumentOutOfRangeException(nameof(pageAddress), pageAddress, "not RAM");
            if (_pending.TryGetValue(page, out (MemoryWait Wait, uint NewFrame) pending))
                return pending.Wait;
            if (_leases.ContainsKey(page))
            {
                if (!_leaseEnds.TryGetValue(page, out MemoryWait? end))
                    _leaseEnds.Add(page, end = new MemoryWait());
                return end;
            }

            begun = true;
            _attributes.Add(page, PageAttribute.SharedFilled);
            return BeginReplacement(page, null);
        }
    }

    /// <summary>Begins a new generation: answers the pages written in the last one, in ascending order, and withdraws all write entries. No hart may be running.</summary>
    public List<ulong> BeginGeneration()
    {
        lock (_lock)
        {
            _ = Revocations.Begin(Revocations.AllPages, null);
            return _attributes.RemoveEverywhere(PageAttribute.Dirty | PageAttribute.WriteFilled, report: PageAttribute.Dirty);
        }
    }

    // Under _lock. Null: the page now has a frame of its own. Otherwise it is pending until the answer completes.
    private MemoryWait? BeginReplacement(ulong page, ICarrierFills? own)
    {
        PageEntry old = _map[page];

        // Before anything has changed: whoever asked hears that frames are used up, not the carrier on which the grace period ends.
        uint frame = _frames.Allocate();
        if ((_attributes[page] & PageAttribute.SharedFilled) != 0)
        {
            _map.Set(page, old with { State = PageState.Pending });
            MemoryWait? wait = Revocations.Begin(page * PageSize, own, () => FinishReplacement(page, old, frame));
            if (wait is not null)
            {
                _pending.Add(page, (wait, frame));
                return wait;
            }
        }

        Replace(page, old, frame);
        return null;
    }

    private void FinishReplacement(ulong page, PageEntry old, uint frame)
    {
        bool code;
        lock (_lock)
        {
            _pending.Remove(page);
            Replace(page, old, frame);
            code = (_attributes[page] & PageAttribute.Code) != 0;
        }

        // Decoded instructions stay valid (the bytes are the same), but nothing may remember where they lay.
        if (code)
            CodeObserver?.CodeChanged(page * PageSize, 0, (int)PageSize, null);
    }

    // Under _lock, when no carrier can reach the old frame any more.
    private void Replace(ulong page, PageEntry old, uint frame)
    {
        if (old.State != PageState.Zero)
            _frames.Bytes(old.Frame).CopyTo(_frames.Bytes(frame));
        _map.Set(page, new PageEntry(PageState.Private, frame));
        _attributes.Remove(page, PageAttribute.SharedFilled | PageAttribute.WriteFilled);
        if (old.Frame != _frames.ZeroFrame)
            _frames.Release(old.Frame);
    }

    // Under _lock. Null: no write entry of the page is left anywhere.
    private MemoryWait? BecomeCode(ulong page, ICarrierFills? own)
    {
        if ((_attributes[page] & PageAttribute.Code) != 0)
            return null;
        _attributes.Add(page, PageAttribute.Code);
        Interlocked.MemoryBarrier();
        return WithdrawWriteEntries(page, own);
    }

    private MemoryWait? WithdrawWriteEntries(ulong page, ICarrierFills? own)
    {
        if ((_attributes[page] & PageAttribute.WriteFilled) == 0)
            return null;
        _attributes.Remove(page, PageAttribute.WriteFilled);
        MemoryWait? wait = Revocations.Begin(page * PageSize, own, () =>
        {
            lock (_lock)
                _becomingCode.Remove(page);
        });
        if (wait is not null)
            _becomingCode[page] = wait;
        return wait;
    }

    // Under _lock. With the fills gone nothing is derived from any table, so all of them may have write entries again.
    private void DropFillsOfPageTables(ICarrierFills? own)
    {
        foreach (ulong page in _pageTables)
            _attributes.Remove(page, PageAttribute.PageTable);
        _pageTables.Clear();
        _ = Revocations.Begin(Revocations.AllPages, own);
    }
}
