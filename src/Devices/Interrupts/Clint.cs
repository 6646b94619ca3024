// SiFive FU540-C000 manual v1p4, chapter 9 (Core-Local Interruptor); RISC-V ACLINT specification 1.0-rc4, sections 2 and 3.
// Where they leave a choice: QEMU's hw/intc/riscv_aclint.
using Strata.Guest.Interrupts;
using Strata.Guest.Memory;
using Strata.Guest.State;
using Strata.Guest.Time;

namespace Strata.Devices.Interrupts;

/// <summary>The core-local interruptor: machine time, and per hart a timer and a software interrupt.</summary>
public sealed partial class Clint : IMmioDevice, IStateful
{
    // Configuration.
    private readonly int _hartCount;

    // Wiring.
    private readonly GuestClock _clock;
    private readonly IInterruptLine[] _softwareLines;
    private readonly IInterruptLine[] _timerLines;
    private readonly ClockEvent[] _timers;

    // State, under the device lock. Line levels and the timers' deadlines follow from it.
    private ClintState _state;

    /// <summary>Makes the part for as many harts as there are lines.</summary>
    /// <param name="clock">Guest time; <c>mtime</c> counts its ticks.</param>
    /// <param name="softwareLines">MachineSoftware of each hart.</param>
    /// <param name="timerLines">MachineTimer of each hart.</param>
    public Clint(GuestClock clock, IReadOnlyList<IInterruptLine> softwareLines, IReadOnlyList<IInterruptLine> timerLines)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(timerLines.Count, softwareLines.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(softwareLines.Count, MaxHarts);
        _hartCount = softwareLines.Count;
        _clock = clock;
        _softwareLines = [.. softwareLines];
        _timerLines = [.. timerLines];
        _timers = new ClockEvent[_hartCount];
        for (int hart = 0; hart < _hartCount; hart++)
        {
            int index = hart;
            _timers[hart] = clock.CreateLineEvent($"clint-timer-{hart}", () => UpdateTimer(index));
        }

        Reset();
    }

    /// <summary>The value of <c>mtime</c>, which <c>rdtime</c> reads as well.</summary>
    public ulong Time => _clock.MachineTime;

    /// <summary>Back to power-on: mtime continues with the clock, every mtimecmp is 0, no software interrupt is pending.</summary>
    public void Reset()
    {
        _state = ClintState.AtReset(_hartCount);
        UpdateAll();
    }

    /// <inheritdoc/>
    public bool Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        if (size is not (4 or 8) || (size == 8 && offset < Register.MsipEnd))
            return false;
        if (offset < Register.MsipEnd)
        {
            ulong hart = offset / 4;
            value = hart < (ulong)_hartCount && _state.Software[hart] ? 1u : 0u;
        }
        else if (offset < Register.MTime)
        {
            ulong hart = (offset - Register.MTimeCmp) / 8;
            value = hart < (ulong)_hartCount ? Half(_state.TimeCompare[hart], offset, size) : 0;
        }
        else if (offset < Register.MTimeEnd)
        {
            value = Half(Time, offset, size);
        }

        return true;
    }

    /// <inheritdoc/>
    public bool Write(ulong offset, int size, ulong value)
    {
        if (size is not (4 or 8) || (size == 8 && offset < Register.MsipEnd))
            return false;
        if (offset < Register.MsipEnd)
        {
            ulong hart = offset / 4;
            if (hart < (ulong)_hartCount)
            {
                _state.Software[hart] = (value & 1) != 0;
                _softwareLines[hart].Set(_state.Software[hart]);
            }
        }
        else if (offset < Register.MTime)
        {
            ulong hart = (offset - Register.MTimeCmp) / 8;
            if (hart < (ulong)_hartCount)
            {
                _state.TimeCompare[hart] = WithHalf(_state.TimeCompare[hart], offset, size, value);
                UpdateTimer((int)hart);
            }
        }
        else if (offset < Register.MTimeEnd)
        {
            ulong now = _clock.Now;
            _state.TimeDelta = WithHalf(now + _state.TimeDelta, offset, size, value) - now;
            _clock.MoveMachineTime(_state.TimeDelta);
            for (int hart = 0; hart < _hartCount; hart++)
                UpdateTimer(hart);
        }

        return true;
    }

    /// <inheritdoc/>
    public void Save(StateWriter writer) => _state.Write(writer);

    /// <inheritdoc/>
    public void Restore(ref StateReader reader)
    {
        _state = ClintState.Read(ref reader, _hartCount);
        UpdateAll();
    }

    private static ulong Half(ulong register, ulong offset, int size) =>
        size == 8 ? register : (offset & 4) == 0 ? (uint)register : register >> 32;

    private static ulong WithHalf(ulong register, ulong offset, int size, ulong value) =>
        size == 8 ? value : (offset & 4) == 0 ? (register & ~0xffff_ffffUL) | (uint)value : (uint)register | (value << 32);

    private void UpdateAll()
    {
        _clock.MoveMachineTime(_state.TimeDelta);
        for (int hart = 0; hart < _hartCount; hart++)
        {
            _softwareLines[hart].Set(_state.Software[hart]);
            UpdateTimer(hart);
        }
    }

    private void UpdateTimer(int hart)
    {
        bool pending = Time >= _state.TimeCompare[hart];
        _timerLines[hart].Set(pending);
        _timers[hart].Set(pending ? ulong.MaxValue : _clock.DeadlineOf(_state.TimeCompare[hart]));
    }
}
