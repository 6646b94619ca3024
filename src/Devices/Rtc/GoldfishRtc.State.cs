using Strata.Guest.State;

namespace Strata.Devices.Rtc;

/// <summary>What a Goldfish RTC remembers; times in nanoseconds since 1970.</summary>
/// <param name="Offset">What the guest's clock is ahead of the machine's.</param>
/// <param name="LatchedHigh">TIME_HIGH as of the last read of TIME_LOW.</param>
/// <param name="Alarm">When the alarm goes off.</param>
/// <param name="AlarmArmed">It has yet to go off.</param>
/// <param name="IrqEnabled">The alarm interrupts.</param>
/// <param name="IrqPending">It went off and was not cleared.</param>
internal record struct GoldfishRtcState(ulong Offset, uint LatchedHigh, ulong Alarm, bool AlarmArmed, bool IrqEnabled, bool IrqPending)
{
    private const ushort Version = 1;

    public readonly void Write(StateWriter writer)
    {
        (ulong offset, uint latchedHigh, ulong alarm, bool alarmArmed, bool irqEnabled, bool irqPending) = this;
        writer.Section("rtc", Version, section =>
        {
            section.U64(offset);
            section.U32(latchedHigh);
            section.U64(alarm);
            section.Bool(alarmArmed);
            section.Bool(irqEnabled);
            section.Bool(irqPending);
        });
    }

    public static GoldfishRtcState Read(ref StateReader reader)
    {
        StateReader section = reader.Section("rtc", Version);
        return new GoldfishRtcState(section.U64(), section.U32(), section.U64(), section.Bool(), section.Bool(), section.Bool());
    }
}
