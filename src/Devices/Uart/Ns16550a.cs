// National Semiconductor PC16550D data sheet (June 1995), section 8. Where it leaves a choice: QEMU's hw/char/serial.
using Strata.Devices.Consoles;
using Strata.Guest.Interrupts;
using Strata.Guest.Memory;
using Strata.Guest.State;
using Strata.Guest.Time;

namespace Strata.Devices.Uart;

/// <summary>A serial line: the UART 16550A with its 16-byte FIFOs, registers one byte apart.</summary>
/// <remarks>A byte leaves at the moment it is written, so the transmitter is always empty again at once. Access widths above a byte reach the register at that
/// address alone, as on QEMU's board.</remarks>
public sealed partial class Ns16550a : IMmioDevice, IStateful
{
    private const ulong BitsPerCharacter = 10;
    private const ulong TimeoutCharacters = 4;

    // Wiring.
    private readonly GuestClock _clock;
    private readonly IInterruptLine _line;
    private readonly ConsolePort _port;
    private readonly ClockEvent _input;
    private readonly ClockEvent _timeout;

    // State, under the device lock. The line's level follows from it.
    private Ns16550aState _state;

    /// <summary>Makes the part.</summary>
    /// <param name="name">Unique in the machine: the prefix of its events' names.</param>
    /// <param name="clock">Guest time.</param>
    /// <param name="line">Its interrupt.</param>
    /// <param name="port">The host's end of the serial line; should drop what nobody takes, as a wire does.</param>
    public Ns16550a(string name, GuestClock clock, IInterruptLine line, ConsolePort port)
    {
        _clock = clock;
        _line = line;
        _port = port;
        _input = clock.CreateHostEvent($"{name}-input", TakeInput);
        _timeout = clock.CreateEvent($"{name}-timeout", TimeOut);
        port.HostActed = () => _input.Set(_clock.Now);
        Reset();
    }

    private bool FifosEnabled => (_state.Fcr & FifoControl.Enable) != 0;

    private bool IsLoopedBack => (_state.Mcr & ModemControl.Loop) != 0;

    private bool IsDivisorAccess => (_state.Lcr & LineControl.DivisorLatch) != 0;

    private int ReceiveCapacity => FifosEnabled ? FifoSize : 1;

    // Bytes in the FIFO at which the receiver interrupts.
    private int TriggerLevel => !FifosEnabled ? 1 : (_state.Fcr >> FifoControl.TriggerShift) switch
    {
        0 => 1,
        1 => 4,
        2 => 8,
        _ => 14,
    };

    /// <summary>Back to power-on.</summary>
    public void Reset()
    {
        _state = new Ns16550aState(
            Divisor: 12, // 9600 baud of the PC's clock, as in QEMU
            Ier: 0,
            Fcr: 0,
            Lcr: 0,
            Mcr: ModemControl.Out2,
            Lsr: LineStatus.TransmitterEmpty | LineStatus.TransmitterHoldingEmpty,
            Msr: ModemStatus.CarrierDetect | ModemStatus.DataSetReady | ModemStatus.ClearToSend,
            Scr: 0,
            TransmitterInterrupt: false,
            TimeoutInterrupt: false,
            LastReceived: 0,
            Received: new byte[FifoSize],
            ReceivedCount: 0);
        _timeout.Cancel();
        UpdateLine();
    }

    /// <inheritdoc/>
    public bool Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        if (offset >= SizeBytes)
            return false;
        value = offset switch
        {
            Register.Rbr => IsDivisorAccess ? (byte)_state.Divisor : ReadReceived(),
            Register.Ier => IsDivisorAccess ? (byte)(_state.Divisor >> 8) : _state.Ier,
            Register.Iir => ReadInterruptId(),
            Register.Lcr => _state.Lcr,
            Register.Mcr => _state.Mcr,
            Register.Lsr => ReadLineStatus(),
            Register.Msr => ReadModemStatus(),
            _ => _state.Scr,
        };
        return true;
    }

    /// <inheritdoc/>
    public bool Write(ulong offset, int size, ulong value)
    {
        if (offset >= SizeBytes)
            return false;
        byte written = (byte)value;
        switch (offset)
        {
            case Register.Rbr when IsDivisorAccess:
                _state.Divisor = (ushort)((_state.Divisor & 0xff00) | written);
                break;
            case Register.Rbr:
                Transmit(written);
                break;
            case Register.Ier when IsDivisorAccess:
                _state.Divisor = (ushort)((_state.Divisor & 0x00ff) | (written << 8));
                break;
            case Register.Ier:
                WriteInterruptEnable(written);
                break;
            case Register.Iir:
                WriteFifoControl(written);
                break;
            case Register.Lcr:
                _state.Lcr = written;
                break;
            case Register.Mcr:
                _state.Mcr = (byte)(written & ModemControl.All);
                AskForInput();
                break;
            case Register.Scr:
                _state.Scr = written;
                break;
        }

        return true;
    }

    /// <inheritdoc/>
    public void Save(StateWriter writer) => _state.Write(writer);

    /// <inheritdoc/>
    public void Restore(ref StateReader reader)
    {
        _state = Ns16550aState.Read(ref reader, FifoSize);
        UpdateLine();
        AskForInput();
    }

    private byte ReadReceived()
    {
        if (_state.ReceivedCount > 0)
        {
            _state.LastReceived = _state.Received[0];
            _state.ReceivedCount--;
            _state.Received.AsSpan(1).CopyTo(_state.Received);
        }

        if (_state.ReceivedCount == 0)
            _state.Lsr &= unchecked((byte)~LineStatus.DataReady);
        ArmTimeout();
        UpdateLine();
        AskForInput();
        return _state.LastReceived;
    }

    private byte ReadInterruptId()
    {
        byte id = HighestInterrupt();
        if (id == InterruptId.TransmitterEmpty)
        {
            _state.TransmitterInterrupt = false;
            UpdateLine();
        }

        return (byte)(id | (FifosEnabled ? InterruptId.FifosEnabled : 0));
    }

    private byte ReadLineStatus()
    {
        byte status = _state.Lsr;
        if ((status & LineStatus.Errors) != 0)
        {
            _state.Lsr &= unchecked((byte)~LineStatus.Errors);
            UpdateLine();
        }

        return status;
    }

    private byte ReadModemStatus()
    {
        if (IsLoopedBack)
        {
            // Loop-back: the four outputs come back as the four inputs.
            return (byte)(((_state.Mcr & ModemControl.Out2) != 0 ? ModemStatus.CarrierDetect : 0)
                | ((_state.Mcr & ModemControl.Out1) != 0 ? ModemStatus.RingIndicator : 0)
                | ((_state.Mcr & ModemControl.RequestToSend) != 0 ? ModemStatus.ClearToSend : 0)
                | ((_state.Mcr & ModemControl.DataTerminalReady) != 0 ? ModemStatus.DataSetReady : 0));
        }

        byte status = _state.Msr;
        _state.Msr &= unchecked((byte)~ModemStatus.Deltas);
        UpdateLine();
        return status;
    }

    private void WriteInterruptEnable(byte value)
    {
        int changed = (_state.Ier ^ value) & InterruptEnable.All;
        _state.Ier = (byte)(value & InterruptEnable.All);
        // Enabling the transmitter's interrupt raises it at once, because the transmitter is empty, even after a read of IIR took it away.
        if ((changed & InterruptEnable.TransmitterEmpty) != 0)
            _state.TransmitterInterrupt = (value & InterruptEnable.TransmitterEmpty) != 0;
        UpdateLine();
    }

    private void WriteFifoControl(byte value)
    {
        bool toggled = ((value ^ _state.Fcr) & FifoControl.Enable) != 0;
        if (toggled || (value & FifoControl.ResetReceiver) != 0)
        {
            _state.ReceivedCount = 0;
            _state.Lsr &= unchecked((byte)~LineStatus.DataReady);
        }

        if (toggled || (value & FifoControl.ResetTransmitter) != 0)
            _state.TransmitterInterrupt = true;
        _state.Fcr = (byte)(value & FifoControl.Kept);
        ArmTimeout();
        UpdateLine();
        AskForInput();
    }

    private void Transmit(byte value)
    {
        if (IsLoopedBack)
            Receive(value);
        else
            _port.PutOutput([value]);
        _state.TransmitterInterrupt = true;
        UpdateLine();
    }

    private void Receive(byte value)
    {
        if (_state.ReceivedCount == ReceiveCapacity)
        {
            // Without FIFOs the new byte replaces the old one; with them the new one is lost.
            _state.Lsr |= LineStatus.Overrun;
            if (!FifosEnabled)
                _state.Received[0] = value;
        }
        else
        {
            _state.Received[_state.ReceivedCount++] = value;
        }

        _state.Lsr |= LineStatus.DataReady;
        ArmTimeout();
    }

    private void AskForInput()
    {
        if (!IsLoopedBack && _state.ReceivedCount < ReceiveCapacity && _port.HasInput)
            _input.Set(_clock.Now);
    }

    private MemoryWait? TakeInput()
    {
        if (IsLoopedBack)
            return null;
        Span<byte> bytes = stackalloc byte[FifoSize];
        int count = _port.TakeInput(bytes[..(ReceiveCapacity - _state.ReceivedCount)]);
        foreach (byte value in bytes[..count])
            Receive(value);
        UpdateLine();
        return null;
    }

    // Section 8.5: a receive FIFO below its trigger level interrupts when nothing came or was read for four character times.
    private void ArmTimeout()
    {
        _state.TimeoutInterrupt = false;
        if (!FifosEnabled || _state.ReceivedCount == 0)
        {
            _timeout.Cancel();
            return;
        }

        ulong divisor = Math.Max((ulong)_state.Divisor, 1);
        _timeout.Set(_clock.Now + (TimeoutCharacters * BitsPerCharacter * 16 * divisor * GuestClock.TicksPerSecond / ClockHz));
    }

    private MemoryWait? TimeOut()
    {
        if (_state.ReceivedCount > 0)
        {
            _state.TimeoutInterrupt = true;
            UpdateLine();
        }

        return null;
    }

    // Table 5 (interrupt control functions), highest priority first.
    private byte HighestInterrupt()
    {
        if ((_state.Ier & InterruptEnable.LineStatus) != 0 && (_state.Lsr & LineStatus.Errors) != 0)
            return InterruptId.LineStatus;
        if ((_state.Ier & InterruptEnable.ReceivedData) != 0 && _state.TimeoutInterrupt)
            return InterruptId.CharacterTimeout;
        if ((_state.Ier & InterruptEnable.ReceivedData) != 0 && _state.ReceivedCount >= TriggerLevel)
            return InterruptId.ReceivedData;
        if ((_state.Ier & InterruptEnable.TransmitterEmpty) != 0 && _state.TransmitterInterrupt)
            return InterruptId.TransmitterEmpty;
        return (_state.Ier & InterruptEnable.ModemStatus) != 0 && (_state.Msr & ModemStatus.Deltas) != 0 ? InterruptId.ModemStatus : InterruptId.None;
    }

    private void UpdateLine() => _line.Set(HighestInterrupt() != InterruptId.None);
}
