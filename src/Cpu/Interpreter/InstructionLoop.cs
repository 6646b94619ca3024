using Strata.Cpu.Paging;
using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;
using Strata.Guest.Memory;
using Strata.Guest.Processors;
using Strata.Guest.Sbi;

namespace Strata.Cpu.Interpreter;

/// <summary>The readable reference: executes one hart's instructions, one after the other, without allocating.</summary>
/// <remarks>
/// <see cref="Loop"/> does what is frequent, <see cref="ExecuteSlow"/> the rest: memory that misses the TLB, atomics, CSRs, privileged instructions,
/// floating point. Used by whichever carrier runs the hart.
/// </remarks>
internal sealed unsafe partial class InstructionLoop
{
    // Wiring.
    private readonly HartState* _state;
    private readonly int _hartId;
    private readonly GuestMemory _memory;
    private readonly CodeDirectory _directory;
    private readonly AddressTranslation _translation;
    private readonly CsrFile _csrs;
    private readonly ISbiFirmware? _firmware;

    // The carrier's, for the time of a run.
    private CarrierFills _fills = null!;
    private DecodedCode _code = null!;

    // The page that is being executed.
    private DecodedPage* _page;
    private ulong _pageAddress;

    // Instructions are fetched one by one, and nothing of them is kept.
    private bool _fetchesAlone;

    // Why the run ends.
    private RunExitReason _exitReason;
    private MemoryWait? _wait;

    public InstructionLoop(HartState* state, int hartId, GuestMemory memory, CodeDirectory directory, CsrFile csrs, ISbiFirmware? firmware)
    {
        _state = state;
        _hartId = hartId;
        _memory = memory;
        _directory = directory;
        _translation = new AddressTranslation(memory);
        _csrs = csrs;
        _firmware = firmware;
    }

    /// <summary>What became of an instruction that <see cref="ExecuteSlow"/> executed.</summary>
    private enum Outcome
    {
        /// <summary>Go on with the next one.</summary>
        Next,

        /// <summary>It retired and wrote the address of the next one to the state; interrupts and translation are to be looked at first.</summary>
        Retired,

        /// <summary>It did not retire: a trap was taken, the state has the handler's address.</summary>
        NotRetired,

        /// <summary>It was not executed yet: it stands alone in <see cref="_page"/>.</summary>
        Alone,

        /// <summary>It retired, then the hart leaves with <see cref="_exitReason"/>.</summary>
        LeaveRetired,

        /// <summary>The hart leaves and the instruction restarts.</summary>
        LeaveNotRetired,
    }

    /// <summary>Runs the hart; see <see cref="IProcessor.Run"/>.</summary>
    public RunExit Run(CarrierFills fills, ulong maxInstructions)
    {
        _fills = fills;
        _code = fills.Decoded;
        _wait = null;

        // The carrier may have run another hart, or fences may have come in since.
        _state->TranslationChanged = 1;
        RunExitReason reason = Loop((long)Math.Min(maxInstructions, long.MaxValue));
        MemoryWait? wait = _wait;
        _wait = null;
        return new RunExit(reason, wait);
    }

    /// <summary>Between two instructions: leaves if somebody wants that, takes an interrupt if one can be taken, has the translation follow the state.</summary>
    private bool Reconsider(out RunExitReason reason)
    {
        ref HartState s = ref *_state;
        reason = RunExitReason.Kicked;
        if (Volatile.Read(ref s.ExitWord) != 0 && (Interlocked.Exchange(ref s.ExitWord, 0) & (int)~ExitRequest.Interrupt) != 0)
            return false;
        if (Traps.TryTakeInterrupt(ref s))
            s.ReservationIsValid = 0;
        if (s.TranslationChanged != 0)
        {
            s.TranslationChanged = 0;
            _fills.Activate(ref s, _hartId);
        }

        return true;
    }

    private Outcome Raise(TrapCause cause, ulong trapValue)
    {
        Traps.Raise(ref *_state, _state->Pc, cause, trapValue);

        // As in QEMU, every trap and every return from one ends a reservation.
        _state->ReservationIsValid = 0;
        return Outcome.NotRetired;
    }

    private Outcome RaiseIllegal(DecodedSlot* op) => Raise(TrapCause.IllegalInstruction, InstructionBits(op));

    /// <summary>What a failed translation leads to.</summary>
    private Outcome Fail(in Translation translation)
    {
        if (translation.Kind == TranslationKind.Fault)
            return Raise(translation.Cause, translation.TrapValue);
        _exitReason = RunExitReason.WaitingForMemory;
        _wait = translation.Wait;
        return Outcome.LeaveNotRetired;
    }

    /// <summary>The instruction retired; goes on at once unless somebody wants something.</summary>
    private Outcome Continue(DecodedSlot* op)
    {
        if ((Volatile.Read(ref _state->ExitWord) | _state->TranslationChanged) == 0)
            return Outcome.Next;
        return ContinueAfterLooking(op->Length >> 2);
    }

    private Outcome ContinueAfterLooking(int length)
    {
        _state->Pc += (uint)length;
        return Outcome.Retired;
    }

    private uint InstructionBits(DecodedSlot* op)
    {
        ushort* unit = DecodedPage.Units(_page) + (op - DecodedPage.Slots(_page));
        return (*unit & 3) == 3 ? *unit | ((uint)unit[1] << 16) : *unit;
    }
}
