// Privileged specification 1.13, sections 3.1.6.3 (MPRV, MXR, SUM), 3.7 (PMP), 4.3.2 (address translation process).
using System.Runtime.CompilerServices;
using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;
using Strata.Guest.Memory;

namespace Strata.Cpu.Paging;

/// <summary>Turns the virtual addresses of one hart into places in the host, and fills the carrier's TLB on the way: the slow path of every access.</summary>
/// <remarks>Used by whichever carrier runs the hart, one at a time.</remarks>
public sealed partial class AddressTranslation(GuestMemory memory)
{
    private const ulong PageOffset = 0xfff;

    private readonly Pmp _pmp = new();

    /// <summary>The mode whose rules loads and stores follow: with MPRV set, that in MPP.</summary>
    public static PrivilegeMode DataMode(in HartState s) =>
        (s.MStatus & MStatusBits.Mprv) != 0 ? (PrivilegeMode)((s.MStatus >> MStatusBits.MppShift) & 3) : s.Privilege;

    /// <summary>Translates an access that missed the TLB.</summary>
    /// <param name="s">The hart; nothing in it changes, but the guest's page tables may (Svadu).</param>
    /// <param name="virtualAddress">Of the first byte.</param>
    /// <param name="access">Loads and LR are reads; stores, SC, AMO and CBO.ZERO are writes.</param>
    /// <param name="size">Bytes, all in one 4 KiB page: an access across a page boundary is translated in two parts, the lower one first.</param>
    /// <param name="tlb">The carrier's TLB, activated for the hart; it is filled if the whole page may be accessed so.</param>
    /// <param name="translation">The answer.</param>
    public void Translate(ref HartState s, ulong virtualAddress, FillAccess access, int size, SoftwareTlb tlb, out Translation translation)
    {
        // Every path below assigns it.
        Unsafe.SkipInit(out translation);
        _pmp.Follow(in s);
        PrivilegeMode mode = access == FillAccess.Fetch ? s.Privilege : DataMode(in s);
        Leaf leaf = Leaf.Identity(virtualAddress);
        if (mode != PrivilegeMode.Machine && s.Satp >> 60 != 0 && !Walk(ref s, virtualAddress, access, size, mode, tlb, ref leaf, ref translation))
            return;

        // Page faults come before PMP's access faults: by now the walk has found none.
        if (!_pmp.Allows(leaf.PhysicalAddress, size, access, mode))
        {
            translation = Translation.AccessFault(access, virtualAddress);
            return;
        }

        MemoryFill fill = memory.Resolve(leaf.PhysicalAddress & ~PageOffset, access, tlb);
        switch (fill.Kind)
        {
            case FillKind.Ram:
                // Translated code takes what may be stored to for what may be loaded from; only PMP can forbid that, with W without R.
                bool mayCache = access != FillAccess.Write || (fill.MayCacheWrites && _pmp.Allows(leaf.PhysicalAddress, size, FillAccess.Read, mode));
                if (_pmp.IsUniform(leaf.PhysicalAddress & ~PageOffset))
                {
                    if (mayCache)
                        tlb.Fill(access, virtualAddress, leaf.PhysicalAddress, fill.HostAddress, leaf.RegionBits, leaf.IsGlobal);
                    else
                        tlb.FillWatched(virtualAddress, leaf.PhysicalAddress, fill.HostAddress);
                }

                translation = Translation.Ram(fill.HostAddress + (nint)(leaf.PhysicalAddress & PageOffset), leaf.PhysicalAddress, !mayCache);
                break;
            case FillKind.Mmio:
                translation = Translation.Mmio(leaf.PhysicalAddress);
                break;
            case FillKind.NotPresent:
                translation = Translation.NotPresent(fill.Wait);
                break;
            default:
                translation = Translation.AccessFault(access, virtualAddress);
                break;
        }
    }

    /// <summary>
    /// Translates for CBO.CLEAN, CBO.FLUSH and CBO.INVAL (specification of the CMO extensions, section 2.5.2): allowed where a load or a store is, and a fault is a store's.
    /// </summary>
    public void TranslateForCacheBlock(ref HartState s, ulong virtualAddress, int size, SoftwareTlb tlb, out Translation translation)
    {
        // Whatever may be stored to may be loaded from: page tables and PMP both reserve W without R.
        Translate(ref s, virtualAddress, FillAccess.Read, size, tlb, out translation);
        if (translation.Kind != TranslationKind.Fault)
            return;
        translation = translation.Cause == TrapCause.LoadPageFault
            ? Translation.PageFault(FillAccess.Write, virtualAddress)
            : Translation.AccessFault(FillAccess.Write, virtualAddress);
    }
}
