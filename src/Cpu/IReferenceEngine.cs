using Strata.Guest.Processors;

namespace Strata.Cpu;

/// <summary>What became of an instruction that translated code left to the interpreter.</summary>
internal enum StepOutcome
{
    /// <summary>It retired; the next one follows, and nothing has to be looked at before it.</summary>
    Next,

    /// <summary>It retired; the state says where to go on, and something has to be looked at first: an interrupt, the address space, changed code.</summary>
    Retired,

    /// <summary>It did not retire: a trap was taken, the state says where to go on.</summary>
    Trapped,

    /// <summary>It retired, then the hart leaves.</summary>
    LeaveRetired,

    /// <summary>The hart leaves, and the instruction restarts.</summary>
    LeaveNotRetired,
}

/// <summary>
/// The interpreter as the translator sees it: it executes single instructions whose address is in <see cref="HartState.Pc"/>, decides what happens between
/// two instructions, and runs whatever is not translated.
/// </summary>
internal interface IReferenceEngine
{
    /// <summary>Why a hart leaves, after an outcome that says so or a false answer of <see cref="Reconsider"/>.</summary>
    RunExit Exit { get; }

    /// <summary>The carrier's fills for the time of a run.</summary>
    /// <param name="fills">The fills.</param>
    /// <param name="isCounted">Retired instructions are counted; if not, what the guest reads of its counters follows the host's clock, as in QEMU.</param>
    void Attach(ICarrierFills fills, bool isCounted);

    /// <summary>Loads to register <paramref name="slot"/>; the arguments say bytes, bits above the sign (0: zero-extend), length of the instruction.</summary>
    StepOutcome Load(ulong address, int slot, int size, int sign, int length);

    /// <summary>Loads a floating-point number to register <paramref name="slot"/>, while floating point is on.</summary>
    StepOutcome LoadFloat(ulong address, int slot, int size, int length);

    /// <summary>Stores the low bytes of <paramref name="value"/>.</summary>
    StepOutcome Store(ulong address, ulong value, int size, int length);

    /// <summary>Executes an instruction that is not a jump, a branch or plain arithmetic.</summary>
    StepOutcome Step(uint bits);

    /// <summary>Between two instructions: false if the hart must leave; else an interrupt may have been taken, and the TLB follows the state.</summary>
    bool Reconsider();

    /// <summary>Runs up to so many instructions, and keeps nothing of them; the count in the state is exact before and after.</summary>
    RunExit Run(ICarrierFills fills, ulong maxInstructions);
}
