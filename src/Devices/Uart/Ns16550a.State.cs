using Strata.Guest.State;

namespace Strata.Devices.Uart;

/// <summary>What a 16550A remembers: its registers, and the received bytes that were not read yet.</summary>
internal record struct Ns16550aState(
    ushort Divisor,
    byte Ier,
    byte Fcr,
    byte Lcr,
    byte Mcr,
    byte Lsr,
    byte Msr,
    byte Scr,
    bool TransmitterInterrupt,
    bool TimeoutInterrupt,
    byte LastReceived,
    byte[] Received,
    int ReceivedCount)
{
    private const ushort Version = 1;

    public readonly void Write(StateWriter writer)
    {
        (ushort divisor, byte ier, byte fcr, byte lcr, byte mcr, byte lsr, byte msr, byte scr, bool transmitterInterrupt, bool timeoutInterrupt,
            byte lastReceived, byte[] received, int receivedCount) = this;
        writer.Section("ns16550a", Version, section =>
        {
            section.U16(divisor);
            section.U8(ier);
            section.U8(fcr);
            section.U8(lcr);
            section.U8(mcr);
            section.U8(lsr);
            section.U8(msr);
            section.U8(scr);
            section.Bool(transmitterInterrupt);
            section.Bool(timeoutInterrupt);
            section.U8(lastReceived);
            section.Bytes(received.AsSpan(0, receivedCount));
        });
    }

    public static Ns16550aState Read(ref StateReader reader, int fifoSize)
    {
        StateReader section = reader.Section("ns16550a", Version);
        Ns16550aState state = new(section.U16(), section.U8(), section.U8(), section.U8(), section.U8(), section.U8(), section.U8(), section.U8(),
            section.Bool(), section.Bool(), section.U8(), new byte[fifoSize], 0);
        ReadOnlySpan<byte> received = section.Bytes();
        if (received.Length > fifoSize)
            throw new InvalidStateException($"saved UART has {received.Length} bytes in its receive FIFO of {fifoSize}");
        received.CopyTo(state.Received);
        state.ReceivedCount = received.Length;
        return state;
    }
}
