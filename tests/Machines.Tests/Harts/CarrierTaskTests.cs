using Strata.Host;
using Strata.Machines.Carriers;

namespace Strata.Machines.Tests.Harts;

/// <summary>Tasks on carriers: no wake-up is lost, and a task runs on one carrier at a time.</summary>
public sealed class CarrierTaskTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    [InlineData(3, 40)]
    public void AfterEveryWakeUpTheTaskLooksAgain(int carriers, int taskCount)
    {
        using EventLoop loop = new("test");
        using CarrierPool pool = new(carriers, loop);
        CountingTask[] tasks = [.. Enumerable.Range(0, taskCount).Select(_ => new CountingTask(pool))];
        int seed = Seed.Take(output);
        Thread[] wakers = [.. Enumerable.Range(0, 3).Select(index => new Thread(() => WakeAtRandom(tasks, new Random(seed + index))))];
        foreach (Thread thread in wakers)
            thread.Start();
        foreach (Thread thread in wakers)
            thread.Join();
        foreach (CountingTask task in tasks)
        {
            Assert.True(SpinWait.SpinUntil(() => task.Seen == task.Requested, TimeSpan.FromSeconds(20)), $"{task.Seen} of {task.Requested} requests were seen");
            Assert.Equal(0, task.Overlaps);
        }

        output.WriteLine($"{tasks.Sum(task => task.Requested)} wake-ups, {tasks.Sum(task => task.Slices)} slices");
    }

    [Fact]
    public void ATaskThatWantsMoreIsRunAgainAndOthersToo()
    {
        using EventLoop loop = new("test");
        using CarrierPool pool = new(1, loop);
        CountingTask greedy = new(pool) { Greedy = true };
        CountingTask modest = new(pool);
        greedy.Request();
        Assert.True(SpinWait.SpinUntil(() => greedy.Slices > 100, TimeSpan.FromSeconds(20)));
        modest.Request();
        Assert.True(SpinWait.SpinUntil(() => modest.Seen == 1, TimeSpan.FromSeconds(20)), "a task that always wants more keeps the carrier for itself");
        greedy.Greedy = false;
    }

    [Fact]
    public void APoolEndsWhileTasksAreWoken()
    {
        using EventLoop loop = new("test");
        for (int round = 0; round < 15; round++)
        {
            CarrierPool pool = new(2, loop);
            CountingTask[] tasks = [.. Enumerable.Range(0, 4).Select(_ => new CountingTask(pool))];
            Thread waker = new(() => WakeAtRandom(tasks, new Random(round)));
            waker.Start();
            pool.Dispose();
            waker.Join();
        }
    }

    private static void WakeAtRandom(CountingTask[] tasks, Random random)
    {
        for (int i = 0; i < 20_000; i++)
        {
            tasks[random.Next(tasks.Length)].Request();
            if (random.Next(8) == 0)
                Thread.SpinWait(random.Next(300));
        }
    }

    private sealed class CountingTask(CarrierPool pool) : CarrierTask(pool)
    {
        private int _requested;
        private int _seen;
        private int _running;
        private int _slices;
        private volatile bool _greedy;

        public int Requested => Volatile.Read(ref _requested);

        public int Seen => Volatile.Read(ref _seen);

        public int Slices => Volatile.Read(ref _slices);

        public int Overlaps { get; private set; }

        public bool Greedy
        {
            get => _greedy;
            set => _greedy = value;
        }

        public void Request()
        {
            Interlocked.Increment(ref _requested);
            Wake();
        }

        protected override bool RunSlice(Carrier carrier)
        {
            if (Interlocked.Exchange(ref _running, 1) != 0)
                Overlaps++;
            _seen = Volatile.Read(ref _requested);
            Volatile.Write(ref _slices, _slices + 1);
            Volatile.Write(ref _running, 0);
            return _greedy;
        }
    }
}
