using System.Diagnostics;

namespace Strata.Cpu.Paging;

public unsafe partial class SoftwareTlb
{
    private const ulong IsFilled = 1;
    private const ulong IsLogged = 2;

    /// <summary>SFENCE.VMA or SINVAL.VMA of the hart: forgets what the instruction names, or more.</summary>
    /// <param name="hartId">The hart.</param>
    /// <param name="virtualAddress">rs1's value, or null for x0: every address.</param>
    /// <param name="asid">rs2's value, or null for x0: every address space, and global mappings too.</param>
    public void Fence(int hartId, ulong? virtualAddress, ulong? asid)
    {
        ForgetWatched();
        int filled = virtualAddress is null ? 0 : _filledSets[IndexOf(virtualAddress.Value)];
        for (int set = 0; set < SetCount; set++)
        {
            SetState state = _sets[set];
            if (state.LogCount == 0 || state.Key.Satp == 0 || state.Key.HartId != hartId)
                continue;
            if (asid is not null && (state.Key.Asid != (asid & 0xffff) || !state.HasLocalFills))
                continue;
            if (virtualAddress is null || state.MayShareMapping(virtualAddress.Value))
                Clear(set);
            else if ((filled >> set & 1) != 0)
                DropVirtualPage(set, virtualAddress.Value);
        }
    }

    /// <summary>After <see cref="Fence"/>: raises the hart's epoch, so that what other carriers still hold for it from times when it ran there is dropped
    /// when it comes back; what is left here has seen the fence.</summary>
    public void FenceElsewhere(ref HartState s, int hartId)
    {
        uint epoch = Interlocked.Increment(ref s.FenceEpoch);
        foreach (SetState state in _sets)
        {
            if (state.Key.HartId == hartId && state.Epoch == epoch - 1)
                state.Epoch = epoch;
        }

        // The same holds for views of this hart.
        if (_views.HartId == hartId && _views.Epoch == epoch - 1)
            _views = _views with { Epoch = epoch };
    }

    /// <inheritdoc/>
    public void DropPage(ulong pageAddress)
    {
        ForgetWatched();
        int next = _heads[HeadOf(pageAddress)];
        while (next != 0)
        {
            int index = next - 1;
            next = LinksAt(index)->Next;
            if ((GuestPageAt(index) & ~PageOffset) == pageAddress)
                Drop(index);
        }
    }

    /// <inheritdoc/>
    public void DropAll()
    {
        for (int set = 0; set <= SetCount; set++)
            Clear(set);
    }

    private static int HeadOf(ulong guestPage) => (int)(((guestPage >> 12) * 0x9E3779B97F4A7C15) >> (64 - HeadBits));

    private void Put(int set, int index, ulong page, ulong guestPage, nint addend)
    {
        ref ulong promised = ref GuestPageAt(index);
        ChainLinks* links = LinksAt(index);
        if ((promised & IsFilled) != 0)
            Unlink(index);
        if ((promised & IsLogged) == 0)
        {
            SetState state = _sets[set];
            _logs[(set * _entriesPerSet) + state.LogCount++] = (ushort)(index - (set * _entriesPerSet));
            if (set < SetCount)
                _filledSets[index & (_entryCount - 1)] |= (ushort)(1 << set);
        }

        int* head = _heads + HeadOf(guestPage);
        promised = guestPage | IsFilled | IsLogged;
        links->Next = *head;
        links->Previous = 0;
        if (*head != 0)
            LinksAt(*head - 1)->Previous = index + 1;
        *head = index + 1;
        TlbEntry* entry = EntryAt(index);
        entry->Page = page;
        entry->Addend = addend;
    }

    private void DropVirtualPage(int set, ulong virtualAddress)
    {
        int index = (set * _entriesPerSet) + IndexOf(virtualAddress);
        for (int table = 0; table < TablesPerSet; table++, index += _entryCount)
        {
            if ((GuestPageAt(index) & IsFilled) != 0 && EntryAt(index)->Page == (virtualAddress & ~PageOffset))
                Drop(index);
        }
    }

    private void Clear(int set)
    {
        ForgetWatched();
        SetState state = _sets[set];
        ushort* log = _logs + (set * _entriesPerSet);
        for (int i = 0; i < state.LogCount; i++)
        {
            int index = (set * _entriesPerSet) + log[i];
            if ((GuestPageAt(index) & IsFilled) != 0)
                Drop(index);
            GuestPageAt(index) = 0;
            if (set < SetCount)
                _filledSets[index & (_entryCount - 1)] &= (ushort)~(1 << set);
        }

        state.Reset();
    }

    private void Drop(int index)
    {
        Unlink(index);
        GuestPageAt(index) &= ~IsFilled;
        Invalidate(index);
        EntryAt(index)->Addend = 0;
    }

    private void Unlink(int index)
    {
        ChainLinks* links = LinksAt(index);
        Debug.Assert((GuestPageAt(index) & IsFilled) != 0, "only filled entries are in a chain");
        if (links->Next != 0)
            LinksAt(links->Next - 1)->Previous = links->Previous;
        if (links->Previous != 0)
            LinksAt(links->Previous - 1)->Next = links->Next;
        else
            _heads[HeadOf(GuestPageAt(index))] = links->Next;
    }

    /// <summary>Empty: the page belongs at another index than this entry's, so nothing that is looked up here lies in it.</summary>
    private void Invalidate(int index) => EntryAt(index)->Page = (index & (_entryCount - 1)) == 0 ? 0x1000UL : 0;
}
