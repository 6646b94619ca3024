using Strata.Devices.Rtc;
using Strata.Devices.Tests.Fakes;

namespace Strata.Devices.Tests.Rtc;

/// <summary>GOLDFISH-VIRTUAL-HARDWARE.TXT, section X; behaviour as QEMU's goldfish_rtc.</summary>
public sealed class GoldfishRtcTests
{
    private readonly ManualClock _clock = new();
    private readonly Line _line = new();
    private readonly GoldfishRtc _rtc;

    public GoldfishRtcTests() => _rtc = new GoldfishRtc(_clock, _line);

    private ulong Time() => _rtc.Load(0) | (_rtc.Load(4) << 32);

    [Fact]
    public void Reading_the_low_word_latches_the_high_word()
    {
        Assert.Equal(_clock.WallClockNanoseconds, Time());
        ulong low = _rtc.Load(0);
        ulong before = _clock.WallClockNanoseconds;
        _clock.Advance(100_000_000);
        Assert.Equal(before, low | (_rtc.Load(4) << 32));
    }

    [Fact]
    public void The_time_can_be_set_and_goes_on_from_there()
    {
        _rtc.Store(4, 0x1000);
        _rtc.Store(0, 0);
        _clock.Advance(3);
        Assert.Equal(0x1000_0000_0000UL + 300, Time());
    }

    [Fact]
    public void The_alarm_goes_off_at_its_time_and_is_cleared()
    {
        ulong at = _clock.WallClockNanoseconds + 1000;
        _rtc.Store(0x10, 1);
        _rtc.Store(0x0c, at >> 32);
        _rtc.Store(0x08, (uint)at);
        Assert.Equal(1u, _rtc.Load(0x18));
        _clock.Advance(9);
        Assert.False(_line.Level);
        _clock.Advance(2);
        Assert.True(_line.Level);
        Assert.Equal(0u, _rtc.Load(0x18));
        _rtc.Store(0x1c, 1);
        Assert.False(_line.Level);
    }

    [Fact]
    public void A_cleared_alarm_does_not_go_off_and_one_in_the_past_does_at_once()
    {
        _rtc.Store(0x10, 1);
        _rtc.Store(0x0c, uint.MaxValue);
        _rtc.Store(0x08, uint.MaxValue);
        _rtc.Store(0x14, 1);
        Assert.Equal(ulong.MaxValue, _clock.DeadlineOf("rtc-alarm"));
        _rtc.Store(0x0c, 0);
        _rtc.Store(0x08, 1);
        Assert.True(_line.Level);
    }

    [Fact]
    public void Save_restore_save_gives_the_same_bytes()
    {
        _rtc.Store(4, 0x1000);
        _rtc.Store(0x0c, 0x2000);
        _rtc.Store(0x08, 5);
        byte[] saved = _rtc.Saved();
        GoldfishRtc other = new(new ManualClock(), new Line());
        other.RestoreFrom(saved);
        Assert.Equal(saved, other.Saved());
    }

    [Fact]
    public void Eight_bytes_are_two_registers_the_lower_one_first()
    {
        _rtc.Store(0x08, 0x1122_3344_5566_7788, 8);
        Assert.Equal(0x1122_3344_5566_7788u, _rtc.Load(0x08, 8));
        Assert.Equal(0x1122_3344u, _rtc.Load(0x0c));
        Assert.False(_rtc.Read(0x20, 8, out _));
    }

    [Fact]
    public void Registers_beyond_the_last_and_other_widths_are_refused()
    {
        Assert.False(_rtc.Read(0x24, 4, out _));
        Assert.False(_rtc.Write(0, 2, 0));
    }
}
