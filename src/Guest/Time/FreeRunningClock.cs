using System.Text;
using Strata.Guest.Memory;
using Strata.Guest.State;
using Strata.Host;

namespace Strata.Guest.Time;

/// <summary>Guest time that follows the host's monotonic clock; events run on the worker pool when they fall due, those of
/// interrupt lines on the event loop if no other part of the machine is at work: an idle guest's timer then wakes no third thread.</summary>
public sealed class FreeRunningClock : GuestClock, IDisposable
{
    private const ushort StateVersion = 1;

    private readonly EventQueue _queue = new();
    private readonly Lock _deviceLock;
    private readonly WorkerPool _pool;
    private readonly LoopTimer _timer;
    private readonly Action<Exception> _failed;

    // Orders reading the next deadline with setting the timer: whoever sets it last has seen every event.
    private readonly Lock _armLock = new();

    // Guarded by itself: events whose wait has completed.
    private readonly Queue<QueuedEvent> _again = new();

    // 0 idle, 1 a run is queued or under way, 2 it must look again before it ends. Interlocked.
    private int _running;

    // Set under the device lock.
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
        _timer = loop.CreateTimer(DeadlineCame, onAnyThread: true);
        HostStart = MonotonicClock.Nanoseconds;
    }

    // So far away that the host's clock never gets there: not worth a timer.
    private ulong Furthest => (ulong)((long.MaxValue - Math.Max(HostStart, 0)) / NanosecondsPerTick);

    /// <inheritdoc/>
    public override ulong Now => (ulong)((MonotonicClock.Nanoseconds - HostStart) / NanosecondsPerTick);

    /// <inheritdoc/>
    public override nint HostOrigin => OriginAddress;

    /// <inheritdoc/>
    public override ulong WallClockNanoseconds => (ulong)MonotonicClock.RealTimeNanoseconds;

    /// <inheritdoc/>
    public override bool IsDeterministic => false;

    /// <inheritdoc/>
    public override ClockEvent CreateEvent(string name, Func<MemoryWait?> action) =>
        _queue.Add(new QueuedEvent(name, action, Schedule) { IsState = true });

    /// <inheritdoc/>
    public override ClockEvent CreateLineEvent(string name, Action action) => _queue.Add(new QueuedEvent(
        name,
        () =>
        {
            action();
            return null;
        },
        Schedule)
    {
        IsState = true,
        IsOfLine = true,
    });

    /// <inheritdoc/>
    public override ClockEvent CreateHostEvent(string name, Func<MemoryWait?> action) => new QueuedEvent(name, action, Schedule);

    /// <inheritdoc/>
    public override HostWork BeginHostWork(string name, ulong modelledTicks, Func<MemoryWait?> action)
    {
        HostWorkBegan();
        return new Work(this, name, action);
    }

    /// <inheritdoc/>
    public override void Save(StateWriter writer) => writer.Section("clock", StateVersion, section =>
    {
        section.U64(Now);
        QueuedEvent[] waiting = [.. _queue.Named.Where(named => named.IsWaiting)];
        section.U16((ushort)waiting.Length);
        foreach (QueuedEvent named in waiting)
            section.Bytes(Encoding.ASCII.GetBytes(named.Name));
        _queue.Save(section);
    });

    /// <inheritdoc/>
    public override void Restore(ref StateReader reader)
    {
        StateReader section = reader.Section("clock", StateVersion);
        ulong now = section.U64();
        if (now > (ulong)(long.MaxValue / NanosecondsPerTick))
            throw new InvalidStateException("the saved state is of a time that no machine has lived to see");
        HostStart = MonotonicClock.Nanoseconds - ((long)now * NanosecondsPerTick);
        for (int count = section.U16(); count > 0; count--)
            RunAgain(_queue.Find(section.Bytes()));
        _queue.Restore(ref section);
        Dispatch();
    }

    /// <summary>Runs no more events; one that is under way has ended when this returns. Host work in flight goes on: <see cref="GuestClock.WhenHostIsIdle"/>.</summary>
    public void Dispose()
    {
        lock (_deviceLock)
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
            Arm();
    }

    private void Arm()
    {
        lock (_armLock)
        {
            ulong next = _queue.NextDeadline;
            if (!_stopped)
                _timer.Set(next < Furthest ? HostStart + ((long)next * NanosecondsPerTick) : long.MaxValue);
        }
    }

    private void Dispatch()
    {
        if (Interlocked.Exchange(ref _running, 2) == 0 && !_stopped)
            _pool.Queue(RunDue);
    }

    // On the event loop or a thread that stands in for it, neither of which may wait for the device lock.
    private void DeadlineCame()
    {
        if (Interlocked.Exchange(ref _running, 2) == 0 && !_stopped && !RunLines())
            _pool.Queue(RunDue);
    }

    // False: there is more to do, or somebody else has the lock.
    private bool RunLines()
    {
        Interlocked.Exchange(ref _running, 1);
        if (!_deviceLock.TryEnter())
            return false;
        try
        {
            while (!_stopped && _queue.TakeDue(Now, onlyOfLine: true) is { } due)
                _ = due.Action();
        }
        catch (Exception exception)
        {
            _stopped = true;
            _failed(exception);
        }
        finally
        {
            _deviceLock.Exit();
        }

        lock (_again)
        {
            if (_again.Count > 0)
                return false;
        }

        if (_queue.NextDeadline <= Now)
            return false;
        Arm();
        return Interlocked.CompareExchange(ref _running, 0, 1) == 1;
    }

    private void RunDue()
    {
        do
        {
            Interlocked.Exchange(ref _running, 1);
            while (!_stopped && Take() is { } due)
                Run(due);
            Arm();
        }
        while (Interlocked.CompareExchange(ref _running, 0, 1) != 1 && !_stopped);
    }

    private QueuedEvent? Take()
    {
        lock (_again)
        {
            if (_again.TryDequeue(out QueuedEvent? again))
            {
                again.IsWaiting = false;
                return again;
            }
        }

        while (_queue.TakeDue(Now) is { } due)
        {
            // What it was set for again, its next run will see.
            if (!due.IsWaiting)
                return due;
        }

        return null;
    }

    private void Run(QueuedEvent due)
    {
        try
        {
            MemoryWait? wait;
            lock (_deviceLock)
                wait = _stopped ? null : due.Action();
            if (wait is null)
                return;
            due.IsWaiting = true;
            wait.OnCompleted(() => RunAgain(due));
        }
        catch (Exception exception)
        {
            _stopped = true;
            _failed(exception);
        }
    }

    // Not by setting it: a deadline that it was given meanwhile stays.
    private void RunAgain(QueuedEvent due)
    {
        lock (_again)
            _again.Enqueue(due);
        Dispatch();
    }

    private sealed class Work(FreeRunningClock clock, string name, Func<MemoryWait?> action) : HostWork
    {
        public override void Complete()
        {
            clock.Schedule(new QueuedEvent(name, action, clock.Schedule), 0);
            clock.HostWorkEnded();
        }
    }
}
