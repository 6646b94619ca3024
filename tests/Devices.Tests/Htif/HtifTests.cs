using System.Text;
using Strata.Devices.Consoles;
using Strata.Devices.Power;
using Strata.Devices.Tests.Fakes;
using Strata.Guest.Memory;

namespace Strata.Devices.Tests.Htif;

/// <summary>The conventions of the RISC-V front-end server.</summary>
public sealed class HtifTests : IDisposable
{
    private const ulong Ram = 0x8000_0000;
    private const ulong ToHost = 0x40;
    private const ulong FromHost = 0x80;
    private readonly ManualClock _clock = new();
    private readonly FrameAllocator _frames = new(1 << 20);
    private readonly GuestMemory _memory;
    private readonly ConsolePort _console = new("", OutputOverflow.DropOldest);
    private readonly List<PowerRequest> _requests = [];
    private readonly Devices.Htif.Htif _htif;

    public HtifTests()
    {
        _memory = new GuestMemory(_frames, [new RamRange(Ram, 0x1_0000)], new MmioBus(new Lock()));
        _htif = Make(_clock);
    }

    public void Dispose()
    {
        _memory.Dispose();
        _frames.Dispose();
    }

    private Devices.Htif.Htif Make(ManualClock clock) => new([1, 2, 3], ToHost, FromHost, clock, _memory, _console, _requests.Add);

    private void Request(params ulong[] words) => Assert.True(_memory.Write(Ram, System.Runtime.InteropServices.MemoryMarshal.AsBytes<ulong>(words)).IsDone);

    private string Output()
    {
        byte[] bytes = new byte[ConsolePort.BufferSizeBytes];
        return Encoding.ASCII.GetString(bytes, 0, _console.Receive(bytes));
    }

    [Fact]
    public void An_odd_value_exits_with_the_rest_as_code()
    {
        _htif.Store(ToHost, (7 << 1) | 1, 8);
        Assert.Equal([new PowerRequest(PowerRequestKind.PowerOff, 7)], _requests);
    }

    [Fact]
    public void An_exit_in_two_halves_is_taken_once()
    {
        _htif.Store(ToHost, 3);
        _htif.Store(ToHost + 4, 0);
        Assert.Equal([new PowerRequest(PowerRequestKind.PowerOff, 1)], _requests);
    }

    [Fact]
    public void A_character_goes_to_the_console_and_is_answered()
    {
        _htif.Store(ToHost, 0x0101_0000_0000_0041, 8);
        Assert.Equal("A", Output());
        Assert.Equal((0UL, 0x0101_0000_0000_0000UL), (_htif.Load(ToHost, 8), _htif.Load(FromHost, 8)));
    }

    [Fact]
    public void A_write_request_goes_to_the_console_whole()
    {
        string text = string.Concat(Enumerable.Range(0, 400).Select(i => $"{i},"));
        _memory.Write(Ram + 0x1001, Encoding.ASCII.GetBytes(text));
        Request(64, 1, Ram + 0x1001, (ulong)text.Length);
        _htif.Store(ToHost, Ram, 8);
        _clock.Settle();
        Assert.Equal(text, Output());
        Assert.Equal((0UL, 1UL), (_htif.Load(ToHost, 8), _htif.Load(FromHost, 8)));
        byte[] result = new byte[8];
        _memory.Read(Ram, result);
        Assert.Equal((ulong)text.Length, BitConverter.ToUInt64(result));
    }

    [Fact]
    public void An_exit_request_powers_off()
    {
        Request(93, 9, 0, 0);
        _htif.Store(ToHost, Ram, 8);
        _clock.Settle();
        Assert.Equal([new PowerRequest(PowerRequestKind.PowerOff, 9)], _requests);
    }

    [Theory]
    [InlineData(0x10)]
    [InlineData(0x8000_fff0)]
    [InlineData(0xffff_ffff_fff0)]
    public void A_request_that_is_not_in_RAM_is_answered_and_nothing_more(ulong address)
    {
        _htif.Store(ToHost, address, 8);
        _clock.Settle();
        Assert.Empty(_requests);
        Assert.Equal(1u, _htif.Load(FromHost, 8));
    }

    [Fact]
    public void The_rest_of_the_page_is_memory()
    {
        Assert.Equal(0x03_0201u, _htif.Load(0, 4));
        _htif.Store(0xff8, ulong.MaxValue, 8);
        Assert.Equal(0xffu, _htif.Load(0xfff, 1));
    }

    [Fact]
    public void Save_restore_save_gives_the_same_bytes()
    {
        _htif.Store(0x100, 0x1234, 8);
        _htif.Store(ToHost, Ram, 8);
        byte[] saved = _htif.Saved();
        Devices.Htif.Htif other = Make(new ManualClock());
        other.RestoreFrom(saved);
        Assert.Equal(saved, other.Saved());
    }
}
