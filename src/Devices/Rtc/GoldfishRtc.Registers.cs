namespace Strata.Devices.Rtc;

public sealed partial class GoldfishRtc
{
    /// <summary>Bytes of address space with registers.</summary>
    public const ulong SizeBytes = 0x24;

    private static class Register
    {
        public const ulong TimeLow = 0x00;        // R: latches TimeHigh; W
        public const ulong TimeHigh = 0x04;       // RW
        public const ulong AlarmLow = 0x08;       // RW; a write arms the alarm
        public const ulong AlarmHigh = 0x0c;      // RW
        public const ulong IrqEnabled = 0x10;     // RW, bit 0
        public const ulong ClearAlarm = 0x14;     // WO
        public const ulong AlarmStatus = 0x18;    // RO
        public const ulong ClearInterrupt = 0x1c; // WO
    }
}
