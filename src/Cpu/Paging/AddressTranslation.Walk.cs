using System.Runtime.CompilerServices;
using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;
using Strata.Guest.Memory;

namespace Strata.Cpu.Paging;

public sealed unsafe partial class AddressTranslation
{
    private const int PteBytes = 8;

    /// <summary>Where a virtual address leads.</summary>
    /// <param name="PhysicalAddress">Guest-physical, of the byte itself.</param>
    /// <param name="RegionBits">The mapping spans 2^this bytes.</param>
    /// <param name="IsGlobal">Some entry on the way has G.</param>
    private readonly record struct Leaf(ulong PhysicalAddress, int RegionBits, bool IsGlobal)
    {
        public static Leaf Identity(ulong address) => new(address, 12, false);
    }

    /// <summary>
    /// Section 4.3.2, the process of translating a virtual address; its steps are marked. True: <paramref name="leaf"/> is the answer; false: <paramref name="failure"/>.
    /// </summary>
    private bool Walk(
        ref HartState s, ulong virtualAddress, FillAccess access, int size, PrivilegeMode mode, SoftwareTlb tlb, ref Leaf leaf, ref Translation failure)
    {
        if (!IsCanonical(in s, virtualAddress, out int levels))
        {
            failure = Translation.PageFault(access, virtualAddress);
            return false;
        }

        bool memoryTypes = (s.Menvcfg & EnvironmentBits.Pbmte) != 0;
        while (true)
        {
            // Step 1.
            ulong table = (s.Satp & 0xfff_ffff_ffff) << 12;
            bool isGlobal = false;
            int level = levels - 1;
            ulong entryAddress;
            PageTableEntry entry;
            while (true)
            {
                // Step 2.
                ulong offset = OffsetInTable(virtualAddress, level);
                entryAddress = table + offset;
                nint host = tlb.FindPageTable(table);
                if (host == 0 && !FindPageTable(entryAddress, access, virtualAddress, tlb, ref failure, out host))
                    return false;

                // SAFETY: the door, or an entry of ours that DropPage would have removed, says that the page lies there until the carrier's next poll;
                // the offset is below 4096 and a multiple of 8. One read: other harts write the entry meanwhile.
                entry = new PageTableEntry(Volatile.Read(ref Unsafe.AsRef<ulong>((void*)(host + (nint)offset))));

                // Steps 3 and 4.
                if (!entry.IsValid || entry.IsReserved(memoryTypes))
                    goto PageFault;
                isGlobal |= entry.IsGlobal;
                if (!entry.IsPointer)
                    break;
                if (entry.IsReservedPointer || level == 0)
                    goto PageFault;
                table = entry.PageNumber << 12;
                level--;
            }

            // Step 5: a superpage begins at a multiple of its size; Svnapot knows only 16 pages of the last level.
            int regionBits = 12 + (9 * level);
            ulong pageNumber = entry.PageNumber;
            if (entry.IsNapot)
            {
                if (level != 0 || (pageNumber & 0xf) != 8)
                    goto PageFault;
                regionBits = 16;
                pageNumber &= ~0xfUL;
            }

            ulong region = (1UL << regionBits) - 1;
            if (((pageNumber << 12) & region) != 0)
                goto PageFault;

            // Steps 6 to 8.
            if (!MayAccess(in s, entry, access, mode))
                goto PageFault;
            leaf = new Leaf((pageNumber << 12) | (virtualAddress & region), regionBits, isGlobal);

            // Step 9.
            ulong wanted = access == FillAccess.Write ? PageTableEntry.Accessed | PageTableEntry.Dirty : PageTableEntry.Accessed;
            if ((entry.Value & wanted) == wanted)
                return true;

            if ((s.Menvcfg & EnvironmentBits.Adue) == 0)
                goto PageFault;

            // An access that PMP will refuse leaves no trace in the page table.
            if (!_pmp.Allows(leaf.PhysicalAddress, size, access, mode) || !_pmp.Allows(entryAddress, PteBytes, FillAccess.Write, PrivilegeMode.Supervisor))
            {
                failure = Translation.AccessFault(access, virtualAddress);
                return false;
            }

            if (!UpdateEntry(entryAddress, entry, wanted, access, virtualAddress, tlb, ref failure))
                return false;

            // From the top again: another hart may have changed the entry, and in deterministic mode our store has dropped what was derived from it.
        }

    PageFault:
        failure = Translation.PageFault(access, virtualAddress);
        return false;
    }

    // Its unused upper bits are what sign-extension makes them.
    private static bool IsCanonical(in HartState s, ulong virtualAddress, out int levels)
    {
        levels = (int)(s.Satp >> 60) - 5;
        int unusedBits = 64 - 12 - (9 * levels);
        return (ulong)((long)(virtualAddress << unusedBits) >> unusedBits) == virtualAddress;
    }

    private static ulong OffsetInTable(ulong virtualAddress, int level) => ((virtualAddress >> (12 + (9 * level))) & 0x1ff) * PteBytes;

    private static bool MayAccess(in HartState s, PageTableEntry entry, FillAccess access, PrivilegeMode mode)
    {
        if (entry.IsUser)
        {
            // S-mode never executes from a user page, and reads and writes it only with SUM.
            if (mode == PrivilegeMode.Supervisor && (access == FillAccess.Fetch || (s.MStatus & MStatusBits.Sum) == 0))
                return false;
        }
        else if (mode == PrivilegeMode.User)
        {
            return false;
        }

        return access switch
        {
            FillAccess.Read => entry.IsReadable || (entry.IsExecutable && (s.MStatus & MStatusBits.Mxr) != 0),
            FillAccess.Write => entry.IsWritable,
            _ => entry.IsExecutable,
        };
    }

    /// <summary>Finds a page of entries that the carrier has not read from lately, or of which PMP allows some accesses only.</summary>
    private bool FindPageTable(ulong entryAddress, FillAccess access, ulong virtualAddress, SoftwareTlb tlb, ref Translation failure, out nint host)
    {
        host = 0;
        if (!_pmp.Allows(entryAddress, PteBytes, FillAccess.Read, PrivilegeMode.Supervisor))
        {
            failure = Translation.AccessFault(access, virtualAddress);
            return false;
        }

        ulong page = entryAddress & ~PageOffset;
        memory.MarkPageTable(page, tlb);
        MemoryFill fill = memory.Resolve(page, FillAccess.Read, tlb);
        if (!IsRam(fill, access, virtualAddress, ref failure))
            return false;
        host = fill.HostAddress;

        // Found again it is read without a look at PMP.
        if (_pmp.IsUniform(page))
            tlb.FillPageTable(page, host);
        return true;
    }

    /// <summary>Svadu: sets A, or A and D, if the entry is still what was read. True: walk again.</summary>
    private bool UpdateEntry(
        ulong entryAddress, PageTableEntry entry, ulong wanted, FillAccess access, ulong virtualAddress, SoftwareTlb tlb, ref Translation failure)
    {
        // The pointer that was read through may lead to a frame shared with a branch: writing asks for another.
        MemoryFill fill = memory.Resolve(entryAddress & ~PageOffset, FillAccess.Write, tlb);
        if (!IsRam(fill, access, virtualAddress, ref failure))
            return false;

        // SAFETY: as above, and the door has answered a frame that may be written.
        ref ulong place = ref Unsafe.AsRef<ulong>((void*)(fill.HostAddress + (nint)(entryAddress & PageOffset)));
        if (Interlocked.CompareExchange(ref place, entry.Value | wanted, entry.Value) == entry.Value && !fill.MayCacheWrites)
            memory.StoredTo(entryAddress, PteBytes, tlb);
        return true;
    }

    private static bool IsRam(MemoryFill fill, FillAccess access, ulong virtualAddress, ref Translation failure)
    {
        if (fill.Kind == FillKind.Ram)
            return true;
        failure = fill.Kind == FillKind.NotPresent ? Translation.NotPresent(fill.Wait) : Translation.AccessFault(access, virtualAddress);
        return false;
    }
}
