namespace Strata.Devices.Uart;

public sealed partial class Ns16550a
{
    /// <summary>Bytes of address space with registers.</summary>
    public const ulong SizeBytes = 8;

    /// <summary>The frequency of the divisor's input, for the device tree's <c>clock-frequency</c>.</summary>
    public const uint ClockHz = 3_686_400;

    private const int FifoSize = 16;

    private static class Register
    {
        public const ulong Rbr = 0; // R: receiver buffer; W: transmitter holding; DLAB: divisor latch, low
        public const ulong Ier = 1; // RW; DLAB: divisor latch, high
        public const ulong Iir = 2; // R: interrupt identification; W: FIFO control
        public const ulong Lcr = 3; // RW
        public const ulong Mcr = 4; // RW
        public const ulong Lsr = 5; // RO
        public const ulong Msr = 6; // RO
        public const ulong Scr = 7; // RW
    }

    private static class InterruptEnable
    {
        public const byte ReceivedData = 0x01;
        public const byte TransmitterEmpty = 0x02;
        public const byte LineStatus = 0x04;
        public const byte ModemStatus = 0x08;
        public const byte All = 0x0f;
    }

    private static class InterruptId
    {
        public const byte None = 0x01;
        public const byte ModemStatus = 0x00;
        public const byte TransmitterEmpty = 0x02;
        public const byte ReceivedData = 0x04;
        public const byte LineStatus = 0x06;
        public const byte CharacterTimeout = 0x0c;
        public const byte FifosEnabled = 0xc0;
    }

    private static class FifoControl
    {
        public const byte Enable = 0x01;
        public const byte ResetReceiver = 0x02;
        public const byte ResetTransmitter = 0x04;
        public const byte Kept = 0xc9; // enable, DMA mode, trigger level
        public const int TriggerShift = 6;
    }

    private static class LineControl
    {
        public const byte DivisorLatch = 0x80;
    }

    private static class ModemControl
    {
        public const byte DataTerminalReady = 0x01;
        public const byte RequestToSend = 0x02;
        public const byte Out1 = 0x04;
        public const byte Out2 = 0x08;
        public const byte Loop = 0x10;
        public const byte All = 0x1f;
    }

    private static class LineStatus
    {
        public const byte DataReady = 0x01;
        public const byte Overrun = 0x02;
        public const byte Errors = 0x1e; // overrun, parity, framing, break
        public const byte TransmitterHoldingEmpty = 0x20;
        public const byte TransmitterEmpty = 0x40;
    }

    private static class ModemStatus
    {
        public const byte Deltas = 0x0f;
        public const byte ClearToSend = 0x10;
        public const byte DataSetReady = 0x20;
        public const byte RingIndicator = 0x40;
        public const byte CarrierDetect = 0x80;
    }
}
