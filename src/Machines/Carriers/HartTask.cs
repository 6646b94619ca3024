using Strata.Guest.Memory;
using Strata.Guest.Processors;

namespace Strata.Machines.Carriers;

/// <summary>A hart of a free-running machine.</summary>
internal sealed class HartTask : CarrierTask
{
    // A few milliseconds of the interpreter; translated code runs until it is kicked.
    private const ulong SliceInstructions = 500_000;

    private readonly Machine _machine;
    private readonly IProcessor _hart;

    // What the hart waits for: an absent page, or a fence that must have landed before it goes on. Owned by the carrier that runs the task.
    private MemoryWait? _awaited;

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

        // Woken for something else, an interrupt perhaps: that comes after what it waits for.
        if (_awaited is { IsCompleted: false })
            return false;
        try
        {
            _machine.HartEntering?.Invoke(_hart.HartId);
            CarrierSlot slot = carrier.SlotFor(_machine.Memory, _machine.Processors);
            _machine.Memory.Revocations.Enter(slot, _hart);
            RunExit exit;
            try
            {
                carrier.Running = _hart;
                exit = _hart.Run(slot.Fills, SliceInstructions);
            }
            finally
            {
                carrier.Running = null;
                _machine.Memory.Revocations.Leave(slot);
            }

            switch (exit.Reason)
            {
                case RunExitReason.WaitingForMemory:
                    _awaited = exit.Wait;
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
