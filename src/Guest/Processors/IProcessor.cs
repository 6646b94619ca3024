using Strata.Guest.Interrupts;
using Strata.Guest.Memory;

namespace Strata.Guest.Processors;

/// <summary>One hart: data that a carrier runs. Implemented by Cpu (and later by a hardware engine), driven by Machines.</summary>
public interface IProcessor
{
    /// <summary>The hart's number in its machine, from 0.</summary>
    int HartId { get; }

    /// <summary>Instructions retired since the machine was made; exact whenever the hart is not running, and in MMIO handlers and CSR reads that it makes. A hart
    /// whose code does not count (translated, in a machine that is not deterministic) has an estimate instead.</summary>
    ulong InstructionsRetired { get; }

    /// <summary>Instructions retired, and those that trapped instead: what a deterministic clock counts, for a hart that only traps must not stop time. Exact as
    /// <see cref="InstructionsRetired"/> is.</summary>
    ulong InstructionsAttempted { get; }

    /// <summary>Runs until the budget is spent, the hart waits, or it is kicked. Only one carrier runs a hart at a time.</summary>
    /// <remarks>No host address is remembered from one call to the next but in <paramref name="fills"/>. A kick that the hart itself caused (a CSR write or an MMIO
    /// access that moved a clock event) ends the call right after that instruction.</remarks>
    /// <param name="fills">The carrier's cached translations, made by <see cref="IProcessorFamily.CreateFills"/>; used by this call alone.</param>
    /// <param name="maxInstructions">Exactly so many instructions are attempted at most; code that does not count runs until it is kicked.</param>
    RunExit Run(ICarrierFills fills, ulong maxInstructions);

    /// <summary>Makes a running hart leave <see cref="Run"/> at its next poll with <see cref="RunExitReason.Kicked"/> (or another reason that came first). Any thread.</summary>
    void Kick();

    /// <summary>Called on any thread whenever an interrupt input rises, a timer of the hart falls due or the hart is kicked, so that whoever put a waiting hart
    /// aside runs it again. Set once by the machine, before the hart first runs.</summary>
    Action? Woken { get; set; }

    /// <summary>The input of the given interrupt.</summary>
    IInterruptLine Input(HartInterrupt interrupt);
}

/// <summary>The cached translations of one carrier: software TLB, later jump caches. Tagged with the hart that filled them.</summary>
public interface ICarrierFills : IDisposable
{
    /// <summary>Drops every cached translation of the guest page that starts at <paramref name="pageAddress"/>, read, write and fetch. Called by the owning carrier only.</summary>
    void DropPage(ulong pageAddress);

    /// <summary>Drops everything. Called by the owning carrier only.</summary>
    void DropAll();
}

/// <summary>What all harts of a machine have in common, and the factory for what carriers need.</summary>
public interface IProcessorFamily
{
    /// <summary>Makes an empty set of fills for one carrier.</summary>
    ICarrierFills CreateFills();
}

/// <summary>Interrupts that a hart can be sent from outside, by their bit in <c>mip</c> (privileged specification 1.13, section 3.1.9).</summary>
public enum HartInterrupt
{
    /// <summary>SSIP: set by our SBI's IPI extension.</summary>
    SupervisorSoftware = 1,

    /// <summary>MSIP: the CLINT's msip register.</summary>
    MachineSoftware = 3,

    /// <summary>STIP as driven from outside (without Sstc).</summary>
    SupervisorTimer = 5,

    /// <summary>MTIP: the CLINT's mtimecmp.</summary>
    MachineTimer = 7,

    /// <summary>SEIP: the PLIC's supervisor context.</summary>
    SupervisorExternal = 9,

    /// <summary>MEIP: the PLIC's machine context.</summary>
    MachineExternal = 11,
}

/// <summary>Why a hart left <see cref="IProcessor.Run"/>.</summary>
public enum RunExitReason
{
    /// <summary>The given number of instructions was attempted: those that trapped did not retire but count, so that a guest that only traps gives its carrier back.</summary>
    BudgetSpent,

    /// <summary><see cref="IProcessor.Kick"/> was called.</summary>
    Kicked,

    /// <summary>WFI (or wrs.nto) with nothing pending: run again after an interrupt input was set or the hart was kicked.</summary>
    WaitingForInterrupt,

    /// <summary>A page is absent or a fence is under way: run again after <see cref="RunExit.Wait"/>; the instruction restarts (an SBI call is completed).</summary>
    WaitingForMemory,

    /// <summary>The hart was stopped through HSM; it runs again after it was started.</summary>
    Stopped,
}

/// <summary>The outcome of <see cref="IProcessor.Run"/>.</summary>
public readonly record struct RunExit(RunExitReason Reason, MemoryWait? Wait = null);
