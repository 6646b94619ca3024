// Privileged specification 1.13, tables 4 to 8 (allocation of CSR addresses).
namespace Strata.Cpu.RiscV.Csr;

/// <summary>
/// Addresses of the CSRs that a hart has. Bits 11 to 10 are 3 for read-only ones, bits 9 to 8 are the lowest mode that may access it.
/// </summary>
public static class CsrNumber
{
#pragma warning disable CS1591 // The names are the specification's.
    public const int Fflags = 0x001;
    public const int Frm = 0x002;
    public const int Fcsr = 0x003;

    public const int Sstatus = 0x100;
    public const int Sie = 0x104;
    public const int Stvec = 0x105;
    public const int Scounteren = 0x106;
    public const int Senvcfg = 0x10a;
    public const int Sscratch = 0x140;
    public const int Sepc = 0x141;
    public const int Scause = 0x142;
    public const int Stval = 0x143;
    public const int Sip = 0x144;
    public const int Stimecmp = 0x14d;
    public const int Satp = 0x180;

    public const int Mstatus = 0x300;
    public const int Misa = 0x301;
    public const int Medeleg = 0x302;
    public const int Mideleg = 0x303;
    public const int Mie = 0x304;
    public const int Mtvec = 0x305;
    public const int Mcounteren = 0x306;
    public const int Menvcfg = 0x30a;
    public const int Mcountinhibit = 0x320;
    public const int Mhpmevent3 = 0x323;
    public const int Mhpmevent31 = 0x33f;
    public const int Mscratch = 0x340;
    public const int Mepc = 0x341;
    public const int Mcause = 0x342;
    public const int Mtval = 0x343;
    public const int Mip = 0x344;
    public const int Pmpcfg0 = 0x3a0;
    public const int Pmpcfg2 = 0x3a2;
    public const int Pmpaddr0 = 0x3b0;
    public const int Pmpaddr15 = 0x3bf;

    public const int Mcycle = 0xb00;
    public const int Minstret = 0xb02;
    public const int Mhpmcounter3 = 0xb03;
    public const int Mhpmcounter31 = 0xb1f;

    public const int Cycle = 0xc00;
    public const int Time = 0xc01;
    public const int Instret = 0xc02;
    public const int Hpmcounter3 = 0xc03;
    public const int Hpmcounter31 = 0xc1f;

    public const int Mvendorid = 0xf11;
    public const int Marchid = 0xf12;
    public const int Mimpid = 0xf13;
    public const int Mhartid = 0xf14;
    public const int Mconfigptr = 0xf15;
#pragma warning restore CS1591
}
