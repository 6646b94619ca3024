using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;
using Strata.Guest.Processors;
using Strata.Host;

namespace Strata.Cpu.Interpreter;

/// <content>Single instructions for the translator.</content>
internal sealed unsafe partial class InstructionLoop : IReferenceEngine
{
    private readonly ulong _origin = (ulong)MonotonicClock.Nanoseconds;
    private bool _storeMattered;
    private bool _isCounted;

    /// <inheritdoc/>
    public RunExit Exit => new(_exitReason, _wait);

    /// <inheritdoc/>
    public void Attach(ICarrierFills fills, bool isCounted)
    {
        _isCounted = isCounted;
        _fills = (CarrierFills)fills;
        _code = _fills.Decoded;
        _wait = null;
        _state->TranslationChanged = 1;
    }

    /// <inheritdoc/>
    StepOutcome IReferenceEngine.Load(ulong address, int slot, int size, int sign, int length) => Answer(Load(address, slot, size, sign, length));

    /// <inheritdoc/>
    StepOutcome IReferenceEngine.LoadFloat(ulong address, int slot, int size, int length) =>
        Answer(LoadFloat(address, slot, size, size == sizeof(ulong) ? NoBox : Box32, length));

    /// <inheritdoc/>
    StepOutcome IReferenceEngine.Store(ulong address, ulong value, int size, int length)
    {
        _storeMattered = false;
        Outcome outcome = Store(address, value, size, length);

        // The instructions that follow may be the ones that were written.
        return Answer(outcome == Outcome.Next && _storeMattered ? ContinueAfterLooking(length) : outcome);
    }

    /// <inheritdoc/>
    public StepOutcome Step(uint bits)
    {
        _storeMattered = false;
        _page = _code.Alone(bits);
        DecodedSlot* op = DecodedPage.Slots(_page);
        if (!_isCounted && op->Op is >= Operation.Csrrw and <= Operation.Csrrci)
            EstimateCount((int)op->Immediate & 0xfff);
        Outcome outcome = ExecuteSlow(op);
        return Answer(outcome == Outcome.Next && _storeMattered ? ContinueAfterLooking(op->Length >> 2) : outcome);
    }

    /// <inheritdoc/>
    bool IReferenceEngine.Reconsider()
    {
        bool stays = Reconsider(out RunExitReason reason);
        if (!stays)
            _exitReason = reason;
        return stays;
    }

    /// <inheritdoc/>
    RunExit IReferenceEngine.Run(ICarrierFills fills, ulong maxInstructions)
    {
        _fetchesAlone = true;
        try
        {
            return Run((CarrierFills)fills, maxInstructions);
        }
        finally
        {
            _fetchesAlone = false;
        }
    }

    // A nanosecond for an instruction, and never backward.
    private void EstimateCount(int csr)
    {
        if (csr is CsrNumber.Cycle or CsrNumber.Instret or CsrNumber.Mcycle or CsrNumber.Minstret or CsrNumber.Mcountinhibit)
            _state->InstructionsRetired = Math.Max(_state->InstructionsRetired + 1, (ulong)MonotonicClock.Nanoseconds - _origin);
    }

    private static StepOutcome Answer(Outcome outcome) => outcome switch
    {
        Outcome.Next => StepOutcome.Next,
        Outcome.Retired => StepOutcome.Retired,
        Outcome.NotRetired => StepOutcome.Trapped,
        Outcome.LeaveRetired => StepOutcome.LeaveRetired,
        Outcome.LeaveNotRetired => StepOutcome.LeaveNotRetired,
        _ => throw new System.Diagnostics.UnreachableException("an instruction that stands alone was fetched already"),
    };
}
