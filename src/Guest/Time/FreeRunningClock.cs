using Strata.Guest.Memory;
using Strata.Host;

namespace Strata.Guest.Time;

/// <summary>Guest time that follows the host's monotonic clock; events run on the worker pool when they fall due.</summary>
public sealed class FreeRunningClock : GuestClock, IDisposable
{
    private const long NanosecondsPerTick = 1_000_000_000 / (long)TicksPerSecond;

    private readonly EventQueue _queue = new();
    private readonly Lock _deviceLock;
    private readonly WorkerPool _pool;
    private readonly LoopTimer _timer;
    private readonly Action<Exception> _failed;
    private readonly long _start = MonotonicClock.Nanoseconds;

    // 0 idle, 1 a run is queued or under way, 2 it must look again before it ends. Interlocked.
    private int _running;
    private volatile bool _stopped;

    /// <summary>Starts the clock at tick 0.</summary>
    /// <param name="loop">Waits for deadlines.</param>
    /// <param name="pool">Runs the events.</param>
    /// <param name="deviceLock">Held while an event runs.</param>
    /// <param name="failed">Told of an exception that an event threw: the machine cannot go on.</param>
    public FreeRunningClock(EventLoop loop, WorkerPool pool, Lock deviceLock, Action<Exception> failed)
    {
        _pool = pool;
        _deviceLock = deviceLock;
        _failed = failed;
        _timer = loop.CreateTimer(Dispatch);
    }

    /// <inheritdoc/>
    public override ulong Now => (ulong)((MonotonicClock.Nanoseconds - _start) / NanosecondsPerTick);

    /// <inheritdoc/>
    public override ulong WallClockNanoseconds => (ulong)MonotonicClock.RealTimeNanoseconds;

    /// <inheritdoc/>
    public override bool IsDeterministic => false;

    /// <inheritdoc/>
    public override ClockEvent CreateEvent(string name, Func<MemoryWait?> action) => new QueuedEvent(name, action, Schedule);

    /// <inheritdoc/>
    public override HostWork BeginHostWork(string name, ulong modelledTicks, Func<MemoryWait?> action) => new Work(this, name, action);

    /// <summary>Runs no more events.</summary>
    public void Dispose()
    {
        _stopped = true;
        _timer.Set(long.MaxValue);
    }

    private void Schedule(QueuedEvent scheduled, ulong deadline)
    {
        if (!_queue.Set(scheduled, deadline))
            return;
        if (deadline <= Now)
            Dispatch();
        else
            Arm(deadline);
    }

    private void Arm(ulong deadline)
    {
        if (deadline < long.MaxValue / (ulong)NanosecondsPerTick)
            _timer.Set(_start + ((long)deadline * NanosecondsPerTick));
    }

    private void Dispatch()
    {
        if (Interlocked.Exchange(ref _running, 2) == 0 && !_stopped)
            _pool.Queue(RunDue);
    }

    private void RunDue()
    {
        do
        {
            Interlocked.Exchange(ref _running, 1);
            while (!_stopped && _queue.TakeDue(Now) is { } due)
                Run(due);
            ulong next = _queue.NextDeadline;
            if (next != ulong.MaxValue)
                Arm(next);
        }
        while (Interlocked.CompareExchange(ref _running, 0, 1) != 1);
    }

    private void Run(QueuedEvent due)
    {
        try
        {
            MemoryWait? wait;
            lock (_deviceLock)
                wait = due.Action();
            wait?.OnCompleted(() => Schedule(due, 0));
        }
        catch (Exception exception)
        {
            _stopped = true;
            _failed(exception);
        }
    }

    private sealed class Work(FreeRunningClock clock, string name, Func<MemoryWait?> action) : HostWork
    {
        public override void Complete() => clock.Schedule(new QueuedEvent(name, action, clock.Schedule), 0);
    }
}
