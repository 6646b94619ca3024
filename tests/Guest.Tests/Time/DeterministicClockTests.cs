using Strata.Guest.Memory;
using Strata.Guest.Tests.Memory;
using Strata.Guest.Time;

namespace Strata.Guest.Tests.Time;

/// <summary>Guest time that is a count of instructions: events at exact counts, host work that is late makes time stand still.</summary>
public sealed class DeterministicClockTests
{
    private readonly Lock _deviceLock = new();
    private readonly TestHart _hart = new();
    private readonly DeterministicClock _clock;
    private int _changed;

    public DeterministicClockTests() => _clock = new DeterministicClock(_deviceLock, () => _changed++);

    [Fact]
    public void TimeIsTheNumberOfInstructions()
    {
        Assert.Equal(0UL, _clock.Now);
        Run(25);
        Assert.Equal(25UL, _clock.InstructionCount);
        Assert.Equal(2UL, _clock.Now);
        _clock.BeginRun(_hart);
        _hart.InstructionsRetired += 10;
        Assert.Equal(35UL, _clock.InstructionCount);
        Assert.Equal(3UL, _clock.Now);
        _hart.InstructionsTrapped += 7;
        Assert.Equal(42UL, _clock.InstructionCount);
        _clock.EndRun();
        Assert.Equal(42UL, _clock.InstructionCount);
    }

    [Fact]
    public void EventsRunAtExactCountsInOrderOfDeadlineThenName()
    {
        List<(string Name, ulong Count)> ran = [];
        foreach ((string name, ulong deadline) in (ReadOnlySpan<(string, ulong)>)[("z", 7), ("b", 9), ("a", 9), ("c", 9), ("y", 8)])
            Make(name).Set(deadline);
        while (ran.Count < 5)
        {
            Assert.Null(_clock.RunDueEvents());
            ulong budget = _clock.InstructionsUntilNextEvent;
            if (budget != ulong.MaxValue)
                Run(budget);
        }

        Assert.Equal([("z", 70UL), ("y", 80UL), ("a", 90UL), ("b", 90UL), ("c", 90UL)], ran);
        Assert.Equal(ulong.MaxValue, _clock.InstructionsUntilNextEvent);

        ClockEvent Make(string name) => _clock.CreateEvent(name, () =>
        {
            Assert.True(_deviceLock.IsHeldByCurrentThread);
            ran.Add((name, _clock.InstructionCount));
            return null;
        });
    }

    [Fact]
    public void AnEarlierEventEndsTheRunUnderWay()
    {
        ClockEvent late = _clock.CreateEvent("late", () => null);
        ClockEvent early = _clock.CreateEvent("early", () => null);
        late.Set(100);
        Assert.Equal(1, _changed);
        _clock.BeginRun(_hart);
        _hart.InstructionsRetired += 15;
        early.Set(101);
        Assert.Equal(0, _hart.KickCount);
        early.Set(2);
        Assert.Equal(1, _hart.KickCount);
        _clock.EndRun();
        Assert.Equal(5UL, _clock.InstructionsUntilNextEvent);
        Assert.Equal(1, _changed);
    }

    [Fact]
    public void SkippingGoesToTheNextDeadlineAndNoFurther()
    {
        ulong ranAt = 0;
        ClockEvent timer = _clock.CreateEvent("timer", () =>
        {
            ranAt = _clock.Now;
            return null;
        });
        Assert.False(_clock.SkipToNextEvent());
        timer.Set(1_000_000);
        Run(7);
        Assert.True(_clock.SkipToNextEvent());
        Assert.Equal(10_000_000UL, _clock.InstructionCount);
        Assert.Null(_clock.RunDueEvents());
        Assert.Equal(1_000_000UL, ranAt);
        Assert.False(_clock.SkipToNextEvent());
    }

    [Theory]
    [InlineData(ulong.MaxValue - 1)]
    [InlineData(ulong.MaxValue / 2)]
    [InlineData((ulong.MaxValue / 10) + 1)]
    public void ADeadlineThatCannotBeCountedNeverComes(ulong deadline)
    {
        _clock.CreateEvent("far", () => throw new InvalidOperationException("the end of time has come")).Set(deadline);
        Assert.Equal(ulong.MaxValue, _clock.InstructionsUntilNextEvent);
        Assert.False(_clock.SkipToNextEvent());
        Assert.Null(_clock.RunDueEvents());
    }

    [Fact]
    public void AnEventThatWaitsMakesTimeStandStill()
    {
        MemoryWait page = new();
        List<string> ran = [];
        ClockEvent first = _clock.CreateEvent("a", () =>
        {
            ran.Add($"a at {_clock.InstructionCount}");
            return page.IsCompleted ? null : page;
        });
        ClockEvent second = _clock.CreateEvent("b", () =>
        {
            ran.Add($"b at {_clock.InstructionCount}");
            return null;
        });
        first.Set(1);
        second.Set(1);
        Run(10);
        Assert.Same(page, _clock.RunDueEvents());
        Assert.Same(page, _clock.RunDueEvents());
        page.Complete();
        Assert.Null(_clock.RunDueEvents());
        Assert.Equal(["a at 10", "a at 10", "a at 10", "b at 10"], ran);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void HostWorkCompletesAtItsModelledTimeEarlyOrLate(bool early)
    {
        ulong completed = 0;
        Run(20);
        HostWork work = _clock.BeginHostWork("read", 3, () =>
        {
            completed = _clock.InstructionCount;
            return null;
        });
        MemoryWait idle = _clock.WhenHostIsIdle();
        Assert.False(idle.IsCompleted);
        if (early)
            work.Complete();
        Assert.Equal(early, idle.IsCompleted);
        Assert.Equal(30UL, _clock.InstructionsUntilNextEvent);
        Run(30);
        MemoryWait? wait = _clock.RunDueEvents();
        if (!early)
        {
            Assert.False(wait!.IsCompleted);
            Assert.Equal(0UL, completed);
            work.Complete();
            Assert.True(wait.IsCompleted);
            Assert.Null(_clock.RunDueEvents());
        }

        Assert.Equal(50UL, completed);
    }

    [Fact]
    public void TheTimeOfDayIsAModelToo()
    {
        ulong start = _clock.WallClockNanoseconds;
        Run(GuestClock.TicksPerSecond * DeterministicClock.InstructionsPerTick);
        Assert.Equal(start + 1_000_000_000, _clock.WallClockNanoseconds);
        Assert.Equal(start, new DeterministicClock(new Lock(), () => { }).WallClockNanoseconds);
    }

    private void Run(ulong instructions)
    {
        _clock.BeginRun(_hart);
        _hart.InstructionsRetired += instructions;
        _clock.EndRun();
    }
}
