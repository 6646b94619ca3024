using System.Text;
using Strata.Guest.Memory;
using Strata.Guest.Processors;
using Strata.Guest.State;

namespace Strata.Guest.Time;

/// <summary>Guest time that derives from attempted instructions alone (retired, or trapped), so that the same run gives the same times, twice.</summary>
/// <remarks>
/// Owned by the carrier that runs the machine (one at a time): it brackets each run with <see cref="BeginRun"/> and <see cref="EndRun"/>, gives no
/// larger budget than <see cref="InstructionsUntilNextEvent"/>, and calls <see cref="RunDueEvents"/> in between. When every hart waits, time is skipped to the next deadline.
/// </remarks>
public sealed class DeterministicClock : GuestClock
{
    /// <summary>Instructions in one tick of 100 ns: a machine of 100 MIPS.</summary>
    public const ulong InstructionsPerTick = 10;

    /// <summary>2026-01-01 00:00:00 UTC, when every deterministic machine starts.</summary>
    private const ulong Epoch = 1_767_225_600_000_000_000;

    private const ushort StateVersion = 1;

    private readonly EventQueue _queue = new();
    private readonly Lock _deviceLock;
    private readonly Action _changed;

    // Instructions attempted by all harts up to the run under way, plus what was skipped. Written by the owning carrier.
    private ulong _completed;
    private ulong _runStart;
    private volatile IProcessor? _running;

    // The event that could not be finished and what it waits for: guest time stands still. Owning carrier.
    private QueuedEvent? _unfinished;

    /// <summary>Makes a clock at tick 0.</summary>
    /// <param name="deviceLock">Held while an event runs.</param>
    /// <param name="changed">Told from any thread that an event was set while no hart ran: the machine must look again.</param>
    public DeterministicClock(Lock deviceLock, Action changed)
    {
        _deviceLock = deviceLock;
        _changed = changed;
    }

    /// <inheritdoc/>
    public override ulong Now => InstructionCount / InstructionsPerTick;

    /// <summary>Instructions attempted by all harts, plus those that would have been while all waited.</summary>
    public ulong InstructionCount => _running is { } hart ? _completed + (hart.InstructionsAttempted - _runStart) : _completed;

    /// <inheritdoc/>
    public override ulong WallClockNanoseconds => Epoch + (Now * (1_000_000_000 / TicksPerSecond));

    /// <inheritdoc/>
    public override bool IsDeterministic => true;

    /// <summary>How many instructions may be attempted before the next event is due; 0 if one is due now.</summary>
    public ulong InstructionsUntilNextEvent
    {
        get
        {
            ulong next = _queue.NextDeadline;
            if (next > ulong.MaxValue / InstructionsPerTick)
                return ulong.MaxValue;
            ulong due = next * InstructionsPerTick;
            return due > _completed ? due - _completed : 0;
        }
    }

    /// <inheritdoc/>
    public override ClockEvent CreateEvent(string name, Func<MemoryWait?> action) =>
        _queue.Add(new QueuedEvent(name, action, Schedule) { IsState = true });

    /// <inheritdoc/>
    public override ClockEvent CreateHostEvent(string name, Func<MemoryWait?> action) => new QueuedEvent(name, action, Schedule);

    /// <inheritdoc/>
    public override HostWork BeginHostWork(string name, ulong modelledTicks, Func<MemoryWait?> action)
    {
        HostWorkBegan();
        Work work = new(this);
        QueuedEvent due = new(name, () => work.Done.IsCompleted ? action() : work.Done, Schedule);
        due.Set(Now + modelledTicks);
        return work;
    }

    /// <inheritdoc/>
    public override void Save(StateWriter writer) => writer.Section("clock", StateVersion, section =>
    {
        section.U64(InstructionCount);
        QueuedEvent? unfinished = _unfinished is { IsState: true } named ? named : null;
        section.Bool(unfinished is not null);
        if (unfinished is not null)
        {
            section.Bytes(Encoding.ASCII.GetBytes(unfinished.Name));
            section.U64(unfinished.TakenTicks);
        }

        _queue.Save(section);
    });

    /// <inheritdoc/>
    public override void Restore(ref StateReader reader)
    {
        StateReader section = reader.Section("clock", StateVersion);
        _completed = section.U64();
        _unfinished = null;
        if (section.Bool())
        {
            _unfinished = _queue.Find(section.Bytes());
            _unfinished.TakenTicks = section.U64();
        }

        _queue.Restore(ref section);
        _changed();
    }

    /// <summary>A hart is about to run on the owning carrier.</summary>
    public void BeginRun(IProcessor hart)
    {
        _runStart = hart.InstructionsAttempted;
        _running = hart;
    }

    /// <summary>The hart has stopped running.</summary>
    public void EndRun()
    {
        IProcessor hart = _running!;
        _completed += hart.InstructionsAttempted - _runStart;
        _running = null;
    }

    /// <summary>All harts wait: moves time on to the next deadline. False: there is none.</summary>
    public bool SkipToNextEvent()
    {
        ulong instructions = InstructionsUntilNextEvent;
        if (instructions == ulong.MaxValue)
            return false;
        _completed += instructions;
        return true;
    }

    /// <summary>Runs everything that is due. Not null: guest time stands still until the answer completes; then call again.</summary>
    public MemoryWait? RunDueEvents()
    {
        while ((_unfinished ?? _queue.TakeDue(Now)) is { } due)
        {
            _unfinished = due;
            MemoryWait? wait;
            lock (_deviceLock)
                wait = due.Action();
            if (wait is not null)
                return wait;
            _unfinished = null;
        }

        return null;
    }

    private void Schedule(QueuedEvent scheduled, ulong deadline)
    {
        if (!_queue.Set(scheduled, deadline))
            return;

        // The budget of the run under way ends at what was the next deadline.
        if (_running is { } hart)
            hart.Kick();
        else
            _changed();
    }

    private sealed class Work(DeterministicClock clock) : HostWork
    {
        public MemoryWait Done { get; } = new();

        public override void Complete()
        {
            Done.Complete();
            clock.HostWorkEnded();
        }
    }
}
