namespace Strata.Conformance.Differential;

/// <summary>A place where QEMU 10 departs from the specification, or both are right and differ, so that cases leave it out.</summary>
/// <param name="Fault">What QEMU does.</param>
/// <param name="Specified">What the specification says.</param>
/// <param name="File">The source under tests/guest that keeps it out of the comparison.</param>
/// <param name="Mark">Words of the comment there.</param>
public sealed record OracleFault(string Fault, string Specified, string File, string Mark);

/// <summary>All of them. A difference that is neither here nor a fault of ours is news about QEMU: add a row and a mark.</summary>
public static class OracleFaults
{
    /// <summary>The table; sections are those of the privileged specification 1.13 unless said otherwise.</summary>
    public static IReadOnlyList<OracleFault> Rows { get; } =
    [
        new("a store over an instruction of the block being executed is seen when the block ends", "only after fence.i (unprivileged, Zifencei)",
            "instructions/flow.c", "QEMU sees it once the block it translated ends"),
        new("an sfence.vma that changes the page it is fetched from is seen when the block ends", "10.2.1: by the next instruction",
            "programs/units.c", "QEMU goes on in the block it translated after a fence"),
        new("a jump inside a page that is remapped in the same block, by an sfence.vma, is linked to code of the other page, and that link is used in all address spaces",
            "10.2.1: each space has its own pages", "programs/units.c", "by a jump that QEMU never links"),
        new("an SC without a reservation faults as a store would by page tables and PMP, not for lack of memory", "free", "programs/serve.c", "An SC without its LR"),
        new("whether an instruction that only raises flags makes mstatus.FS dirty differs", "3.1.6.6: may be imprecise",
            "instructions/main.c", "how precisely \"dirty\" is tracked is free"),
        new("csrrc of no bits on fflags is no write", "unprivileged, Zicsr: any source register but x0 writes",
            "privileged/main.c", "QEMU, for one, takes a csrrc of nothing"),
        new("mstatus.UXL can become 1 (32 bits)", "3.1.6.3: WARL; ours is 2", "privileged/csrs.c", "QEMU lets UXL become 32 bits"),
        new("bits that do not exist here are kept: menvcfg 60, mideleg, mip, mcountinhibit, pmpcfg 5 and 6, pmpaddr 54 to 63, mepc 0",
            "3.1.9 to 3.1.18, 3.7.1: read-only zero", "privileged/csrs.c", "Where QEMU keeps a bit that the specification makes read-only"),
        new("of several pending interrupts the one with the lowest number is taken", "3.1.9: SEI, SSI, STI",
            "privileged/csrs.c", "QEMU takes the interrupt with the lowest number first"),
        new("a write of stimecmp without STCE clears STIP; setting STCE keeps it", "Sstc: STIP follows stimecmp exactly while STCE is set",
            "privileged/main.c", "QEMU drops STIP on a write of stimecmp without STCE"),
        new("sfence.w.inval and sfence.inval.ir execute in U-mode", "Svinval: illegal instruction", "privileged/main.c", "QEMU permits the last two in U-mode"),
        new("AMO on a page without W whose read fails by PMP or for lack of memory: store access fault", "3.1.15, table of priorities: page fault",
            "paging/main.c", "QEMU reports a store access fault for an AMO"),
        new("A and D are set before a reserved NAPOT entry is refused", "12.3.2: a page fault changes nothing", "paging/main.c", "before it finds that a NAPOT entry is reserved"),
        new("Svadu updates entries that the PMP forbids to write", "12.3.1: access fault", "paging/main.c", "QEMU updates entries that the PMP forbids"),
        new("mtval of a breakpoint is the address at which the instruction was first translated", "3.1.16: its virtual address",
            "paging/main.c", "For a breakpoint QEMU reports"),
        new("of a crossing access, page faults of both pages come before the lack of memory behind one", "free", "paging/main.c", "Which of the two pages of a crossing access"),
        new("page tables are read out of devices", "3.6.1: I/O regions need not support it; ours is an access fault", "paging/space.c", "QEMU reads page tables out of devices"),
    ];
}
