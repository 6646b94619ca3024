using System.Runtime.CompilerServices;
using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;
using Strata.Guest.Memory;

namespace Strata.Cpu.Paging;

public sealed unsafe partial class AddressTranslation
{
    // Of a pointer's entry all bits but its page number, RSW and G.
    private const ulong PointerBits = PageTableEntry.Extensions | PageTableEntry.Accessed | PageTableEntry.Dirty | PageTableEntry.User
        | PageTableEntry.Readable | PageTableEntry.Writable | PageTableEntry.Executable | PageTableEntry.Valid;

    private const ulong PlainLoad = PageTableEntry.Valid | PageTableEntry.Readable | PageTableEntry.Accessed;
    private const ulong PlainStore = PlainLoad | PageTableEntry.Writable | PageTableEntry.Dirty;

    /// <summary>
    /// Translates a load or store that missed the TLB and fills it, where nothing on the way has to be changed, found or refused: all pages of entries are known to the
    /// walker, the entries are plain and have their A and D bits, PMP has one verdict for the page, and it is the machine's own. False: nothing has
    /// changed; <see cref="Translate"/> knows what to do.
    /// </summary>
    /// <param name="s">The hart.</param>
    /// <param name="virtualAddress">Of the first byte; all lie in one page.</param>
    /// <param name="write">It is a store.</param>
    /// <param name="tlb">As for <see cref="Translate"/>.</param>
    /// <param name="host">The place of the first byte, good until the carrier's next poll.</param>
    public bool TryTranslate(ref HartState s, ulong virtualAddress, bool write, SoftwareTlb tlb, out nint host)
    {
        host = 0;
        _pmp.Follow(in s);
        if (s.Satp >> 60 == 0 || s.Privilege == PrivilegeMode.Machine || (s.MStatus & MStatusBits.Mprv) != 0)
            return false;
        if (!IsCanonical(in s, virtualAddress, out int levels))
            return false;
        ulong table = (s.Satp & 0xfff_ffff_ffff) << 12;
        int level = levels - 1;
        bool isGlobal = false;
        PageTableEntry entry;
        while (true)
        {
            nint page = tlb.FindPageTable(table);
            if (page == 0)
                return false;

            // SAFETY: as in Walk.
            entry = new PageTableEntry(Volatile.Read(ref Unsafe.AsRef<ulong>((void*)(page + (nint)OffsetInTable(virtualAddress, level)))));
            isGlobal |= entry.IsGlobal;
            if (!entry.IsPointer)
                break;
            if ((entry.Value & PointerBits) != PageTableEntry.Valid || level == 0)
                return false;
            table = entry.PageNumber << 12;
            level--;
        }

        FillAccess access = write ? FillAccess.Write : FillAccess.Read;
        ulong plain = write ? PlainStore : PlainLoad;
        if ((entry.Value & (plain | PageTableEntry.Extensions)) != plain || !MayAccess(in s, entry, access, s.Privilege))
            return false;
        int regionBits = 12 + (9 * level);
        ulong region = (1UL << regionBits) - 1;
        ulong start = entry.PageNumber << 12;
        if ((start & region) != 0)
            return false;
        ulong physical = start | (virtualAddress & region);
        if (!_pmp.AllowsPage(physical & ~PageOffset, access))
            return false;
        if (!memory.TryResolve(physical & ~PageOffset, write, out nint hostPage))
            return false;
        tlb.Fill(access, virtualAddress, physical, hostPage, regionBits, isGlobal);
        host = hostPage + (nint)(virtualAddress & PageOffset);
        return true;
    }
}
