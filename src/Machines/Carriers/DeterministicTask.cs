using Strata.Guest.Memory;
using Strata.Guest.Processors;
using Strata.Guest.State;
using Strata.Guest.Time;

namespace Strata.Machines.Carriers;

/// <summary>A whole deterministic machine: its harts run one at a time in quanta of instructions, events fall between them at exact counts.</summary>
internal sealed class DeterministicTask : CarrierTask, IStateful
{
    private const ulong QuantumInstructions = 10_000;
    private const ushort StateVersion = 1;

    private readonly Machine _machine;
    private readonly DeterministicClock _clock;
    private readonly IProcessor[] _harts;
    private readonly RunExitReason[] _waiting;

    // What has to complete before anything goes on: guest time stands still.
    private MemoryWait? _awaited;

    // Which hart runs, and how much of its quantum is left.
    private int _current;
    private ulong _quantumLeft = QuantumInstructions;

    public DeterministicTask(CarrierPool pool, Machine machine, DeterministicClock clock, IProcessor[] harts)
        : base(pool)
    {
        _machine = machine;
        _clock = clock;
        _harts = harts;
        _waiting = new RunExitReason[harts.Length];
        for (int i = 0; i < harts.Length; i++)
        {
            int index = i;
            harts[i].Woken = () =>
            {
                _waiting[index] = RunExitReason.Kicked;
                Wake();
            };
        }
    }

    /// <summary>Called at every multiple of <see cref="CheckpointInstructions"/> with the instruction count, when no hart runs. For tests that compare runs.</summary>
    public Action<ulong>? Checkpoint { get; set; }

    /// <summary>How far checkpoints are apart.</summary>
    public ulong CheckpointInstructions { get; set; } = 1_000_000;

    /// <summary>Whose turn it is, how long it still lasts, and who wants none.</summary>
    public void Save(StateWriter writer) => writer.Section("turns", StateVersion, section =>
    {
        section.U16((ushort)_current);
        section.U64(_quantumLeft);
        for (int hart = 0; hart < _harts.Length; hart++)
            section.Bool(IsRunnable(hart));
    });

    /// <inheritdoc/>
    public void Restore(ref StateReader reader)
    {
        StateReader section = reader.Section("turns", StateVersion);
        int current = section.U16();
        ulong quantumLeft = section.U64();
        if (current >= _harts.Length || quantumLeft > QuantumInstructions)
            throw new InvalidStateException("the saved turns of the harts contradict themselves");
        (_current, _quantumLeft) = (current, quantumLeft);
        for (int hart = 0; hart < _harts.Length; hart++)
            _waiting[hart] = section.Bool() ? RunExitReason.Kicked : RunExitReason.WaitingForInterrupt;
    }

    protected override bool RunSlice(Carrier carrier)
    {
        try
        {
            for (int i = 0; i < 100; i++)
            {
                if (!_machine.MayRun)
                    return _machine.Parked(this);
                if (_awaited is { IsCompleted: false })
                    return false;
                _awaited = _clock.RunDueEvents();
                if (_awaited is null && RunQuantum(carrier, out _awaited))
                    continue;
                _awaited?.OnCompleted(Wake);
                return false;
            }
        }
        catch (Exception exception)
        {
            _machine.Fail(exception);
        }

        return true;
    }

    // False: nothing can run before absent completes, or (null) before the machine is woken.
    private bool RunQuantum(Carrier carrier, out MemoryWait? absent)
    {
        absent = null;
        if (!ChooseHart())
        {
            ulong before = _clock.InstructionCount;
            if (!_clock.SkipToNextEvent())
                return false;
            ReportCheckpoints(before);
            return true;
        }

        IProcessor hart = _harts[_current];
        ulong budget = Math.Min(_quantumLeft, _clock.InstructionsUntilNextEvent);
        ulong count = _clock.InstructionCount;
        if (Checkpoint is not null)
            budget = Math.Min(budget, CheckpointInstructions - (count % CheckpointInstructions));
        if (budget == 0)
            return true;
        _machine.HartEntering?.Invoke(hart.HartId);
        CarrierSlot slot = carrier.SlotFor(_machine.Memory, _machine.Processors);
        _machine.Memory.Revocations.Enter(slot, hart);
        _waiting[_current] = RunExitReason.Kicked;
        _clock.BeginRun(hart);
        RunExit exit;
        try
        {
            carrier.Counting = hart;
            exit = hart.Run(slot.Fills, budget);
        }
        finally
        {
            carrier.Counting = null;
            _clock.EndRun();
            _machine.Memory.Revocations.Leave(slot);
        }

        _quantumLeft -= Math.Min(_quantumLeft, _clock.InstructionCount - count);
        ReportCheckpoints(count);
        switch (exit.Reason)
        {
            case RunExitReason.WaitingForMemory when exit.Wait is { IsCompleted: false } wait:
                // Guest time stands still and no other hart runs: where a page is may not change what happens.
                absent = wait;
                return false;
            case RunExitReason.WaitingForInterrupt or RunExitReason.Stopped:
                _waiting[_current] = exit.Reason;
                _quantumLeft = 0;
                if (exit.Reason == RunExitReason.Stopped)
                    _machine.HartStopped?.Invoke(hart.HartId);
                break;
        }

        return true;
    }

    private bool ChooseHart()
    {
        if (_quantumLeft > 0 && IsRunnable(_current))
            return true;
        for (int i = 1; i <= _harts.Length; i++)
        {
            int candidate = (_current + i) % _harts.Length;
            if (!IsRunnable(candidate))
                continue;
            _current = candidate;
            _quantumLeft = QuantumInstructions;
            return true;
        }

        return false;
    }

    private bool IsRunnable(int hart) => _waiting[hart] is not (RunExitReason.WaitingForInterrupt or RunExitReason.Stopped);

    private void ReportCheckpoints(ulong before)
    {
        if (Checkpoint is not { } report)
            return;

        // A run ends at each multiple; a skip may pass many in which nothing happened, and is reported once.
        ulong last = _clock.InstructionCount / CheckpointInstructions * CheckpointInstructions;
        if (last > before)
            report(last);
    }
}
