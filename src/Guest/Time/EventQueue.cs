using Strata.Guest.Memory;

namespace Strata.Guest.Time;

/// <summary>The events of a clock in the order in which they fall due: by deadline, then by the order in which they were set.</summary>
internal sealed class EventQueue
{
    private readonly Lock _lock = new();

    // Guarded by _lock. An entry whose version is not its event's present one is dead.
    private readonly PriorityQueue<(QueuedEvent Event, ulong Version), (ulong Deadline, ulong Order)> _heap = new();
    private ulong _order;

    /// <summary>The earliest deadline, or <see cref="ulong.MaxValue"/>.</summary>
    public ulong NextDeadline
    {
        get
        {
            lock (_lock)
                return TryPeek(out ulong deadline) is null ? ulong.MaxValue : deadline;
        }
    }

    /// <summary>Schedules, moves or (with <see cref="ulong.MaxValue"/>) unschedules an event. True if it is the earliest one now.</summary>
    public bool Set(QueuedEvent scheduled, ulong deadline)
    {
        lock (_lock)
        {
            scheduled.Version++;
            scheduled.DeadlineTicks = deadline;
            if (deadline == ulong.MaxValue)
                return false;
            _heap.Enqueue((scheduled, scheduled.Version), (deadline, _order++));
            return ReferenceEquals(TryPeek(out _), scheduled);
        }
    }

    /// <summary>Takes the first event that is due at <paramref name="now"/>, or answers null.</summary>
    public QueuedEvent? TakeDue(ulong now)
    {
        lock (_lock)
        {
            QueuedEvent? first = TryPeek(out ulong deadline);
            if (first is null || deadline > now)
                return null;
            _heap.Dequeue();
            first.Version++;
            first.DeadlineTicks = ulong.MaxValue;
            return first;
        }
    }

    private QueuedEvent? TryPeek(out ulong deadline)
    {
        while (_heap.TryPeek(out (QueuedEvent Event, ulong Version) entry, out (ulong Deadline, ulong Order) priority))
        {
            deadline = priority.Deadline;
            if (entry.Version == entry.Event.Version)
                return entry.Event;
            _heap.Dequeue();
        }

        deadline = ulong.MaxValue;
        return null;
    }
}

/// <summary>An event as <see cref="EventQueue"/> keeps it.</summary>
internal sealed class QueuedEvent(string name, Func<MemoryWait?> action, Action<QueuedEvent, ulong> set) : ClockEvent
{
    /// <inheritdoc/>
    public override ulong Deadline => DeadlineTicks;

    /// <summary>The event's name in saved state and messages.</summary>
    public string Name => name;

    /// <summary>What happens.</summary>
    public Func<MemoryWait?> Action => action;

    // Both guarded by the queue's lock.
    internal ulong DeadlineTicks { get; set; } = ulong.MaxValue;

    internal ulong Version { get; set; }

    /// <inheritdoc/>
    public override void Set(ulong deadlineTicks) => set(this, deadlineTicks);

    /// <inheritdoc/>
    public override string ToString() => name;
}
