using System.ComponentModel;
using System.Runtime.InteropServices;
using Strata.Host.Interop;

namespace Strata.Host;

/// <summary>One thread that waits for timers and readable descriptors and runs short callbacks: no callback may block.</summary>
/// <remarks>epoll_pwait2 with nanosecond time-outs and a timer slack of 1 ns; a .NET timer is late by milliseconds.</remarks>
public sealed unsafe class EventLoop : IDisposable
{
    private readonly Lock _lock = new();
    private readonly int _epoll;
    private readonly int _wakeUp;
    private readonly Thread _thread;

    // Guarded by _lock. A timer is in the heap at most once, however often it is moved; there is about one per machine.
    private readonly PriorityQueue<LoopTimer, long> _timers = new();
    private readonly Dictionary<int, Action> _readers = [];
    private long _sleepsUntil;
    private bool _stopped;

    /// <summary>Starts the loop's thread.</summary>
    /// <exception cref="Win32Exception">The system refused a descriptor.</exception>
    public EventLoop(string name)
    {
        _epoll = Events.EpollCreate(Events.EpollCloseOnExec);
        _wakeUp = Events.EventDescriptor(0, Events.EventCloseOnExec | Events.EventNonBlocking);
        if (_epoll < 0 || _wakeUp < 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), "cannot make an event loop");
        Watch(_wakeUp);
        _thread = new Thread(Loop) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Makes a timer that runs <paramref name="callback"/> on the loop's thread; it starts unset.</summary>
    public LoopTimer CreateTimer(Action callback) => new(this, callback);

    /// <summary>Runs <paramref name="callback"/> on the loop's thread whenever <paramref name="descriptor"/> is readable, until it is removed.</summary>
    public void AddReader(int descriptor, Action callback)
    {
        lock (_lock)
            _readers.Add(descriptor, callback);
        Watch(descriptor);
    }

    /// <summary>Stops watching; a callback that has begun is not stopped.</summary>
    public void RemoveReader(int descriptor)
    {
        lock (_lock)
            _readers.Remove(descriptor);
        _ = Events.EpollControl(_epoll, Events.EpollCtlDelete, descriptor, null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_stopped)
                return;
            _stopped = true;
            WakeUp();
        }

        if (Thread.CurrentThread != _thread)
            _thread.Join();
        _ = Events.Close(_epoll);
        _ = Events.Close(_wakeUp);
    }

    internal void Set(LoopTimer timer, long deadline)
    {
        lock (_lock)
        {
            if (timer.DeadlineNanoseconds != long.MaxValue)
                _timers.Remove(timer, out _, out _);
            timer.DeadlineNanoseconds = deadline;
            if (deadline == long.MaxValue)
                return;
            _timers.Enqueue(timer, deadline);
            if (deadline < _sleepsUntil && !_stopped && Thread.CurrentThread != _thread)
                WakeUp();
        }
    }

    private void Watch(int descriptor)
    {
        Events.EpollEvent change = new() { Mask = Events.EpollIn, Data = (ulong)descriptor };

        // SAFETY: the kernel reads one event from a local.
        if (Events.EpollControl(_epoll, Events.EpollCtlAdd, descriptor, &change) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), "cannot watch a descriptor");
    }

    // Under _lock, and not once the loop has stopped: the number may be another file's then.
    private void WakeUp()
    {
        ulong one = 1;

        // SAFETY: writes eight bytes of a local.
        _ = Events.Write(_wakeUp, &one, sizeof(ulong));
    }

    private void Loop()
    {
        const int Batch = 32;
        _ = Events.ProcessControl(Events.PrSetTimerSlack, 1, 0, 0, 0);
        Events.EpollEvent* ready = stackalloc Events.EpollEvent[Batch];
        while (true)
        {
            long next = RunDueTimers();
            if (next == 0)
                return;
            long wait = next == long.MaxValue ? -1 : Math.Max(0, next - MonotonicClock.Nanoseconds);
            Events.TimeSpec timeout = new(Math.Max(0, wait));

            // SAFETY: the kernel writes at most Batch events into the stack array above.
            int count = Events.EpollWait(_epoll, ready, Batch, wait < 0 ? null : &timeout, null);
            lock (_lock)
                _sleepsUntil = 0;
            for (int i = 0; i < count; i++)
                RunReader((int)ready[i].Data);
        }
    }

    private void RunReader(int descriptor)
    {
        if (descriptor == _wakeUp)
        {
            ulong value;

            // SAFETY: reads eight bytes into a local; the descriptor does not block.
            _ = Events.Read(_wakeUp, &value, sizeof(ulong));
            return;
        }

        Action? callback;
        lock (_lock)
            _readers.TryGetValue(descriptor, out callback);
        callback?.Invoke();
    }

    /// <summary>Answers the next deadline, or 0 when the loop has been stopped.</summary>
    private long RunDueTimers()
    {
        while (true)
        {
            LoopTimer due;
            lock (_lock)
            {
                if (_stopped)
                    return 0;
                if (!_timers.TryPeek(out LoopTimer? first, out long deadline) || deadline > MonotonicClock.Nanoseconds)
                {
                    _sleepsUntil = first is null ? long.MaxValue : deadline;
                    return _sleepsUntil;
                }

                _timers.Dequeue();
                due = first;
                due.DeadlineNanoseconds = long.MaxValue;
            }

            due.Callback();
        }
    }
}

/// <summary>A timer of an <see cref="EventLoop"/>.</summary>
public sealed class LoopTimer
{
    private readonly EventLoop _loop;

    internal LoopTimer(EventLoop loop, Action callback)
    {
        _loop = loop;
        Callback = callback;
    }

    // Guarded by the loop's lock; MaxValue: not in the heap.
    internal long DeadlineNanoseconds { get; set; } = long.MaxValue;

    internal Action Callback { get; }

    /// <summary>Sets (or moves) the timer to an instant of <see cref="MonotonicClock"/>; <see cref="long.MaxValue"/> unsets it. Any thread.</summary>
    public void Set(long deadlineNanoseconds) => _loop.Set(this, deadlineNanoseconds);
}
