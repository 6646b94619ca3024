using System.Collections.Concurrent;

namespace Strata.Host.Tests;

/// <summary>Who runs timers: the loop's thread, or one that stands in for it. Nothing depends on how late a host is.</summary>
public sealed class EventLoopTests : IDisposable
{
    private const long Millisecond = 1_000_000;
    private const long Never = long.MaxValue;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly EventLoop _loop = new("test events");
    private readonly BlockingCollection<Thread> _runs = [];
    private readonly LoopTimer _timer;

    public EventLoopTests() => _timer = _loop.CreateTimer(() => _runs.Add(Thread.CurrentThread), onAnyThread: true);

    public void Dispose()
    {
        _loop.Dispose();
        _runs.Dispose();
    }

    [Fact]
    public void ATimerOfAnyThreadRunsOnTheOneThatStandsInAndOnTheLoopsWhenNobodyDoes()
    {
        _timer.Set(Soon());
        Thread loop = Next();
        Assert.Equal("test events", loop.Name);
        using StandIn standIn = new(_loop);
        for (int i = 0; i < 20; i++)
        {
            _timer.Set(Soon());
            Assert.Same(standIn.Thread, Next());
        }

        standIn.End();
        _timer.Set(Soon());
        Assert.Same(loop, Next());
    }

    [Fact]
    public void ATimerThatWasSetBeforeOrIsMovedForwardWhileAThreadStandsInIsNotMissed()
    {
        _timer.Set(MonotonicClock.Nanoseconds + (20 * Millisecond));
        using StandIn standIn = new(_loop);
        Assert.Same(standIn.Thread, Next());
        _timer.Set(MonotonicClock.Nanoseconds + (1_000_000 * Millisecond));
        _timer.Set(Soon());
        Assert.Same(standIn.Thread, Next());
        _timer.Set(Soon());
        _timer.Set(Never);
        _timer.Set(Soon());
        _ = Next();

        // What is left when it goes is the loop's.
        _timer.Set(MonotonicClock.Nanoseconds + (50 * Millisecond));
        standIn.End();
        _ = Next();
        Assert.Empty(_runs);
    }

    [Fact]
    public void TheLastThreadThatParksStandsInAndTheOthersGoOnWaiting()
    {
        using StandIn first = new(_loop);
        using StandIn second = new(_loop);
        for (int i = 0; i < 5; i++)
        {
            _timer.Set(Soon());
            Assert.Same(second.Thread, Next());
        }

        // The first one's going changes nothing, the second one's leaves it to the loop.
        first.End();
        _timer.Set(Soon());
        Assert.Same(second.Thread, Next());
        second.End();
        _timer.Set(Soon());
        Assert.Equal("test events", Next().Name);
    }

    [Fact]
    public void ATimerOfTheLoopsThreadAloneRunsThereWhoeverStandsIn()
    {
        LoopTimer own = _loop.CreateTimer(() => _runs.Add(Thread.CurrentThread));
        using StandIn standIn = new(_loop);
        own.Set(Soon());
        Assert.Equal("test events", Next().Name);
    }

    [Fact]
    public void ASignalIsNeverLostAmongNudgesAndDeadlines()
    {
        using Futex futex = new();
        using ManualResetEventSlim stop = new();
        Thread nudger = new(() =>
        {
            while (!stop.IsSet)
                futex.Nudge();
        });
        nudger.Start();
        int taken = 0;
        using AutoResetEvent done = new(false);
        Thread waiter = new(() =>
        {
            while (taken < 2000)
            {
                if (futex.Wait(MonotonicClock.Nanoseconds + (Millisecond / 50)) == FutexWake.Signalled)
                {
                    taken++;
                    done.Set();
                }
            }
        });
        waiter.Start();
        for (int i = 0; i < 2000; i++)
        {
            futex.Signal();
            Assert.True(done.WaitOne(s_patience), $"signal {i} was lost");
        }

        stop.Set();
        waiter.Join();
        nudger.Join();
        Assert.Equal(FutexWake.TimedOut, WaitOut(futex));
    }

    private static FutexWake WaitOut(Futex futex)
    {
        FutexWake wake = futex.Wait(Soon());
        return wake == FutexWake.Nudged ? futex.Wait(Soon()) : wake;
    }

    private static long Soon() => MonotonicClock.Nanoseconds + Millisecond;

    private Thread Next()
    {
        Assert.True(_runs.TryTake(out Thread? thread, s_patience), "the timer did not run");
        return thread;
    }

    private sealed class StandIn : IDisposable
    {
        private readonly Futex _parking = new();

        // Its own timer tells that it stands in.
        public StandIn(EventLoop loop)
        {
            using ManualResetEventSlim begun = new();
            LoopTimer probe = null!;
            Thread = new Thread(() => loop.StandIn(_parking)) { IsBackground = true, Name = "stands in" };
            probe = loop.CreateTimer(
                () =>
                {
                    if (Thread.CurrentThread == Thread)
                        begun.Set();
                    else
                        probe.Set(Soon());
                },
                onAnyThread: true);
            Thread.Start();
            probe.Set(Soon());
            Assert.True(begun.Wait(s_patience), "it does not stand in");
        }

        public Thread Thread { get; }

        public void End()
        {
            _parking.Signal();
            Thread.Join();
        }

        public void Dispose()
        {
            if (Thread.IsAlive)
                End();
            _parking.Dispose();
        }
    }
}
