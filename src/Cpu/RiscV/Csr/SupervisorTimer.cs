// Privileged specification 1.13, chapter "Sstc".
using Strata.Guest.Interrupts;
using Strata.Guest.Time;

namespace Strata.Cpu.RiscV.Csr;

/// <summary>The comparator of stimecmp: drives a hart's STIP line, high from the moment that time reaches the deadline until the deadline moves away.</summary>
internal sealed class SupervisorTimer
{
    private readonly GuestClock _clock;
    private readonly IInterruptLine _line;
    private readonly ClockEvent _event;

    // Guards _deadline and, with it, the line's level and the event. Taken by the hart's carrier, or by a device or the clock under the device lock; who has it
    // takes the locks behind the line and the event and no other.
    private readonly Lock _lock = new();
    private ulong _deadline = ulong.MaxValue;

    public SupervisorTimer(GuestClock clock, string name, IInterruptLine line)
    {
        _clock = clock;
        _line = line;
        _event = clock.CreateLineEvent(name, FallDue);
        clock.OnMachineTimeMoved(Update);
    }

    /// <summary>Moves the deadline, a machine time; <see cref="ulong.MaxValue"/> is never.</summary>
    public void Set(ulong deadline)
    {
        lock (_lock)
        {
            _deadline = deadline;
            Update();
        }
    }

    // As in QEMU a write of mtime may also take the interrupt back.
    private void Update()
    {
        lock (_lock)
        {
            bool isDue = _deadline != ulong.MaxValue && _clock.MachineTime >= _deadline;
            _line.Set(isDue);
            _event.Set(isDue ? ulong.MaxValue : _clock.DeadlineOf(_deadline));
        }
    }

    private void FallDue()
    {
        lock (_lock)
        {
            // The hart may have moved the deadline while this event was on its way.
            if (_deadline != ulong.MaxValue && _clock.MachineTime >= _deadline)
                _line.Set(true);
        }
    }
}
