using System.ComponentModel;
using System.Runtime.InteropServices;
using Strata.Host.Interop;

namespace Strata.Host;

/// <summary>One thread that waits for timers and readable descriptors and runs short callbacks: no callback may block.</summary>
/// <remarks>
/// Deadlines are a timerfd's, which any thread sets: the loop's thread wakes when one has come, not when one is moved. It has no timer slack either; a .NET timer
/// is late by milliseconds.
/// <para>
/// Some timers may run on any thread. While a thread that has nothing else to do stands in for the loop (<see cref="StandIn"/>), it waits for these itself: the loop's
/// thread sleeps on, and nothing is set that would wake it.
/// </para>
/// </remarks>
public sealed unsafe class EventLoop : IDisposable
{
    private readonly Lock _lock = new();
    private readonly int _epoll;
    private readonly int _wakeUp;
    private readonly int _alarm;
    private readonly Thread _thread;

    // Guarded by _lock. A timer is in the heap at most once, however often it is moved; there is about one per machine.
    private readonly PriorityQueue<LoopTimer, long> _timers = new();
    private readonly Dictionary<int, Action> _readers = [];

    // Guarded by _lock: the timers of any thread, who waits for them instead of the loop, and until when.
    private readonly PriorityQueue<LoopTimer, long> _lent = new();
    private Futex? _standIn;
    private long _standInUntil;

    // What the alarm is set for: the first deadline, or MaxValue; 0 when it has been given.
    private long _alarmedFor = long.MaxValue;
    private bool _stopped;

    /// <summary>Starts the loop's thread.</summary>
    /// <exception cref="Win32Exception">The system refused a descriptor.</exception>
    public EventLoop(string name)
    {
        _epoll = Events.EpollCreate(Events.EpollCloseOnExec);
        _wakeUp = Events.EventDescriptor(0, Events.EventCloseOnExec | Events.EventNonBlocking);
        _alarm = Events.TimerDescriptor(Events.ClockMonotonic, Events.TimerCloseOnExec | Events.TimerNonBlocking);
        if (_epoll < 0 || _wakeUp < 0 || _alarm < 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), "cannot make an event loop");
        Watch(_wakeUp);
        Watch(_alarm, Events.EpollEdgeTriggered);
        _thread = new Thread(Loop) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Makes a timer that runs <paramref name="callback"/> on the loop's thread; it starts unset.</summary>
    /// <param name="callback">What is run.</param>
    /// <param name="onAnyThread">Or on that of whoever stands in for it.</param>
    public LoopTimer CreateTimer(Action callback, bool onAnyThread = false) => new(this, callback, onAnyThread);

    /// <summary>Takes a signal of the calling thread's futex, and meanwhile runs the timers of any thread when they are due. The last who calls this does so; who did before just waits.</summary>
    public void StandIn(Futex parking)
    {
        lock (_lock)
            _standIn = parking;
        while (true)
        {
            long until = long.MaxValue;
            LoopTimer? due = null;
            lock (_lock)
            {
                if (ReferenceEquals(_standIn, parking))
                {
                    due = TakeDue(_lent);
                    until = _standInUntil = First(_lent);
                    SetAlarm();
                }
            }

            if (due is not null)
                due.Callback();
            else if (parking.Wait(until) == FutexWake.Signalled)
                break;
        }

        lock (_lock)
        {
            if (!ReferenceEquals(_standIn, parking))
                return;
            _standIn = null;
            SetAlarm();
        }
    }

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
        _ = Events.Close(_alarm);
    }

    internal void Set(LoopTimer timer, long deadline)
    {
        lock (_lock)
        {
            PriorityQueue<LoopTimer, long> timers = timer.IsOfAnyThread ? _lent : _timers;
            if (timer.DeadlineNanoseconds != long.MaxValue)
                timers.Remove(timer, out _, out _);
            timer.DeadlineNanoseconds = deadline;
            if (deadline != long.MaxValue)
                timers.Enqueue(timer, deadline);
            if (timer.IsOfAnyThread && _standIn is { } standIn)
            {
                // Later than it looks is soon enough: it looks again then.
                if (deadline < _standInUntil)
                    standIn.Nudge();
                return;
            }

            if (Thread.CurrentThread != _thread)
                SetAlarm();
        }
    }

    private static long First(PriorityQueue<LoopTimer, long> timers) => timers.TryPeek(out _, out long deadline) ? deadline : long.MaxValue;

    // Under _lock.
    private static LoopTimer? TakeDue(PriorityQueue<LoopTimer, long> timers)
    {
        if (First(timers) is var first && (first == long.MaxValue || first > MonotonicClock.Nanoseconds))
            return null;
        LoopTimer due = timers.Dequeue();
        due.DeadlineNanoseconds = long.MaxValue;
        return due;
    }

    // Under _lock. Not once the loop has stopped: the number may be another file's then.
    private void SetAlarm()
    {
        long first = First(_timers);
        if (_standIn is null)
            first = Math.Min(first, First(_lent));
        if (first == _alarmedFor || _stopped)
            return;
        _alarmedFor = first;

        // A time in the past is due at once, but 0 would be none.
        Events.TimerSpec alarm = new() { Value = new(first == long.MaxValue ? 0 : Math.Max(1, first)) };

        // SAFETY: the kernel reads a local.
        _ = Events.SetTimer(_alarm, Events.TimerAbsolute, &alarm, null);
    }

    private void Watch(int descriptor, uint how = 0)
    {
        Events.EpollEvent change = new() { Mask = Events.EpollIn | how, Data = (ulong)descriptor };

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
        Events.EpollEvent* ready = stackalloc Events.EpollEvent[Batch];
        while (true)
        {
            if (!RunDueTimers())
                return;

            // SAFETY: the kernel writes at most Batch events into the stack array above.
            int count = Events.EpollWait(_epoll, ready, Batch, -1);
            for (int i = 0; i < count; i++)
                RunReader((int)ready[i].Data);
        }
    }

    private void RunReader(int descriptor)
    {
        // Not read, for it is edge-triggered; but it has to be set again, even for the same deadline.
        if (descriptor == _alarm)
        {
            lock (_lock)
                _alarmedFor = 0;
            return;
        }

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

    /// <summary>False: the loop has been stopped.</summary>
    private bool RunDueTimers()
    {
        while (true)
        {
            LoopTimer? due;
            lock (_lock)
            {
                if (_stopped)
                    return false;
                due = TakeDue(_timers);
                if (due is null && _standIn is null)
                    due = TakeDue(_lent);
                if (due is null)
                {
                    SetAlarm();
                    return true;
                }
            }

            due.Callback();
        }
    }
}

/// <summary>A timer of an <see cref="EventLoop"/>.</summary>
public sealed class LoopTimer
{
    private readonly EventLoop _loop;

    internal LoopTimer(EventLoop loop, Action callback, bool isOfAnyThread)
    {
        _loop = loop;
        Callback = callback;
        IsOfAnyThread = isOfAnyThread;
    }

    internal bool IsOfAnyThread { get; }

    // Guarded by the loop's lock; MaxValue: not in the heap.
    internal long DeadlineNanoseconds { get; set; } = long.MaxValue;

    internal Action Callback { get; }

    /// <summary>Sets (or moves) the timer to an instant of <see cref="MonotonicClock"/>; <see cref="long.MaxValue"/> unsets it. Any thread.</summary>
    public void Set(long deadlineNanoseconds) => _loop.Set(this, deadlineNanoseconds);
}
