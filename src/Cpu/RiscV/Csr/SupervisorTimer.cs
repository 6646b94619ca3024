// Privileged specification 1.13, chapter "Sstc".
using Strata.Guest.Interrupts;
using Strata.Guest.Memory;
using Strata.Guest.Time;

namespace Strata.Cpu.RiscV.Csr;

/// <summary>The comparator of stimecmp: drives a hart's STIP line, high from the moment that time reaches the deadline until the deadline moves away.</summary>
internal sealed class SupervisorTimer
{
    private readonly GuestClock _clock;
    private readonly IInterruptLine _line;
    private readonly ClockEvent _event;

    // Guards _deadline and, with it, the line's level. Taken last of all: by the hart's carrier alone, or by the clock under the device lock.
    private readonly Lock _lock = new();
    private ulong _deadline = ulong.MaxValue;

    public SupervisorTimer(GuestClock clock, string name, IInterruptLine line)
    {
        _clock = clock;
        _line = line;
        _event = clock.CreateEvent(name, FallDue);
    }

    /// <summary>Moves the deadline; <see cref="ulong.MaxValue"/> is never.</summary>
    public void Set(ulong deadlineTicks)
    {
        bool isDue;
        lock (_lock)
        {
            _deadline = deadlineTicks;
            isDue = _clock.Now >= deadlineTicks;
            _line.Set(isDue);
        }

        _event.Set(isDue ? ulong.MaxValue : deadlineTicks);
    }

    private MemoryWait? FallDue()
    {
        lock (_lock)
        {
            // The hart may have moved the deadline while this event was on its way.
            if (_clock.Now >= _deadline)
                _line.Set(true);
        }

        return null;
    }
}
