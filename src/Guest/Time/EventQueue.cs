using Strata.Guest.Memory;

namespace Strata.Guest.Time;

/// <summary>The events of a clock in the order in which they fall due: by deadline, then by name, then by the order in which they were set.</summary>
/// <remarks>Ties go by name because the order of setting is not part of a machine's state. An event is in the heap at most once, however often a guest sets it: nothing a guest does makes the queue grow.</remarks>
internal sealed class EventQueue
{
    private readonly Lock _lock = new();

    // Guarded by _lock. Holds the events whose deadline is not MaxValue; a machine has a few dozen, so that finding one to remove it costs nothing.
    private readonly PriorityQueue<QueuedEvent, Turn> _heap = new();
    private ulong _order;

    private readonly record struct Turn(ulong Deadline, string Name, ulong Order) : IComparable<Turn>
    {
        public int CompareTo(Turn other)
        {
            if (Deadline != other.Deadline)
                return Deadline < other.Deadline ? -1 : 1;
            int names = string.CompareOrdinal(Name, other.Name);
            return names != 0 ? names : Order.CompareTo(other.Order);
        }
    }

    /// <summary>The earliest deadline, or <see cref="ulong.MaxValue"/>.</summary>
    public ulong NextDeadline
    {
        get
        {
            lock (_lock)
                return _heap.TryPeek(out _, out Turn first) ? first.Deadline : ulong.MaxValue;
        }
    }

    /// <summary>Schedules, moves or (with <see cref="ulong.MaxValue"/>) unschedules an event. True if it is the earliest one now.</summary>
    public bool Set(QueuedEvent scheduled, ulong deadline)
    {
        lock (_lock)
        {
            if (scheduled.DeadlineTicks != ulong.MaxValue)
                _heap.Remove(scheduled, out _, out _);
            scheduled.DeadlineTicks = deadline;
            if (deadline == ulong.MaxValue)
                return false;
            _heap.Enqueue(scheduled, new Turn(deadline, scheduled.Name, _order++));
            return ReferenceEquals(_heap.Peek(), scheduled);
        }
    }

    /// <summary>Takes the first event that is due at <paramref name="now"/>, or answers null.</summary>
    public QueuedEvent? TakeDue(ulong now)
    {
        lock (_lock)
        {
            if (!_heap.TryPeek(out QueuedEvent? first, out Turn turn) || turn.Deadline > now)
                return null;
            _heap.Dequeue();
            first.DeadlineTicks = ulong.MaxValue;
            return first;
        }
    }
}

/// <summary>An event as <see cref="EventQueue"/> keeps it.</summary>
internal sealed class QueuedEvent(string name, Func<MemoryWait?> action, Action<QueuedEvent, ulong> set) : ClockEvent
{
    private ulong _deadline = ulong.MaxValue;

    /// <inheritdoc/>
    public override ulong Deadline => Volatile.Read(ref _deadline);

    /// <summary>The event's name in saved state and messages.</summary>
    public string Name => name;

    /// <summary>What happens.</summary>
    public Func<MemoryWait?> Action => action;

    // Written under the queue's lock.
    internal ulong DeadlineTicks
    {
        get => Volatile.Read(ref _deadline);
        set => Volatile.Write(ref _deadline, value);
    }

    /// <summary>Its action has answered a wait that has not completed: it runs when that has, not before. Owned by the clock's runner.</summary>
    internal bool IsWaiting { get; set; }

    /// <inheritdoc/>
    public override void Set(ulong deadlineTicks) => set(this, deadlineTicks);

    /// <inheritdoc/>
    public override string ToString() => name;
}
