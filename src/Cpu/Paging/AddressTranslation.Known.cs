using System.Runtime.CompilerServices;
using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;
using Strata.Guest.Memory;

namespace Strata.Cpu.Paging;

public sealed unsafe partial class AddressTranslation
{
    // All bits of a pointer's entry but its page number, RSW and G; and of a leaf's those that ask for a closer look: PBMT, N and what is reserved.
    private const ulong PointerBits = (0x3ffUL << 54) | PageTableEntry.Accessed | PageTableEntry.Dirty | (1 << 4) | LeafBits | 1;
    private const ulong Unusual = 0x3ffUL << 54;
    private const ulong LeafBits = 2 | 4 | 8;

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
        int level = (int)(s.Satp >> 60) - 6;
        int unusedBits = 64 - 12 - 9 - (9 * level);
        if ((ulong)((long)(virtualAddress << unusedBits) >> unusedBits) != virtualAddress)
            return false;
        ulong table = (s.Satp & 0xfff_ffff_ffff) << 12;
        ulong global = 0;
        ulong entry;
        while (true)
        {
            nint page = tlb.FindPageTable(table);
            if (page == 0)
                return false;

            // SAFETY: as in Walk.
            entry = Volatile.Read(ref Unsafe.AsRef<ulong>((void*)(page + (nint)(((virtualAddress >> (12 + (9 * level))) & 0x1ff) * PteBytes))));
            global |= entry;
            if ((entry & LeafBits) != 0)
                break;
            if ((entry & PointerBits) != 1 || level == 0)
                return false;
            table = (entry >> 10) << 12;
            level--;
        }

        // V and R (and W) and A (and D), of this mode's pages.
        ulong wanted = write ? 1 | 2 | 4 | PageTableEntry.Accessed | PageTableEntry.Dirty : 1 | 2 | PageTableEntry.Accessed;
        if ((entry & (wanted | Unusual)) != wanted)
            return false;
        bool isUser = (entry & 16) != 0;
        if (isUser != (s.Privilege == PrivilegeMode.User) && (!isUser || (s.MStatus & MStatusBits.Sum) == 0))
            return false;
        int regionBits = 12 + (9 * level);
        ulong region = (1UL << regionBits) - 1;
        ulong start = (entry >> 10) << 12;
        if ((start & region) != 0)
            return false;
        ulong physical = start | (virtualAddress & region);
        FillAccess access = write ? FillAccess.Write : FillAccess.Read;
        if (!_pmp.IsOpen && !(_pmp.IsUniform(physical & ~PageOffset) && _pmp.Allows(physical, 1, access, s.Privilege) && _pmp.Allows(physical, 1, FillAccess.Read, s.Privilege)))
            return false;
        if (!memory.TryResolve(physical & ~PageOffset, write, out nint hostPage))
            return false;
        tlb.Fill(access, virtualAddress, physical, hostPage, regionBits, (global & 32) != 0);
        host = hostPage + (nint)(virtualAddress & PageOffset);
        return true;
    }
}
