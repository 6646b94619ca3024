using Strata.Guest.Time;

namespace Strata.Guest.Tests.Time;

/// <summary>The order of events against a sorted list, and that setting them again and again takes no memory.</summary>
public sealed class EventQueueTests(ITestOutputHelper output)
{
    [Fact]
    public void RandomSettingsEqualASortedList()
    {
        Random random = new(Seed.Take(output));
        EventQueue queue = new();
        QueuedEvent[] events = [.. Enumerable.Range(0, 20).Select(i => new QueuedEvent($"event{i:d2}", () => null, (_, _) => { }))];
        Dictionary<QueuedEvent, ulong> model = [];
        ulong now = 0;
        for (int step = 0; step < 50_000; step++)
        {
            if (random.Next(3) != 0)
            {
                QueuedEvent chosen = events[random.Next(events.Length)];
                ulong deadline = random.Next(6) == 0 ? ulong.MaxValue : now + (ulong)random.Next(50);
                model.Remove(chosen);
                if (deadline != ulong.MaxValue)
                    model.Add(chosen, deadline);
                Assert.Equal(deadline != ulong.MaxValue && First() == chosen, queue.Set(chosen, deadline));
                Assert.Equal(deadline, chosen.Deadline);
            }
            else
            {
                now += (ulong)random.Next(4);
                QueuedEvent? first = First();
                QueuedEvent? expected = first is not null && model[first] <= now ? first : null;
                Assert.Same(expected, queue.TakeDue(now));
                if (expected is not null)
                {
                    model.Remove(expected);
                    Assert.Equal(ulong.MaxValue, expected.Deadline);
                }
            }

            Assert.Equal(model.Count == 0 ? ulong.MaxValue : model.Values.Min(), queue.NextDeadline);
        }

        QueuedEvent? First() => model.OrderBy(entry => entry.Value).ThenBy(entry => entry.Key.Name, StringComparer.Ordinal).Select(entry => entry.Key).FirstOrDefault();
    }

    [Fact]
    public void EventsOfOneNameFallDueInTheOrderInWhichTheyWereSet()
    {
        EventQueue queue = new();
        QueuedEvent[] events = [.. Enumerable.Range(0, 10).Select(_ => new QueuedEvent("read", () => null, (_, _) => { }))];
        foreach (QueuedEvent one in events)
            queue.Set(one, 5);
        foreach (QueuedEvent one in events)
            Assert.Same(one, queue.TakeDue(5));
    }

    /// <summary>A guest that moves its timer in a loop must not make the host's memory grow.</summary>
    [Fact]
    public void SettingAnEventAgainAllocatesNothing()
    {
        EventQueue queue = new();
        QueuedEvent timer = new("timer", () => null, (_, _) => { });
        QueuedEvent other = new("other", () => null, (_, _) => { });
        queue.Set(other, 1);
        for (ulong i = 0; i < 100; i++)
            queue.Set(timer, 1_000_000_000 + i);

        // What the runtime itself allocates once does not come again.
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 3 && least != 0; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (ulong i = 0; i < 1_000_000; i++)
                queue.Set(timer, 1_000_000_000 + i);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }
}
