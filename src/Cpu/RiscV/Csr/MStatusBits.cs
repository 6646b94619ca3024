// Privileged specification 1.13, figure 7 (mstatus for RV64) and figure 25 (sstatus).
namespace Strata.Cpu.RiscV.Csr;

/// <summary>Fields of mstatus and of sstatus, its window.</summary>
public static class MStatusBits
{
    /// <summary>SIE: interrupts for S-mode are enabled while in it.</summary>
    public const ulong Sie = 1UL << 1;

    /// <summary>MIE.</summary>
    public const ulong Mie = 1UL << 3;

    /// <summary>SPIE: SIE before the trap.</summary>
    public const ulong Spie = 1UL << 5;

    /// <summary>MPIE.</summary>
    public const ulong Mpie = 1UL << 7;

    /// <summary>SPP: the mode before the trap into S-mode, 0 for U and 1 for S.</summary>
    public const ulong Spp = 1UL << 8;

    /// <summary>Lowest bit of MPP.</summary>
    public const int MppShift = 11;

    /// <summary>MPP: the mode before the trap into M-mode, two bits.</summary>
    public const ulong Mpp = 3UL << MppShift;

    /// <summary>Lowest bit of FS.</summary>
    public const int FsShift = 13;

    /// <summary>FS: 0 off, 1 initial, 2 clean, 3 dirty.</summary>
    public const ulong Fs = 3UL << FsShift;

    /// <summary>MPRV: loads and stores as in the mode of MPP.</summary>
    public const ulong Mprv = 1UL << 17;

    /// <summary>SUM: S-mode may access user pages.</summary>
    public const ulong Sum = 1UL << 18;

    /// <summary>MXR: executable pages are readable.</summary>
    public const ulong Mxr = 1UL << 19;

    /// <summary>TVM: S-mode's satp accesses and SFENCE.VMA trap.</summary>
    public const ulong Tvm = 1UL << 20;

    /// <summary>TW: WFI below M-mode traps.</summary>
    public const ulong Tw = 1UL << 21;

    /// <summary>TSR: SRET in S-mode traps.</summary>
    public const ulong Tsr = 1UL << 22;

    /// <summary>UXL = 2: U-mode is 64 bits wide, always.</summary>
    public const ulong Uxl64 = 2UL << 32;

    /// <summary>SXL = 2: S-mode is 64 bits wide, always.</summary>
    public const ulong Sxl64 = 2UL << 34;

    /// <summary>SD: some of FS (VS, XS) is dirty; derived, never stored.</summary>
    public const ulong Sd = 1UL << 63;
}
