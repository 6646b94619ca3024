using Strata.Guest.Memory;
using Strata.Guest.State;
using Strata.Guest.Time;

namespace Strata.Devices.Tests.Fakes;

/// <summary>Guest time that moves when the test says so. Events run in order of their deadlines; an event that waits is run again when its
/// wait completes; host work ends no earlier than the host is done with it. For one thread.</summary>
internal sealed class ManualClock(bool deterministic = false) : GuestClock
{
    private readonly List<ManualEvent> _events = [];
    private readonly List<ManualWork> _work = [];
    private ulong _now;

    public override ulong Now => _now;

    public override ulong WallClockNanoseconds => 1_700_000_000_000_000_000 + (_now * 100);

    public override bool IsDeterministic => deterministic;

    /// <summary>Host work that has begun and not ended.</summary>
    public int WorkInFlight => _work.Count;

    /// <summary>How often an event asked to wait.</summary>
    public int WaitCount { get; private set; }

    public override ClockEvent CreateEvent(string name, Func<MemoryWait?> action)
    {
        Assert.DoesNotContain(_events, e => e.Name == name);
        ManualEvent made = new(name, action);
        _events.Add(made);
        return made;
    }

    public override void Save(StateWriter writer) => throw new NotSupportedException();

    public override void Restore(ref StateReader reader) => throw new NotSupportedException();

    public override HostWork BeginHostWork(string name, ulong modelledTicks, Func<MemoryWait?> action)
    {
        ManualWork work = new(_now + modelledTicks, action);
        _work.Add(work);
        return work;
    }

    /// <summary>The deadline of the event of that name.</summary>
    public ulong DeadlineOf(string name) => _events.Single(e => e.Name == name).Deadline;

    /// <summary>Moves time on by <paramref name="ticks"/>, running what falls due on the way.</summary>
    public void Advance(ulong ticks)
    {
        ulong end = _now + ticks;
        for (int steps = 0; RunNext(end); steps++)
            Assert.True(steps < 1_000_000, "events never settle");
        _now = end;
    }

    /// <summary>Runs what is due now, and what that makes due, without moving time beyond modelled latencies of at most a tenth of a second.</summary>
    public void Settle() => Advance(TicksPerSecond / 10);

    private bool RunNext(ulong end)
    {
        ManualEvent? next = null;
        foreach (ManualEvent candidate in _events)
        {
            if (candidate.Deadline <= end && (next is null || candidate.Deadline < next.Deadline))
                next = candidate;
        }

        ManualWork? work = null;
        foreach (ManualWork candidate in _work)
        {
            if (candidate.IsCompleted && candidate.DueTicks <= end && (work is null || candidate.DueTicks < work.DueTicks))
                work = candidate;
        }

        if (work is not null && (next is null || work.DueTicks < next.Deadline))
        {
            _work.Remove(work);
            _now = Math.Max(_now, work.DueTicks);
            RunToEnd(work.Action);
            return true;
        }

        if (next is null)
            return false;
        _now = Math.Max(_now, next.Deadline);
        next.Unschedule();
        RunToEnd(next.Action);
        return true;
    }

    private void RunToEnd(Func<MemoryWait?> action)
    {
        while (action() is { } wait)
        {
            WaitCount++;
            wait.Block(CancellationToken.None);
        }
    }

    private sealed class ManualEvent(string name, Func<MemoryWait?> action) : ClockEvent
    {
        private ulong _deadline = ulong.MaxValue;

        public string Name => name;

        public Func<MemoryWait?> Action => action;

        public override ulong Deadline => Volatile.Read(ref _deadline);

        public override void Set(ulong deadlineTicks) => Volatile.Write(ref _deadline, deadlineTicks);

        public void Unschedule() => Set(ulong.MaxValue);
    }

    private sealed class ManualWork(ulong dueTicks, Func<MemoryWait?> action) : HostWork
    {
        public ulong DueTicks => dueTicks;

        public Func<MemoryWait?> Action => action;

        public bool IsCompleted { get; private set; }

        public override void Complete() => IsCompleted = true;
    }
}
