using Strata.Guest.Memory;
using Strata.Guest.State;
using Strata.Guest.Tests.Memory;
using Strata.Guest.Time;
using Strata.Host;

namespace Strata.Guest.Tests.Time;

/// <summary>What time it is and what is due when are state: canonical, and complete but for what the host does.</summary>
public sealed class ClockStateTests
{
    private static readonly string[] s_names = ["b", "a", "d", "c"];

    private readonly List<(string Name, ulong Count)> _ran = [];

    [Fact]
    public void TheOrderInWhichEventsWereSetIsNotState()
    {
        (DeterministicClock one, Dictionary<string, ClockEvent> events) = Make();
        (DeterministicClock other, Dictionary<string, ClockEvent> others) = Make();
        foreach (string name in s_names)
            events[name].Set(5);
        foreach (string name in s_names.Reverse())
        {
            others[name].Set(9);
            others[name].Set(5);
        }

        Assert.Equal(Saved(one), Saved(other));
    }

    [Fact]
    public void WhatDiffersIsSeen()
    {
        List<byte[]> states = [Saved(Make().Clock)];
        foreach ((string name, ulong deadline) in (ReadOnlySpan<(string, ulong)>)[("a", 5), ("a", 6), ("b", 5), ("a", 0)])
        {
            (DeterministicClock clock, Dictionary<string, ClockEvent> events) = Make();
            events[name].Set(deadline);
            states.Add(Saved(clock));
        }

        (DeterministicClock later, _) = Make();
        Run(later, 1);
        states.Add(Saved(later));
        (DeterministicClock waiting, _) = Make();
        waiting.CreateEvent("wait", () => new MemoryWait()).Set(0);
        Assert.NotNull(waiting.RunDueEvents());
        states.Add(Saved(waiting));
        Assert.Equal(states.Count, states.Select(Convert.ToHexString).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void WhatTheHostDoesIsNotState()
    {
        (DeterministicClock clock, _) = Make();
        byte[] before = Saved(clock);
        HostWork work = clock.BeginHostWork("read", 100, () => null);
        clock.CreateHostEvent("input", () => null).Set(0);
        Assert.Equal(before, Saved(clock));
        work.Complete();
    }

    [Fact]
    public void ARestoredClockGoesOnWhereTheSavedOneWas()
    {
        (DeterministicClock clock, Dictionary<string, ClockEvent> events) = Make();
        MemoryWait page = new();
        clock.CreateEvent("wait", () => page.IsCompleted ? null : page).Set(3);
        events["c"].Set(3);
        events["a"].Set(4);
        Run(clock, 30);
        Assert.NotNull(clock.RunDueEvents());
        Assert.Equal([("c", 30UL)], _ran);
        byte[] saved = Saved(clock);

        (DeterministicClock other, Dictionary<string, ClockEvent> others) = Make();
        int finished = 0;
        other.CreateEvent("wait", () =>
        {
            finished++;
            return null;
        });
        others["d"].Set(1);
        StateReader reader = new(saved);
        other.Restore(ref reader);
        Assert.True(reader.IsAtEnd);
        Assert.Equal(saved, Saved(other));
        Assert.Null(other.RunDueEvents());
        Assert.Equal((1, 10UL), (finished, other.InstructionsUntilNextEvent));
        Run(other, 10);
        Assert.Null(other.RunDueEvents());
        Assert.Equal([("c", 30UL), ("a", 40UL)], _ran);
    }

    [Fact]
    public void AFreeRunningClockGoesOnToo()
    {
        using EventLoop loop = new("test events");
        using WorkerPool pool = new("test devices", 1);
        using FreeRunningClock clock = new(loop, pool, new Lock(), _ => { });
        clock.CreateEvent("due", () => null).Set(GuestClock.TicksPerSecond * 3600);
        ulong now = clock.Now;
        byte[] saved = Saved(clock);

        using FreeRunningClock other = new(loop, pool, new Lock(), _ => { });
        ClockEvent due = other.CreateEvent("due", () => null);
        using ManualResetEventSlim never = new();
        other.CreateEvent("unscheduled", () =>
        {
            never.Set();
            return null;
        }).Set(other.Now + 500_000);
        StateReader reader = new(saved);
        other.Restore(ref reader);
        Assert.True(reader.IsAtEnd);
        Assert.Equal(GuestClock.TicksPerSecond * 3600, due.Deadline);
        Assert.InRange(other.Now, now, now + (60 * GuestClock.TicksPerSecond));
        Assert.False(never.Wait(100));
    }

    [Fact]
    public void SavedStateOfEventsThatAreNotThereIsRefused()
    {
        (DeterministicClock clock, _) = Make();
        clock.CreateEvent("more", () => null).Set(1);
        byte[] saved = Saved(clock);
        Assert.Throws<InvalidStateException>(() =>
        {
            StateReader reader = new(saved);
            Make().Clock.Restore(ref reader);
        });
    }

    private static byte[] Saved(GuestClock clock)
    {
        StateWriter writer = new();
        clock.Save(writer);
        return writer.Written.ToArray();
    }

    private static void Run(DeterministicClock clock, ulong instructions)
    {
        TestHart hart = new();
        clock.BeginRun(hart);
        hart.InstructionsRetired += instructions;
        clock.EndRun();
    }

    private (DeterministicClock Clock, Dictionary<string, ClockEvent> Events) Make()
    {
        DeterministicClock clock = new(new Lock(), () => { });
        return (clock, s_names.ToDictionary(name => name, name => clock.CreateEvent(name, () =>
        {
            _ran.Add((name, clock.InstructionCount));
            return null;
        })));
    }
}
