using System.Text;
using Strata.Guest.Memory;
using Strata.Guest.State;

namespace Strata.Guest.Time;

/// <summary>The events of a clock in the order in which they fall due: by deadline, then by name, then by the order in which they were set.</summary>
/// <remarks>Ties go by name because the order of setting is not part of a machine's state. An event is in the heap at most once, however often a guest sets it: nothing a guest does makes the queue grow.</remarks>
internal sealed class EventQueue
{
    private readonly Lock _lock = new();

    // Guarded by _lock. Holds the events whose deadline is not MaxValue; a machine has a few dozen, so that finding one to remove it costs nothing.
    private readonly PriorityQueue<QueuedEvent, Turn> _heap = new();
    private ulong _order;

    // The events that are state, by name: added while the machine is built.
    private readonly SortedDictionary<string, QueuedEvent> _named = new(StringComparer.Ordinal);

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

    /// <summary>The events that are part of the machine's state, in the order of their names.</summary>
    public IEnumerable<QueuedEvent> Named => _named.Values;

    /// <summary>Makes an event part of the machine's state.</summary>
    /// <exception cref="ArgumentException">Another one has its name.</exception>
    public QueuedEvent Add(QueuedEvent named)
    {
        lock (_lock)
            _named.Add(named.Name, named);
        return named;
    }

    /// <summary>Finds an event that is part of the machine's state.</summary>
    /// <exception cref="InvalidStateException">There is none of that name.</exception>
    public QueuedEvent Find(ReadOnlySpan<byte> name)
    {
        string text = Encoding.ASCII.GetString(name);
        return _named.TryGetValue(text, out QueuedEvent? found) ? found : throw new InvalidStateException("the saved state has an event that this machine has not");
    }

    /// <summary>Writes name and deadline of each event that is scheduled, in the order of their names: whatever order they were set in.</summary>
    public void Save(StateWriter writer)
    {
        QueuedEvent[] scheduled = [.. _named.Values.Where(named => named.Deadline != ulong.MaxValue)];
        writer.U16((ushort)scheduled.Length);
        foreach (QueuedEvent named in scheduled)
        {
            writer.Bytes(Encoding.ASCII.GetBytes(named.Name));
            writer.U64(named.Deadline);
        }
    }

    /// <summary>Schedules what was scheduled, and nothing else of the events that are state.</summary>
    public void Restore(ref StateReader reader)
    {
        foreach (QueuedEvent named in _named.Values)
            Set(named, ulong.MaxValue);
        for (int count = reader.U16(); count > 0; count--)
            Set(Find(reader.Bytes()), reader.U64());
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
    /// <param name="now">The time.</param>
    /// <param name="onlyOfLine">Null too if it does more than move a line.</param>
    public QueuedEvent? TakeDue(ulong now, bool onlyOfLine = false)
    {
        lock (_lock)
        {
            if (!_heap.TryPeek(out QueuedEvent? first, out Turn turn) || turn.Deadline > now || (onlyOfLine && !first.IsOfLine))
                return null;
            _heap.Dequeue();
            first.DeadlineTicks = ulong.MaxValue;
            first.TakenTicks = turn.Deadline;
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

    /// <summary>The deadline at which it was taken from the queue last. Owned by the clock's runner.</summary>
    internal ulong TakenTicks { get; set; }

    /// <summary>It is part of the machine's state: work of the host, and what it sets itself, are not.</summary>
    internal bool IsState { get; init; }

    /// <summary>It only moves an interrupt line, and never waits.</summary>
    internal bool IsOfLine { get; init; }

    /// <summary>Its action has answered a wait that has not completed: it runs when that has, not before. Owned by the clock's runner.</summary>
    internal bool IsWaiting { get; set; }

    /// <inheritdoc/>
    public override void Set(ulong deadlineTicks) => set(this, deadlineTicks);

    /// <inheritdoc/>
    public override string ToString() => name;
}
