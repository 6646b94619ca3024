using Strata.Guest.Memory;
using Strata.Guest.Processors;

namespace Strata.Machines.Carriers;

/// <summary>A hart of a free-running machine.</summary>
internal sealed class HartTask : CarrierTask
{
    // A few milliseconds of the interpreter: so long others may have to wait for a carrier.
    private const ulong SliceInstructions = 500_000;

    private readonly Machine _machine;
    private readonly IProcessor _hart;

    // The carrier that the hart ran on last. Only the carrier that runs the task touches it.
    private CarrierSlot? _lastSlot;

    public HartTask(CarrierPool pool, Machine machine, IProcessor hart)
        : base(pool)
    {
        _machine = machine;
        _hart = hart;
        hart.Woken = Wake;
    }

    protected override bool RunSlice(Carrier carrier)
    {
        if (!_machine.MayRun)
            return _machine.Parked(this);
        try
        {
            CarrierSlot slot = carrier.SlotFor(_machine.Memory, _machine.Processors);
            if (!ReferenceEquals(slot, _lastSlot))
            {
                // What an earlier visit left there is older than everything that the hart did since: cheaper to fill anew than to prove it fresh.
                slot.Fills.DropAll();
                _lastSlot = slot;
            }

            _machine.Memory.Revocations.Enter(slot, _hart);
            RunExit exit = _hart.Run(slot.Fills, SliceInstructions);
            _machine.Memory.Revocations.Leave(slot);
            switch (exit.Reason)
            {
                case RunExitReason.WaitingForMemory:
                    exit.Wait!.OnCompleted(Wake);
                    return false;
                case RunExitReason.Stopped:
                    _machine.HartStopped?.Invoke(_hart.HartId);
                    return !_machine.MayRun;
                case RunExitReason.WaitingForInterrupt:
                    return !_machine.MayRun;
                default:
                    return true;
            }
        }
        catch (Exception exception)
        {
            _machine.Fail(exception);
            return true;
        }
    }
}
