using System.Text;
using Strata.Devices.Consoles;
using Strata.Devices.Tests.Fakes;
using Strata.Devices.Uart;

namespace Strata.Devices.Tests.Uart;

/// <summary>PC16550D data sheet, section 8.</summary>
public sealed class Ns16550aTests
{
    private const ulong Rbr = 0, Ier = 1, Iir = 2, Fcr = 2, Lcr = 3, Mcr = 4, Lsr = 5, Msr = 6, Scr = 7;
    private readonly ManualClock _clock = new();
    private readonly Line _line = new();
    private readonly ConsolePort _port = new("", OutputOverflow.DropOldest);
    private readonly Ns16550a _uart;

    public Ns16550aTests() => _uart = new Ns16550a("uart", _clock, _line, _port);

    private ulong Load(ulong register) => _uart.Load(register, 1);

    private void Store(ulong register, byte value) => _uart.Store(register, value, 1);

    private string Output()
    {
        byte[] bytes = new byte[ConsolePort.BufferSizeBytes];
        return Encoding.ASCII.GetString(bytes, 0, _port.Receive(bytes));
    }

    [Fact]
    public void Written_bytes_come_out_and_the_transmitter_is_empty_at_once()
    {
        foreach (byte b in "hello"u8)
            Store(Rbr, b);
        Assert.Equal("hello", Output());
        Assert.Equal(0x60u, Load(Lsr));
    }

    [Fact]
    public void Output_that_nobody_takes_is_bounded_and_its_newest_part_kept()
    {
        for (int i = 0; i < 3 * ConsolePort.BufferSizeBytes; i++)
            Store(Rbr, (byte)('a' + (i % 26)));
        string output = Output();
        Assert.Equal(ConsolePort.BufferSizeBytes, output.Length);
        Assert.Equal((char)('a' + (((3 * ConsolePort.BufferSizeBytes) - 1) % 26)), output[^1]);
    }

    [Fact]
    public void Section_8_3_the_divisor_latch_hides_two_registers()
    {
        Store(Ier, 5);
        Store(Lcr, 0x83);
        Store(Rbr, 0x34);
        Store(Ier, 0x12);
        Assert.Equal((0x34u, 0x12u), (Load(Rbr), Load(Ier)));
        Store(Lcr, 3);
        Assert.Equal(5u, Load(Ier));
        Assert.Equal("", Output());
    }

    [Fact]
    public void Section_8_5_fifos_show_in_the_identification_register()
    {
        Assert.Equal(0x01u, Load(Iir));
        Store(Fcr, 1);
        Assert.Equal(0xc1u, Load(Iir));
    }

    [Fact]
    public void Section_8_5_received_data_interrupts_at_the_trigger_level()
    {
        Store(Fcr, 0x81);
        Store(Ier, 1);
        _port.Send("1234567"u8);
        _clock.Advance(1);
        Assert.False(_line.Level);
        _port.Send("8"u8);
        _clock.Advance(1);
        Assert.True(_line.Level);
        Assert.Equal(0xc4u, Load(Iir));
        Assert.Equal((ulong)'1', Load(Rbr));
        Assert.False(_line.Level);
    }

    [Fact]
    public void Section_8_5_below_the_trigger_level_the_timeout_interrupts_and_reading_ends_it()
    {
        Store(Fcr, 0x81);
        Store(Ier, 1);
        _port.Send("x"u8);
        _clock.Advance(1);
        Assert.False(_line.Level);
        Assert.Equal(0x61u, Load(Lsr));
        _clock.Settle();
        Assert.True(_line.Level);
        Assert.Equal(0xccu, Load(Iir));
        Assert.Equal((ulong)'x', Load(Rbr));
        Assert.False(_line.Level);
        Assert.Equal(0x60u, Load(Lsr));
    }

    [Fact]
    public void Section_8_6_the_transmitter_interrupt_is_cleared_by_reading_IIR_and_raised_by_IER()
    {
        Store(Ier, 2);
        Assert.True(_line.Level);
        Assert.Equal(2u, Load(Iir));
        Assert.False(_line.Level);
        Assert.Equal(1u, Load(Iir));
        Store(Rbr, (byte)'a');
        Assert.True(_line.Level);
        Load(Iir);
        Store(Ier, 0);
        Store(Ier, 2);
        Assert.True(_line.Level);
    }

    [Fact]
    public void Section_8_7_the_modem_outputs_come_back_in_loop_back()
    {
        Assert.Equal(0xb0u, Load(Msr));
        Store(Mcr, 0x1a);
        Assert.Equal(0x90u, Load(Msr) & 0xf0);
        Store(Mcr, 0x15);
        Assert.Equal(0x60u, Load(Msr) & 0xf0);
    }

    [Fact]
    public void Section_8_7_data_comes_back_in_loop_back_and_an_overrun_shows()
    {
        Store(Mcr, 0x10);
        Store(Rbr, 1);
        Store(Rbr, 2);
        Assert.Equal(0x63u, Load(Lsr));
        Assert.Equal(0x61u, Load(Lsr));
        Assert.Equal(2u, Load(Rbr));
        Assert.Equal("", Output());
    }

    [Fact]
    public void Input_of_any_length_arrives_in_order_and_whole()
    {
        Store(Fcr, 1);
        string sent = string.Concat(Enumerable.Range(0, 5000).Select(i => $"{i} "));
        StringBuilder got = new();
        byte[] bytes = Encoding.ASCII.GetBytes(sent);
        for (int at = 0; got.Length < sent.Length;)
        {
            at += _port.Send(bytes.AsSpan(at, Math.Min(700, bytes.Length - at)));
            _clock.Advance(1);
            while ((Load(Lsr) & 1) != 0)
                got.Append((char)Load(Rbr));
        }

        Assert.Equal(sent, got.ToString());
    }

    [Fact]
    public void The_scratch_register_keeps_its_value_and_wide_accesses_reach_one_register()
    {
        _uart.Store(Scr, 0x1122_3344, 4);
        Assert.Equal(0x44u, _uart.Load(Scr, 8));
        Assert.False(_uart.Read(8, 1, out _));
        Assert.False(_uart.Write(0x100, 1, 0));
    }

    [Fact]
    public void Save_restore_save_gives_the_same_bytes_and_line()
    {
        Store(Fcr, 1);
        Store(Ier, 5);
        Store(Scr, 0x5a);
        _port.Send("abc"u8);
        _clock.Advance(1);
        byte[] saved = _uart.Saved();
        Line line = new();
        Ns16550a other = new("uart", new ManualClock(), line, new ConsolePort("", OutputOverflow.DropOldest));
        other.RestoreFrom(saved);
        Assert.Equal(saved, other.Saved());
        Assert.True(line.Level);
        Assert.Equal((ulong)'a', other.Load(0, 1));
    }

    [Fact]
    public void Accesses_allocate_nothing()
    {
        byte[] taken = new byte[16];
        Assert.Equal(0, Registers.AllocatedBy(() =>
        {
            for (ulong register = 0; register < 8; register++)
            {
                _uart.Read(register, 1, out _);
                _uart.Write(register, 1, 0);
            }

            _port.Receive(taken);
        }));
    }
}
