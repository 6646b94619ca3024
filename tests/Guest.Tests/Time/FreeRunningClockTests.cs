using System.Collections.Concurrent;
using Strata.Guest.Memory;
using Strata.Guest.Time;
using Strata.Host;

namespace Strata.Guest.Tests.Time;

/// <summary>Events of a machine that follows the host's clock. Lateness is checked against limits that a loaded host keeps.</summary>
public sealed class FreeRunningClockTests : IDisposable
{
    private const ulong Millisecond = GuestClock.TicksPerSecond / 1000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly EventLoop _loop = new("test events");
    private readonly WorkerPool _pool = new("test devices", 2);
    private readonly Lock _deviceLock = new();
    private readonly ConcurrentQueue<Exception> _failures = new();
    private readonly FreeRunningClock _clock;

    public FreeRunningClockTests() => _clock = new FreeRunningClock(_loop, _pool, _deviceLock, _failures.Enqueue);

    public void Dispose()
    {
        _clock.Dispose();
        _loop.Dispose();
        _pool.Dispose();
        Assert.Empty(_failures);
    }

    [Fact]
    public void TimeDoesNotGoBack()
    {
        ulong last = _clock.Now;
        for (int i = 0; i < 100_000; i++)
        {
            ulong now = _clock.Now;
            Assert.True(now >= last);
            last = now;
        }
    }

    [Fact]
    public void EventsRunInOrderNeverEarlyAndUnderTheDeviceLock()
    {
        ConcurrentQueue<(int Index, ulong Deadline, ulong Ran, bool Locked)> ran = new();
        using CountdownEvent left = new(30);
        ulong start = _clock.Now + (20 * Millisecond);
        int[] order = [.. Enumerable.Range(0, 30)];
        new Random(4711).Shuffle(order);
        foreach (int index in order)
        {
            ulong deadline = start + ((ulong)index * 2 * Millisecond);
            _clock.CreateEvent($"event{index}", () =>
            {
                ran.Enqueue((index, deadline, _clock.Now, _deviceLock.IsHeldByCurrentThread));
                left.Signal();
                return null;
            }).Set(deadline);
        }

        Assert.True(left.Wait(Patience));
        Assert.Equal(Enumerable.Range(0, 30), ran.Select(entry => entry.Index));
        Assert.All(ran, entry => Assert.InRange(entry.Ran, entry.Deadline, entry.Deadline + (5 * GuestClock.TicksPerSecond)));
        Assert.All(ran, entry => Assert.True(entry.Locked));
    }

    [Fact]
    public void AMovedEventRunsOnceAtItsLastDeadlineAndACancelledOneNever()
    {
        int runs = 0;
        ulong ranAt = 0;
        using ManualResetEventSlim done = new();
        ClockEvent moved = _clock.CreateEvent("moved", () =>
        {
            runs++;
            ranAt = _clock.Now;
            done.Set();
            return null;
        });
        ClockEvent cancelled = _clock.CreateEvent("cancelled", () => throw new InvalidOperationException("a cancelled event ran"));
        cancelled.Set(_clock.Now + (50 * Millisecond));
        ulong last = 0;
        for (int i = 0; i < 1000; i++)
            moved.Set(last = _clock.Now + (100 * Millisecond) + (ulong)i);
        Assert.Equal(last, moved.Deadline);
        cancelled.Cancel();
        Assert.Equal(ulong.MaxValue, cancelled.Deadline);
        Assert.True(done.Wait(Patience));
        Assert.InRange(ranAt, last, ulong.MaxValue);
        Thread.Sleep(60);
        Assert.Equal(1, runs);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(1UL)]
    public void ADeadlineInThePastMeansNow(ulong deadline)
    {
        using ManualResetEventSlim done = new();
        _clock.CreateEvent("past", () =>
        {
            done.Set();
            return null;
        }).Set(deadline);
        Assert.True(done.Wait(Patience));
    }

    /// <summary>The largest deadlines that a guest can write into mtimecmp: they never come, and waiting for them costs nothing.</summary>
    [Theory]
    [InlineData(ulong.MaxValue - 1)]
    [InlineData((ulong)long.MaxValue)]
    [InlineData((ulong)long.MaxValue / 100)]
    [InlineData(((ulong)long.MaxValue / 100) - 1)]
    [InlineData(((ulong)long.MaxValue / 100) - 1000)]
    public void ADeadlineBeyondTheHostsTimeNeverComesAndDoesNotSpin(ulong deadline)
    {
        _clock.CreateEvent("far", () => throw new InvalidOperationException("the end of time has come")).Set(deadline);
        Thread.Sleep(20);
        TimeSpan before = ProcessorTime("test events", "test devices-0", "test devices-1");
        Thread.Sleep(150);
        TimeSpan used = ProcessorTime("test events", "test devices-0", "test devices-1") - before;
        Assert.InRange(used.TotalMilliseconds, 0, 40);
        using ManualResetEventSlim done = new();
        _clock.CreateEvent("near", () =>
        {
            done.Set();
            return null;
        }).Set(_clock.Now + Millisecond);
        Assert.True(done.Wait(Patience));
    }

    /// <summary>A thread that sets an event in the moment in which the clock sets its timer for a later one: the early one must not be forgotten.</summary>
    [Fact]
    public void NoEventIsForgottenBehindALaterOne()
    {
        ClockEvent far = _clock.CreateEvent("far", () => null);
        int ran = 0;
        ClockEvent near = _clock.CreateEvent("near", () =>
        {
            far.Set(_clock.Now + (3600 * GuestClock.TicksPerSecond));
            Interlocked.Increment(ref ran);
            return null;
        });
        Random random = new(17);
        ulong latest = 0;
        ulong end = _clock.Now + (3 * GuestClock.TicksPerSecond);
        int count = 0;
        while (_clock.Now < end)
        {
            // Far enough not to be run at once, near enough to be waited for by spinning, which is quicker than being woken.
            ulong deadline = _clock.Now + (ulong)random.Next(200, 400);
            near.Set(deadline);
            count++;
            Assert.True(SpinUntil(() => Volatile.Read(ref ran) == count), $"event {count} was forgotten");
            latest = Math.Max(latest, _clock.Now - deadline);
            Thread.SpinWait(random.Next(200));
        }

        Assert.InRange(latest, 0UL, 5 * GuestClock.TicksPerSecond);

        static bool SpinUntil(Func<bool> condition)
        {
            long limit = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
            while (!condition())
            {
                if (Environment.TickCount64 > limit)
                    return false;
                Thread.SpinWait(5);
            }

            return true;
        }
    }

    [Fact]
    public void AnEventThatWaitsRunsAgainAndKeepsTheDeadlineItWasGivenMeanwhile()
    {
        List<ulong> ran = [];
        MemoryWait page = new();
        using ManualResetEventSlim waiting = new();
        using CountdownEvent again = new(2);
        ClockEvent queue = _clock.CreateEvent("queue", () =>
        {
            ran.Add(_clock.Now);
            if (ran.Count == 1)
            {
                waiting.Set();
                return page;
            }

            again.Signal();
            return null;
        });
        queue.Set(_clock.Now);
        Assert.True(waiting.Wait(Patience));
        ulong deadline = _clock.Now + (300 * Millisecond);
        queue.Set(deadline);
        page.Complete();
        Assert.True(again.Wait(Patience));
        Assert.Equal(3, ran.Count);
        Assert.InRange(ran[2], deadline, ulong.MaxValue);
    }

    /// <summary>A guest that notifies a queue in a loop while a page is absent must not pile anything up.</summary>
    [Fact]
    public void AnEventThatWaitsIsNotRunBeforeItsWaitHasCompleted()
    {
        int runs = 0;
        MemoryWait page = new();
        using ManualResetEventSlim waiting = new();
        using ManualResetEventSlim finished = new();
        ClockEvent queue = _clock.CreateEvent("queue", () =>
        {
            runs++;
            if (!page.IsCompleted)
            {
                waiting.Set();
                return page;
            }

            finished.Set();
            return null;
        });
        queue.Set(0);
        Assert.True(waiting.Wait(Patience));
        using AutoResetEvent other = new(false);
        ClockEvent marker = _clock.CreateEvent("marker", () =>
        {
            other.Set();
            return null;
        });
        for (int i = 0; i < 200; i++)
        {
            queue.Set(0);
            marker.Set(0);
            Assert.True(other.WaitOne(Patience), "an event that waits holds up the others");
        }

        Assert.Equal(1, runs);
        page.Complete();
        Assert.True(finished.Wait(Patience));
        Assert.InRange(runs, 2, 3);
    }

    [Fact]
    public void HostWorkCompletesAsAnEvent()
    {
        using CountdownEvent done = new(100);
        bool locked = true;
        List<HostWork> works = [.. Enumerable.Range(0, 100).Select(_ => _clock.BeginHostWork("read", 1000, () =>
        {
            locked &= _deviceLock.IsHeldByCurrentThread;
            done.Signal();
            return null;
        }))];
        Thread.Sleep(5);
        Assert.Equal(100, done.CurrentCount);
        foreach (HostWork work in works)
            _pool.Queue(work.Complete);
        Assert.True(done.Wait(Patience));
        Assert.True(locked);
    }

    [Fact]
    public void NothingRunsOnceItIsDisposed()
    {
        int runs = 0;
        bool disposed = false;
        int late = 0;
        ClockEvent? periodic = null;
        periodic = _clock.CreateEvent("periodic", () =>
        {
            runs++;
            late += Volatile.Read(ref disposed) ? 1 : 0;
            Thread.SpinWait(2000);
            late += Volatile.Read(ref disposed) ? 1 : 0;
            periodic!.Set(0);
            return null;
        });
        periodic.Set(0);
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref runs) > 10, Patience));
        _clock.Dispose();
        Volatile.Write(ref disposed, true);
        int then = runs;
        periodic.Set(0);
        Thread.Sleep(50);
        Assert.Equal(then, runs);
        Assert.Equal(0, late);
    }

    [Fact]
    public void TheHostIsIdleWhenItsWorkHasCompletedEvenIfNoEventRunsAnyMore()
    {
        Assert.True(_clock.WhenHostIsIdle().IsCompleted);
        HostWork first = _clock.BeginHostWork("read", 1, () => throw new InvalidOperationException("ran after the end"));
        HostWork second = _clock.BeginHostWork("read", 1, () => throw new InvalidOperationException("ran after the end"));
        _clock.Dispose();
        MemoryWait idle = _clock.WhenHostIsIdle();
        first.Complete();
        Assert.False(idle.IsCompleted);
        second.Complete();
        Assert.True(idle.IsCompleted);
        Assert.True(_clock.WhenHostIsIdle().IsCompleted);
    }

    [Fact]
    public void AnEventThatThrowsIsReportedAndStopsTheClock()
    {
        _clock.CreateEvent("broken", () => throw new InvalidOperationException("broken")).Set(0);
        Assert.True(SpinWait.SpinUntil(() => !_failures.IsEmpty, Patience));
        Assert.Equal("broken", Assert.Single(_failures).Message);
        _failures.Clear();
    }

    // User and system time of the threads with these names, from /proc/self/task; names are cut to 15 characters there.
    private static TimeSpan ProcessorTime(params string[] names)
    {
        long ticks = 0;
        foreach (string task in Directory.GetDirectories("/proc/self/task"))
        {
            string stat;
            try
            {
                stat = File.ReadAllText(Path.Combine(task, "stat"));
            }
            catch (IOException)
            {
                continue; // A thread that has ended since.
            }

            int open = stat.IndexOf('(', StringComparison.Ordinal);
            int close = stat.LastIndexOf(')');
            if (!Array.Exists(names, name => name.StartsWith(stat[(open + 1)..close], StringComparison.Ordinal)))
                continue;
            string[] fields = stat[(close + 2)..].Split(' ');
            ticks += long.Parse(fields[11], System.Globalization.CultureInfo.InvariantCulture) + long.Parse(fields[12], System.Globalization.CultureInfo.InvariantCulture);
        }

        return TimeSpan.FromMilliseconds(ticks * 10);
    }
}
