using Strata.Devices.Interrupts;
using Strata.Devices.Tests.Fakes;

namespace Strata.Devices.Tests.Interrupts;

/// <summary>SiFive FU540-C000 manual, chapter 9; accesses and reset values as QEMU's riscv_aclint.</summary>
public sealed class ClintTests
{
    private readonly ManualClock _clock = new();
    private readonly Line[] _software = [new(), new()];
    private readonly Line[] _timer = [new(), new()];
    private readonly Clint _clint;

    public ClintTests() => _clint = new Clint(_clock, _software, _timer);

    [Fact]
    public void Section_9_2_msip_drives_the_software_interrupt_of_its_hart()
    {
        _clint.Store(4, 0xffff_ffff);
        Assert.Equal((false, true), (_software[0].Level, _software[1].Level));
        Assert.Equal(1u, _clint.Load(4));
        _clint.Store(4, 2);
        Assert.False(_software[1].Level);
    }

    [Fact]
    public void Section_9_2_msip_of_a_hart_that_is_not_there_reads_zero()
    {
        _clint.Store(8, 1);
        Assert.Equal(0u, _clint.Load(8));
    }

    [Fact]
    public void Section_9_3_the_timer_interrupt_is_pending_from_mtimecmp_on()
    {
        _clint.Store(0x4000, 1000, 8);
        Assert.False(_timer[0].Level);
        _clock.Advance(999);
        Assert.False(_timer[0].Level);
        _clock.Advance(1);
        Assert.True(_timer[0].Level);
        _clint.Store(0x4000, 2000, 8);
        Assert.False(_timer[0].Level);
    }

    [Fact]
    public void Section_9_3_after_reset_mtimecmp_is_zero_and_the_timer_pending()
    {
        Assert.Equal(0u, _clint.Load(0x4000, 8));
        Assert.True(_timer[0].Level);
    }

    [Fact]
    public void Section_9_3_mtimecmp_is_written_in_halves()
    {
        _clint.Store(0x4008, 0xffff_ffff);
        _clint.Store(0x400c, 7);
        Assert.Equal(0x7_ffff_ffffUL, _clint.Load(0x4008, 8));
        Assert.Equal(7u, _clint.Load(0x400c));
        Assert.False(_timer[1].Level);
    }

    [Fact]
    public void Section_9_3_a_compare_value_that_is_never_reached_leaves_the_timer_unset()
    {
        _clint.Store(0x4000, ulong.MaxValue, 8);
        Assert.Equal(ulong.MaxValue, _clock.DeadlineOf("clint-timer-0"));
        _clock.Advance(1 << 30);
        Assert.False(_timer[0].Level);
    }

    [Fact]
    public void Section_9_3_mtime_counts_ticks_and_can_be_written()
    {
        _clock.Advance(5);
        Assert.Equal(5u, _clint.Load(0xbff8, 8));
        _clint.Store(0x4000, 1500, 8);
        int told = 0;
        _clock.OnMachineTimeMoved(() => told++);
        _clint.Store(0xbff8, 1000, 8);
        _clock.Advance(10);
        Assert.Equal((1010UL, 1010UL, 15UL), (_clint.Load(0xbff8, 8), _clock.MachineTime, _clock.Now));
        _clock.Advance(489);
        Assert.False(_timer[0].Level);
        _clock.Advance(1);
        Assert.True(_timer[0].Level);
        _clint.Store(0xbffc, 1);
        Assert.Equal(0x1_0000_0000UL + 1500, _clint.Time);
        Assert.Equal(2, told);
    }

    [Theory]
    [InlineData(0x0, 1), InlineData(0x0, 2), InlineData(0x0, 8), InlineData(0x4000, 1), InlineData(0xbff8, 2)]
    public void Accesses_of_another_width_are_refused(ulong offset, int size)
    {
        Assert.False(_clint.Read(offset, size, out _));
        Assert.False(_clint.Write(offset, size, 1));
    }

    [Fact]
    public void Save_restore_save_gives_the_same_bytes_lines_and_timers()
    {
        _clint.Store(4, 1);
        _clint.Store(0x4000, 12345, 8);
        _clint.Store(0xbff8, 1000, 8);
        byte[] saved = _clint.Saved();
        Line[] software = [new(), new()];
        ManualClock clock = new();
        Clint other = new(clock, software, [new Line(), new Line()]);
        other.RestoreFrom(saved);
        Assert.Equal(saved, other.Saved());
        Assert.True(software[1].Level);
        Assert.Equal(_clock.DeadlineOf("clint-timer-0"), clock.DeadlineOf("clint-timer-0"));
    }

    [Fact]
    public void Accesses_allocate_nothing() => Assert.Equal(0, Registers.AllocatedBy(() =>
    {
        _clint.Write(0x4000, 8, _clock.Now + 100);
        _clint.Write(0, 4, 1);
        _clint.Read(0xbff8, 8, out _);
    }));
}
