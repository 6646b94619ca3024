// RISC-V calling conventions, chapter 1 (ABI names); names of CSRs as in the privileged specification.
using System.Collections.Frozen;
using Strata.Cpu.RiscV.Csr;

namespace Strata.Cpu.RiscV;

/// <summary>Names of registers as assemblers write them.</summary>
public static class RegisterNames
{
    private static readonly FrozenDictionary<int, string> Csrs = MakeCsrs();

    /// <summary>x0 to x31.</summary>
    public static IReadOnlyList<string> Integer { get; } =
    [
        "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
        "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
    ];

    /// <summary>f0 to f31.</summary>
    public static IReadOnlyList<string> Float { get; } =
    [
        "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1", "fa0", "fa1", "fa2", "fa3", "fa4", "fa5",
        "fa6", "fa7", "fs2", "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11",
    ];

    /// <summary>A CSR's name, or its number in hexadecimal if the hart has none there.</summary>
    public static string Csr(int number) => Csrs.TryGetValue(number, out string? name) ? name : $"0x{number:x}";

    private static FrozenDictionary<int, string> MakeCsrs()
    {
        Dictionary<int, string> names = new()
        {
            [CsrNumber.Fflags] = "fflags",
            [CsrNumber.Frm] = "frm",
            [CsrNumber.Fcsr] = "fcsr",
            [CsrNumber.Sstatus] = "sstatus",
            [CsrNumber.Sie] = "sie",
            [CsrNumber.Stvec] = "stvec",
            [CsrNumber.Scounteren] = "scounteren",
            [CsrNumber.Senvcfg] = "senvcfg",
            [CsrNumber.Sscratch] = "sscratch",
            [CsrNumber.Sepc] = "sepc",
            [CsrNumber.Scause] = "scause",
            [CsrNumber.Stval] = "stval",
            [CsrNumber.Sip] = "sip",
            [CsrNumber.Stimecmp] = "stimecmp",
            [CsrNumber.Satp] = "satp",
            [CsrNumber.Mstatus] = "mstatus",
            [CsrNumber.Misa] = "misa",
            [CsrNumber.Medeleg] = "medeleg",
            [CsrNumber.Mideleg] = "mideleg",
            [CsrNumber.Mie] = "mie",
            [CsrNumber.Mtvec] = "mtvec",
            [CsrNumber.Mcounteren] = "mcounteren",
            [CsrNumber.Menvcfg] = "menvcfg",
            [CsrNumber.Mcountinhibit] = "mcountinhibit",
            [CsrNumber.Mscratch] = "mscratch",
            [CsrNumber.Mepc] = "mepc",
            [CsrNumber.Mcause] = "mcause",
            [CsrNumber.Mtval] = "mtval",
            [CsrNumber.Mip] = "mip",
            [CsrNumber.Pmpcfg0] = "pmpcfg0",
            [CsrNumber.Pmpcfg2] = "pmpcfg2",
            [CsrNumber.Mcycle] = "mcycle",
            [CsrNumber.Minstret] = "minstret",
            [CsrNumber.Cycle] = "cycle",
            [CsrNumber.Time] = "time",
            [CsrNumber.Instret] = "instret",
            [CsrNumber.Mvendorid] = "mvendorid",
            [CsrNumber.Marchid] = "marchid",
            [CsrNumber.Mimpid] = "mimpid",
            [CsrNumber.Mhartid] = "mhartid",
            [CsrNumber.Mconfigptr] = "mconfigptr",
        };
        for (int i = 0; i < 16; i++)
            names[CsrNumber.Pmpaddr0 + i] = $"pmpaddr{i}";
        for (int i = 3; i < 32; i++)
        {
            names[CsrNumber.Mhpmevent3 - 3 + i] = $"mhpmevent{i}";
            names[CsrNumber.Mhpmcounter3 - 3 + i] = $"mhpmcounter{i}";
            names[CsrNumber.Hpmcounter3 - 3 + i] = $"hpmcounter{i}";
        }

        return names.ToFrozenDictionary();
    }
}
