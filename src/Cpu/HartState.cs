using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Strata.Cpu.RiscV;

namespace Strata.Cpu;

/// <summary>
/// Everything one hart is: registers, CSRs, pending interrupts, reservation. A blittable value in native memory at fixed offsets, at most 4 KiB.
/// </summary>
/// <remarks>
/// Only the carrier that runs the hart reads or writes it, with three exceptions that any thread touches, always through <see cref="Interlocked"/> or
/// <see cref="Volatile"/>: <see cref="Mip"/>, <see cref="InterruptInputs"/> and <see cref="ExitWord"/>. Names of CSRs are those of the privileged
/// specification 1.13; their fields hold what a legal write left there (WARL already applied), never derived bits such as <c>mstatus.SD</c>.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
public struct HartState
{
    /// <summary>x0 to x31; x0 is always 0.</summary>
    public RegisterFile X;

    /// <summary>f0 to f31: the raw 64 bits, narrower values NaN-boxed.</summary>
    public RegisterFile F;

    /// <summary>Where the interpreter puts what is written to x0. Not part of the hart.</summary>
    public ulong Discarded;

    /// <summary>Address of the instruction to be executed next; exact whenever the hart is not running, and in CSR accesses, traps and MMIO.</summary>
    public ulong Pc;

    /// <summary>Instructions retired since the hart was made; exact like <see cref="Pc"/>.</summary>
    public ulong InstructionsRetired;

    /// <summary>Not 0: leave the run loop at the next poll. Written by any thread (<see cref="ExitRequest"/> bits, by Interlocked.Or), cleared by the carrier.</summary>
    public int ExitWord;

    /// <summary>The mode the hart is in.</summary>
    public PrivilegeMode Privilege;

    /// <summary>fcsr.frm (3 bits, may hold a reserved value).</summary>
    public byte Frm;

    /// <summary>fcsr.fflags: NV DZ OF UF NX from bit 4 to bit 0.</summary>
    public byte Fflags;

    /// <summary>
    /// Not 0: the address space or what may be accessed in it has changed (privilege, satp, mstatus MPRV/MPP/SUM/MXR, menvcfg, PMP). Set by whoever
    /// changes these; the run loop has the translation follow before the next access, and clears it.
    /// </summary>
    public byte TranslationChanged;

    /// <summary>
    /// The software-writable bits of mip (SSIP, STIP, SEIP). Any thread, Interlocked.And and Or only: our SBI's IPI sets SSIP. What the guest reads is
    /// <c>Mip | InterruptInputs</c>.
    /// </summary>
    public ulong Mip;

    /// <summary>Levels of the lines that others drive: MSIP, MTIP, STIP (Sstc), SEIP, MEIP by their bit in mip. Any thread, Interlocked only.</summary>
    public ulong InterruptInputs;

    /// <summary>mie.</summary>
    public ulong Mie;

    /// <summary>mstatus without SD.</summary>
    public ulong MStatus;

    /// <summary>misa.</summary>
    public ulong Misa;

    /// <summary>medeleg.</summary>
    public ulong Medeleg;

    /// <summary>mideleg.</summary>
    public ulong Mideleg;

    /// <summary>mtvec.</summary>
    public ulong Mtvec;

    /// <summary>mepc.</summary>
    public ulong Mepc;

    /// <summary>mcause.</summary>
    public ulong Mcause;

    /// <summary>mtval.</summary>
    public ulong Mtval;

    /// <summary>mscratch.</summary>
    public ulong Mscratch;

    /// <summary>mcounteren.</summary>
    public ulong Mcounteren;

    /// <summary>mcountinhibit.</summary>
    public ulong Mcountinhibit;

    /// <summary>menvcfg.</summary>
    public ulong Menvcfg;

    /// <summary>mseccfg.</summary>
    public ulong Mseccfg;

    /// <summary>stvec.</summary>
    public ulong Stvec;

    /// <summary>sepc.</summary>
    public ulong Sepc;

    /// <summary>scause.</summary>
    public ulong Scause;

    /// <summary>stval.</summary>
    public ulong Stval;

    /// <summary>sscratch.</summary>
    public ulong Sscratch;

    /// <summary>scounteren.</summary>
    public ulong Scounteren;

    /// <summary>senvcfg.</summary>
    public ulong Senvcfg;

    /// <summary>satp.</summary>
    public ulong Satp;

    /// <summary>stimecmp.</summary>
    public ulong Stimecmp;

    /// <summary>mcycle is this plus <see cref="InstructionsRetired"/> (or this alone while inhibited).</summary>
    public ulong McycleOffset;

    /// <summary>minstret is this plus <see cref="InstructionsRetired"/> (or this alone while inhibited).</summary>
    public ulong MinstretOffset;

    /// <summary>pmpcfg0 to pmpcfg15, one byte per entry.</summary>
    public PmpConfigurations PmpConfiguration;

    /// <summary>pmpaddr0 to pmpaddr15.</summary>
    public PmpAddresses PmpAddress;

    /// <summary>Counts changes of <see cref="PmpConfiguration"/> and <see cref="PmpAddress"/>: what was derived from them names the epoch it holds for.</summary>
    public uint PmpEpoch;

    /// <summary>Physical address that the last LR reserved.</summary>
    public ulong ReservationAddress;

    /// <summary>The virtual address that it used: like QEMU, an SC through another address fails, and without looking at memory.</summary>
    public ulong ReservationVirtualAddress;

    /// <summary>What LR loaded there, sign-extended: SC succeeds if the memory still holds it.</summary>
    public ulong ReservationValue;

    /// <summary>1 while there is a reservation.</summary>
    public byte ReservationIsValid;

    /// <summary>1 while the hart waits in WFI; cleared when an enabled interrupt becomes pending.</summary>
    public byte IsWaiting;

    /// <summary>1 while the hart is stopped (HSM).</summary>
    public byte IsStopped;

    /// <summary>Raised by every fence of the hart, and by remote ones: a set of fills of an older epoch is dropped when the hart is switched in.</summary>
    public uint FenceEpoch;

    /// <summary>Instructions that trapped since the hart was made: they did not retire, but took time where time is counted. No guest can read it.</summary>
    public ulong InstructionsTrapped;
}

/// <summary>Bits of <see cref="HartState.ExitWord"/>: ones of <see cref="Paging.SoftwareTlb.SelectorBits"/>, which emitted code has in a register to test the word with.</summary>
[Flags]
public enum ExitRequest
{
    /// <summary>Nobody wants anything.</summary>
    None = 0,

    /// <summary>Leave the run loop.</summary>
    Kick = 1 << 2,

    /// <summary>An interrupt input rose: look at what is pending, then go on.</summary>
    Interrupt = 1 << 3,

    /// <summary>Another thread waits for this carrier to drop fills.</summary>
    Revocation = 1 << 9,
}

/// <summary>32 registers of 64 bits.</summary>
[InlineArray(32)]
public struct RegisterFile
{
    private ulong _first;
}

/// <summary>16 bytes: pmpcfg0 to pmpcfg15.</summary>
[InlineArray(16)]
public struct PmpConfigurations
{
    private byte _first;
}

/// <summary>16 doublewords: pmpaddr0 to pmpaddr15.</summary>
[InlineArray(16)]
public struct PmpAddresses
{
    private ulong _first;
}
