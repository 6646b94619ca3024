using Strata.Devices.Interrupts;
using Strata.Devices.Tests.Fakes;

namespace Strata.Devices.Tests.Interrupts;

/// <summary>RISC-V PLIC specification 1.0.0; register map of QEMU's virt board.</summary>
public sealed class PlicTests
{
    private const ulong Enable = 0x2000;
    private const ulong Threshold = 0x20_0000;
    private const ulong Claim = 0x20_0004;
    private readonly Line[] _contexts = [new(), new()];
    private readonly Plic _plic;

    public PlicTests() => _plic = new Plic(_contexts);

    private void EnableSource(int source, uint priority, int context = 0)
    {
        _plic.Store((ulong)source * 4, priority);
        ulong word = Enable + ((ulong)context * 0x80) + ((ulong)source / 32 * 4);
        _plic.Store(word, _plic.Load(word) | (1u << (source % 32)));
    }

    [Fact]
    public void Chapter_4_priorities_have_three_bits_and_zero_means_never()
    {
        _plic.Store(40, 0xff);
        Assert.Equal(7u, _plic.Load(40));
        EnableSource(10, 0);
        _plic.Source(10).Set(true);
        Assert.False(_contexts[0].Level);
    }

    [Fact]
    public void Chapter_5_pending_bits_are_read_only()
    {
        _plic.Source(33).Set(true);
        Assert.Equal(2u, _plic.Load(0x1004));
        _plic.Store(0x1004, 0);
        Assert.Equal(2u, _plic.Load(0x1004));
    }

    [Fact]
    public void Chapter_6_each_context_has_its_own_enables()
    {
        EnableSource(95, 1, context: 1);
        _plic.Source(95).Set(true);
        Assert.Equal((false, true), (_contexts[0].Level, _contexts[1].Level));
    }

    [Fact]
    public void Chapter_7_the_threshold_masks_priorities_up_to_its_own()
    {
        EnableSource(1, 3);
        _plic.Store(Threshold, 3);
        _plic.Source(1).Set(true);
        Assert.False(_contexts[0].Level);
        _plic.Store(Threshold, 2);
        Assert.True(_contexts[0].Level);
    }

    [Fact]
    public void Chapter_8_claim_takes_the_highest_priority_then_the_lowest_number()
    {
        EnableSource(3, 1);
        EnableSource(7, 2);
        EnableSource(40, 2);
        foreach (int source in (int[])[3, 40, 7])
            _plic.Source(source).Set(true);
        Assert.Equal([7u, 40u, 3u, 0u], new ulong[] { _plic.Load(Claim), _plic.Load(Claim), _plic.Load(Claim), _plic.Load(Claim) });
        Assert.False(_contexts[0].Level);
    }

    [Fact]
    public void Chapter_3_there_is_no_source_0()
    {
        _plic.Store(0, 7);
        Assert.Equal(0u, _plic.Load(0));
    }

    [Fact]
    public void Chapter_8_a_claim_of_one_context_is_seen_by_the_other()
    {
        EnableSource(5, 1, context: 0);
        EnableSource(5, 1, context: 1);
        _plic.Source(5).Set(true);
        Assert.Equal(5u, _plic.Load(Claim + 0x1000));
        Assert.False(_contexts[0].Level);
        Assert.Equal(0u, _plic.Load(Claim));
    }

    [Fact]
    public void Chapter_9_a_level_that_is_still_high_at_completion_interrupts_again()
    {
        EnableSource(5, 1);
        _plic.Source(5).Set(true);
        Assert.Equal(5u, _plic.Load(Claim));
        Assert.False(_contexts[0].Level);
        _plic.Store(Claim, 5);
        Assert.True(_contexts[0].Level);
        Assert.Equal(5u, _plic.Load(Claim));
        _plic.Source(5).Set(false);
        _plic.Store(Claim, 5);
        Assert.False(_contexts[0].Level);
    }

    [Fact]
    public void Chapter_9_a_level_that_falls_before_the_claim_stays_pending()
    {
        EnableSource(5, 1);
        _plic.Source(5).Set(true);
        _plic.Source(5).Set(false);
        Assert.Equal(5u, _plic.Load(Claim));
    }

    [Fact]
    public void Chapter_9_completion_of_nonsense_is_ignored()
    {
        foreach (uint value in (uint[])[0, 96, 5, uint.MaxValue])
            _plic.Store(Claim, value);
        Assert.False(_contexts[0].Level);
    }

    [Fact]
    public void Every_register_of_the_map_answers_and_only_words_are_accepted()
    {
        for (ulong offset = 0; offset < Plic.SizeBytes; offset += 4)
        {
            _plic.Store(offset, 0xffff_ffff);
            _plic.Load(offset);
        }

        Assert.False(_plic.Read(0, 8, out _));
        Assert.False(_plic.Write(0, 1, 0));
    }

    [Fact]
    public void Save_restore_save_gives_the_same_bytes_and_lines()
    {
        EnableSource(5, 1);
        EnableSource(64, 6, context: 1);
        _plic.Source(5).Set(true);
        _plic.Source(64).Set(true);
        _plic.Load(Claim + 0x1000);
        byte[] saved = _plic.Saved();
        Line[] lines = [new(), new()];
        Plic other = new(lines);
        other.RestoreFrom(saved);
        Assert.Equal(saved, other.Saved());
        Assert.Equal((true, false), (lines[0].Level, lines[1].Level));
    }

    [Fact]
    public void Accesses_allocate_nothing()
    {
        EnableSource(5, 1);
        Assert.Equal(0, Registers.AllocatedBy(() =>
        {
            _plic.Source(5).Set(true);
            _plic.Read(Claim, 4, out _);
            _plic.Source(5).Set(false);
            _plic.Write(Claim, 4, 5);
        }));
    }

    [Fact]
    public void A_wired_or_is_high_while_any_input_is()
    {
        Line output = new();
        WiredOr or = new(output);
        var (a, b) = (or.AddInput(), or.AddInput());
        a.Set(true);
        b.Set(true);
        b.Set(true);
        a.Set(false);
        Assert.True(output.Level);
        b.Set(false);
        Assert.False(output.Level);
    }
}
