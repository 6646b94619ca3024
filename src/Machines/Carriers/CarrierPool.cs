using Strata.Guest.Memory;
using Strata.Guest.Processors;
using Strata.Host;

namespace Strata.Machines.Carriers;

/// <summary>The threads that run harts: as many as the host has cores, for all machines of the process.</summary>
/// <remarks>
/// A carrier takes the next runnable task from one queue, runs it for a slice and puts it back if it wants to go on. A waiting hart holds no thread.
/// Translated code does not count instructions, so a slice has no end of its own: while tasks wait, the harts that run are kicked every few milliseconds.
/// Each carrier keeps a set of fills for each machine that it has served lately.
/// </remarks>
public sealed class CarrierPool : IDisposable
{
    private const long SliceNanoseconds = 2_000_000;

    private readonly Lock _lock = new();
    private readonly Carrier[] _carriers;
    private readonly LoopTimer _sliceEnd;
    private readonly EventLoop _eventLoop;

    // All guarded by _lock.
    private readonly Queue<CarrierTask> _runnable = new();
    private readonly Stack<Carrier> _parked = new();
    private volatile bool _stopped;

    // Written under _lock, read without it: tasks in the queue.
    private int _runnableCount;

    // 1 while the timer is set.
    private int _sliceIsTimed;

    /// <summary>Starts <paramref name="carrierCount"/> carriers.</summary>
    public CarrierPool(int carrierCount, EventLoop eventLoop)
    {
        _eventLoop = eventLoop;
        _sliceEnd = eventLoop.CreateTimer(EndSlices);
        _carriers = new Carrier[carrierCount];
        for (int i = 0; i < carrierCount; i++)
            _carriers[i] = new Carrier(this, i);
        foreach (Carrier carrier in _carriers)
            carrier.Start();
    }

    /// <summary>Number of carriers.</summary>
    public int CarrierCount => _carriers.Length;

    /// <summary>True if a task waits for a carrier, or the pool is stopped: whoever runs should make room.</summary>
    internal bool HasRunnable => Volatile.Read(ref _runnableCount) > 0 || _stopped;

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_stopped)
                return;
            _stopped = true;
            foreach (Carrier carrier in _parked)
                carrier.Parking.Signal();
            _parked.Clear();
        }

        foreach (Carrier carrier in _carriers)
            carrier.Running?.Kick();
        foreach (Carrier carrier in _carriers)
            carrier.Join();
    }

    /// <summary>Drops the fills that carriers keep for a machine none of whose tasks will run again.</summary>
    internal void Forget(GuestMemory memory)
    {
        foreach (Carrier carrier in _carriers)
            carrier.Forget(memory);
    }

    /// <summary>The thread that runs a hart just now; 0: none.</summary>
    internal int ThreadOf(IProcessor hart)
    {
        foreach (Carrier carrier in _carriers)
        {
            if (ReferenceEquals(carrier.Running, hart) || ReferenceEquals(carrier.Counting, hart))
                return carrier.ThreadNumber;
        }

        return 0;
    }

    internal void Enqueue(CarrierTask task)
    {
        Carrier? wake = null;
        lock (_lock)
        {
            _runnable.Enqueue(task);
            _runnableCount++;
            if (_parked.TryPop(out Carrier? parked))
                wake = parked;
        }

        if (wake is not null)
            wake.Parking.Signal();
        else if (Interlocked.Exchange(ref _sliceIsTimed, 1) == 0)
            _sliceEnd.Set(MonotonicClock.Nanoseconds + SliceNanoseconds);
    }

    // On the event loop.
    private void EndSlices()
    {
        Volatile.Write(ref _sliceIsTimed, 0);
        if (!HasRunnable)
            return;
        foreach (Carrier carrier in _carriers)
            carrier.Running?.Kick();
        if (Interlocked.Exchange(ref _sliceIsTimed, 1) == 0)
            _sliceEnd.Set(MonotonicClock.Nanoseconds + SliceNanoseconds);
    }

    // Answers null when the pool is stopped.
    internal CarrierTask? Take(Carrier carrier)
    {
        while (true)
        {
            lock (_lock)
            {
                if (_stopped)
                    return null;
                if (_runnable.TryDequeue(out CarrierTask? task))
                {
                    _runnableCount--;
                    return task;
                }

                _parked.Push(carrier);
            }

            // The last to park is the first to be woken: the deadline of an idle guest then wakes no other thread than the one that runs it.
            _eventLoop.StandIn(carrier.Parking);
        }
    }
}

/// <summary>One thread that runs tasks, and the fills that belong to it.</summary>
internal sealed class Carrier
{
    private readonly CarrierPool _pool;
    private readonly Thread _thread;
    private readonly Lock _lock = new();

    // Guarded by _lock: a slot for each machine that this carrier has served.
    private readonly Dictionary<GuestMemory, CarrierSlot> _slots = [];

    // Written by the carrier, read by the event loop: a kick that comes late costs its hart one poll.
    private volatile IProcessor? _running;
    private volatile IProcessor? _counting;
    private volatile int _threadNumber;

    public Carrier(CarrierPool pool, int index)
    {
        _pool = pool;
        _thread = new Thread(Work) { Name = $"carrier-{index}", IsBackground = true };
    }

    public Futex Parking { get; } = new();

    /// <summary>The hart that is being run.</summary>
    public IProcessor? Running
    {
        get => _running;
        set => _running = value;
    }

    /// <summary>The hart of a deterministic machine that is being run: nobody kicks it.</summary>
    public IProcessor? Counting
    {
        get => _counting;
        set => _counting = value;
    }

    /// <summary>The thread, as the host knows it; 0 before it has begun.</summary>
    public int ThreadNumber => _threadNumber;

    public void Start() => _thread.Start();

    public void Join()
    {
        if (Thread.CurrentThread != _thread)
            _thread.Join();
        Parking.Dispose();
    }

    public CarrierSlot SlotFor(GuestMemory memory, IProcessorFamily processors)
    {
        lock (_lock)
        {
            if (!_slots.TryGetValue(memory, out CarrierSlot? slot))
                _slots.Add(memory, slot = memory.Revocations.Register(processors.CreateFills()));
            return slot;
        }
    }

    public void Forget(GuestMemory memory)
    {
        lock (_lock)
        {
            if (!_slots.Remove(memory, out CarrierSlot? slot))
                return;
            memory.Revocations.Unregister(slot);
            slot.Fills.Dispose();
        }
    }

    private void Work()
    {
        _threadNumber = ThreadProbe.CurrentThread;
        Futex.WaitExactly();
        while (_pool.Take(this) is { } task)
            task.RunOn(this);
    }
}
