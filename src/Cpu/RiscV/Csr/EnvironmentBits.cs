// Privileged specification 1.13, sections 3.1.18 (menvcfg) and 4.1.10 (senvcfg).
namespace Strata.Cpu.RiscV.Csr;

/// <summary>Fields of menvcfg and senvcfg.</summary>
public static class EnvironmentBits
{
    /// <summary>FIOM: fences of memory imply fences of devices.</summary>
    public const ulong Fiom = 1;

    /// <summary>CBIE: CBO.INVAL below is 0 illegal, 1 a flush, 3 an invalidation; 2 is reserved.</summary>
    public const ulong Cbie = 3UL << 4;

    /// <summary>CBCFE: CBO.CLEAN and CBO.FLUSH are allowed below.</summary>
    public const ulong Cbcfe = 1UL << 6;

    /// <summary>CBZE: CBO.ZERO is allowed below.</summary>
    public const ulong Cbze = 1UL << 7;

    /// <summary>ADUE: the hart updates A and D bits (Svadu).</summary>
    public const ulong Adue = 1UL << 61;

    /// <summary>PBMTE: page-based memory types (Svpbmt).</summary>
    public const ulong Pbmte = 1UL << 62;

    /// <summary>STCE: stimecmp (Sstc).</summary>
    public const ulong Stce = 1UL << 63;
}
