// Android goldfish virtual hardware specification (GOLDFISH-VIRTUAL-HARDWARE.TXT), section X, "Goldfish timer"; QEMU's hw/rtc/goldfish_rtc.
using Strata.Guest.Interrupts;
using Strata.Guest.Memory;
using Strata.Guest.State;
using Strata.Guest.Time;

namespace Strata.Devices.Rtc;

/// <summary>The real-time clock: the time of day in nanoseconds, and one alarm.</summary>
public sealed partial class GoldfishRtc : IMmioDevice, IStateful
{
    private const ulong NanosecondsPerTick = 1_000_000_000 / GuestClock.TicksPerSecond;

    // Wiring.
    private readonly GuestClock _clock;
    private readonly IInterruptLine _line;
    private readonly ClockEvent _alarm;

    // State, under the device lock.
    private GoldfishRtcState _state;

    /// <summary>Makes the part, showing the clock's time of day.</summary>
    public GoldfishRtc(GuestClock clock, IInterruptLine line)
    {
        _clock = clock;
        _line = line;
        _alarm = clock.CreateEvent("rtc-alarm", () =>
        {
            UpdateAlarm();
            return null;
        });
    }

    private ulong TimeOfDay => _clock.WallClockNanoseconds + _state.Offset;

    /// <summary>Back to power-on: no alarm. The time that the guest set is kept, as by a battery.</summary>
    public void Reset()
    {
        _state = new GoldfishRtcState(_state.Offset, LatchedHigh: 0, Alarm: 0, AlarmArmed: false, IrqEnabled: false, IrqPending: false);
        _alarm.Cancel();
        UpdateLine();
    }

    /// <inheritdoc/>
    public bool Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        if (size == 8)
        {
            // As in QEMU: two registers, the lower one first.
            if (!Read(offset, 4, out ulong low) || !Read(offset + 4, 4, out ulong high))
                return false;
            value = low | (high << 32);
            return true;
        }

        if (offset >= SizeBytes || size != 4)
            return false;
        switch (offset)
        {
            case Register.TimeLow:
                ulong now = TimeOfDay;
                _state.LatchedHigh = (uint)(now >> 32);
                value = (uint)now;
                break;
            case Register.TimeHigh:
                value = _state.LatchedHigh;
                break;
            case Register.AlarmLow:
                value = (uint)_state.Alarm;
                break;
            case Register.AlarmHigh:
                value = _state.Alarm >> 32;
                break;
            case Register.IrqEnabled:
                value = _state.IrqEnabled ? 1u : 0;
                break;
            case Register.AlarmStatus:
                value = _state.AlarmArmed ? 1u : 0;
                break;
        }

        return true;
    }

    /// <inheritdoc/>
    public bool Write(ulong offset, int size, ulong value)
    {
        if (size == 8)
            return Write(offset, 4, (uint)value) && Write(offset + 4, 4, value >> 32);
        if (offset >= SizeBytes || size != 4)
            return false;
        uint word = (uint)value;
        switch (offset)
        {
            case Register.TimeLow:
                SetTime((TimeOfDay & ~0xffff_ffffUL) | word);
                break;
            case Register.TimeHigh:
                SetTime((uint)TimeOfDay | ((ulong)word << 32));
                break;
            case Register.AlarmLow:
                _state.Alarm = (_state.Alarm & ~0xffff_ffffUL) | word;
                _state.AlarmArmed = true;
                UpdateAlarm();
                break;
            case Register.AlarmHigh:
                _state.Alarm = (uint)_state.Alarm | ((ulong)word << 32);
                break;
            case Register.IrqEnabled:
                _state.IrqEnabled = (word & 1) != 0;
                UpdateLine();
                break;
            case Register.ClearAlarm:
                _state.AlarmArmed = false;
                _alarm.Cancel();
                break;
            case Register.ClearInterrupt:
                _state.IrqPending = false;
                UpdateLine();
                break;
        }

        return true;
    }

    /// <inheritdoc/>
    public void Save(StateWriter writer) => _state.Write(writer);

    /// <inheritdoc/>
    public void Restore(ref StateReader reader)
    {
        _state = GoldfishRtcState.Read(ref reader);
        UpdateAlarm();
        UpdateLine();
    }

    private void SetTime(ulong nanoseconds)
    {
        _state.Offset += nanoseconds - TimeOfDay;
        UpdateAlarm();
    }

    private void UpdateAlarm()
    {
        if (!_state.AlarmArmed)
        {
            _alarm.Cancel();
            return;
        }

        ulong now = TimeOfDay;
        if (_state.Alarm > now)
        {
            // The quotient is far below 2^64, so the sum cannot overflow; one tick more, so that the alarm is never early.
            _alarm.Set(_clock.Now + ((_state.Alarm - now) / NanosecondsPerTick) + 1);
            return;
        }

        _state.AlarmArmed = false;
        _state.IrqPending = true;
        _alarm.Cancel();
        UpdateLine();
    }

    private void UpdateLine() => _line.Set(_state.IrqPending && _state.IrqEnabled);
}
