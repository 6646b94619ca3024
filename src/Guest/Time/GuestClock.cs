using System.Runtime.InteropServices;
using Strata.Guest.Memory;
using Strata.Guest.State;

namespace Strata.Guest.Time;

/// <summary>The one source of guest time, and the queue of everything that will happen to a machine's devices.</summary>
/// <remarks>
/// Every device completion and every timer is an event of this queue; no host thread raises an interrupt line by itself. Events run one at a time,
/// under the machine's device lock, never on a carrier that runs guest code at that moment. In deterministic mode an event runs at an exact count of
/// instructions; in free-running mode as soon as the host clock has reached its deadline.
/// </remarks>
public abstract class GuestClock : IStateful
{
    /// <summary>Frequency of <c>mtime</c> and of <c>rdtime</c>, as on QEMU's <c>virt</c> board.</summary>
    public const ulong TicksPerSecond = 10_000_000;

    /// <summary>The same as a duration.</summary>
    public const long NanosecondsPerTick = 1_000_000_000 / (long)TicksPerSecond;

    private readonly Lock _hostWorkLock = new();

    // What machine time is made of, at a place that does not move: the host's nanoseconds at tick 0, and machine time minus Now. The second is written under
    // the device lock, the first while no hart runs.
    private readonly ulong[] _origin = GC.AllocateArray<ulong>(2, pinned: true);
    private readonly List<Action> _machineTimeMoved = [];

    // Guarded by _hostWorkLock: host work that was begun and has not completed.
    private int _hostWorkCount;
    private MemoryWait? _hostIdle;

    /// <summary>Guest time in ticks since the machine was made.</summary>
    public abstract ulong Now { get; }

    /// <summary>Machine time, which <c>mtime</c> and <c>rdtime</c> read: <see cref="Now"/> until a guest writes <c>mtime</c>.</summary>
    public ulong MachineTime => Now + Volatile.Read(ref _origin[1]);

    /// <summary>
    /// For emitted code, while this object lives: the address of two doublewords s and d, so that machine time is (n - s) / <see cref="NanosecondsPerTick"/> + d, where n is
    /// <see cref="Strata.Host.MonotonicClock.Nanoseconds"/>; 0: it is not.
    /// </summary>
    public virtual nint HostOrigin => 0;

    /// <summary>The time of day in nanoseconds since 1970, for a real-time clock: a modelled one in deterministic mode.</summary>
    public abstract ulong WallClockNanoseconds { get; }

    /// <summary>True when time derives from instructions.</summary>
    public abstract bool IsDeterministic { get; }

    /// <summary>Makes an event that runs <paramref name="action"/> whenever it falls due; it starts unscheduled.</summary>
    /// <param name="name">A name that is unique in the machine: it breaks ties of equal deadlines and identifies the event in saved state.</param>
    /// <param name="action">Runs under the device lock. Answers null when done, or what to wait for: then it is run again, and guest time of a
    /// deterministic machine stands still until it is done.</param>
    public abstract ClockEvent CreateEvent(string name, Func<MemoryWait?> action);

    /// <summary>As <see cref="CreateEvent"/>, for what only moves an interrupt line: it never waits, and may run on the thread that has seen the deadline come.</summary>
    public virtual ClockEvent CreateLineEvent(string name, Action action) => CreateEvent(name, () =>
    {
        action();
        return null;
    });

    /// <summary>Makes an event that the host's side of a part sets, at any moment, when it has something for the guest (input, room for output): no state of the
    /// machine; a part that is restored sets it again if need be.</summary>
    public virtual ClockEvent CreateHostEvent(string name, Func<MemoryWait?> action) => CreateEvent(name, action);

    /// <summary>Writes what time it is and which events of <see cref="CreateEvent"/> are due when. Host work in flight is its owner's to save, and to begin again.</summary>
    public abstract void Save(StateWriter writer);

    /// <summary>Takes time and deadlines from a saved state; after the parts that own the events.</summary>
    public abstract void Restore(ref StateReader reader);

    /// <summary>Announces work that the host does meanwhile (a disk read): <see cref="HostWork.Complete"/> is called from any thread when it is done, and
    /// <paramref name="action"/> then runs as an event; in deterministic mode exactly <paramref name="modelledTicks"/> from now, for which the machine waits if need be.</summary>
    public abstract HostWork BeginHostWork(string name, ulong modelledTicks, Func<MemoryWait?> action);

    /// <summary>Has <paramref name="moved"/> called, under the device lock, after the guest has moved machine time: whoever compares with it must look again.</summary>
    /// <remarks>Only while the machine is built.</remarks>
    public void OnMachineTimeMoved(Action moved) => _machineTimeMoved.Add(moved);

    /// <summary>Moves machine time away from <see cref="Now"/>, modulo 2^64. Under the device lock; the one who calls it has it in its saved state.</summary>
    public void MoveMachineTime(ulong delta)
    {
        Volatile.Write(ref _origin[1], delta);
        foreach (Action moved in _machineTimeMoved)
            moved();
    }

    /// <summary>When <see cref="Now"/> will be such that machine time has reached <paramref name="machineTime"/>: the past if it has already,
    /// <see cref="ulong.MaxValue"/> if it does not get there.</summary>
    public ulong DeadlineOf(ulong machineTime)
    {
        ulong now = Now;
        ulong time = now + Volatile.Read(ref _origin[1]);
        if (time >= machineTime)
            return now;
        ulong remaining = machineTime - time;
        return remaining < ulong.MaxValue - now ? now + remaining : ulong.MaxValue;
    }

    /// <summary>Completes when the host has nothing in flight for the machine, whether or not the events that follow have run.</summary>
    public MemoryWait WhenHostIsIdle()
    {
        lock (_hostWorkLock)
        {
            if (_hostWorkCount > 0)
                return _hostIdle ??= new MemoryWait();
        }

        MemoryWait idle = new();
        idle.Complete();
        return idle;
    }

    /// <summary>What <see cref="HostOrigin"/> is where guest time follows the host's clock.</summary>
    private protected nint OriginAddress => Marshal.UnsafeAddrOfPinnedArrayElement(_origin, 0);

    /// <summary>The host's time at tick 0, where guest time follows the host's clock.</summary>
    private protected long HostStart
    {
        get => (long)Volatile.Read(ref _origin[0]);
        set => Volatile.Write(ref _origin[0], (ulong)value);
    }

    /// <summary>Called when host work begins.</summary>
    private protected void HostWorkBegan()
    {
        lock (_hostWorkLock)
            _hostWorkCount++;
    }

    /// <summary>Called when it has completed, after its event was set.</summary>
    private protected void HostWorkEnded()
    {
        MemoryWait? idle = null;
        lock (_hostWorkLock)
        {
            if (--_hostWorkCount == 0)
                (idle, _hostIdle) = (_hostIdle, null);
        }

        idle?.Complete();
    }
}

/// <summary>Something scheduled at a guest time; may be set again and again without allocating.</summary>
public abstract class ClockEvent
{
    /// <summary>The tick at which the event is due, or <see cref="ulong.MaxValue"/> if it is not scheduled.</summary>
    public abstract ulong Deadline { get; }

    /// <summary>Schedules (or moves) the event. A deadline in the past means as soon as possible. Any thread may call it.</summary>
    public abstract void Set(ulong deadlineTicks);

    /// <summary>Unschedules the event. One that has begun to run is not stopped.</summary>
    public void Cancel() => Set(ulong.MaxValue);
}

/// <summary>Host work in flight, see <see cref="GuestClock.BeginHostWork"/>.</summary>
public abstract class HostWork
{
    /// <summary>The host has done its part. Called once, from any thread.</summary>
    public abstract void Complete();
}
