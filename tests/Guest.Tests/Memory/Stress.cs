namespace Strata.Guest.Tests.Memory;

/// <summary>Runs loops on threads of their own for a while; each must come to an end when it is told to, and none may throw.</summary>
internal sealed class Stress
{
    private readonly List<Thread> _threads = [];
    private Exception? _failure;
    private bool _stop;

    /// <summary>True once the loops must end.</summary>
    public bool Stopping => Volatile.Read(ref _stop);

    public void Add(Action<int> loop, int count = 1)
    {
        for (int i = 0; i < count; i++)
        {
            int index = i;
            _threads.Add(new Thread(() =>
            {
                try
                {
                    loop(index);
                }
                catch (Exception exception)
                {
                    Interlocked.CompareExchange(ref _failure, exception, null);
                    Volatile.Write(ref _stop, true);
                }
            })
            { IsBackground = true });
        }
    }

    /// <summary>Lets them run; the caller disposes of nothing that they use before this has returned.</summary>
    public void Run(TimeSpan duration)
    {
        foreach (Thread thread in _threads)
            thread.Start();
        long end = Environment.TickCount64 + (long)duration.TotalMilliseconds;
        while (Environment.TickCount64 < end && !Stopping)
            Thread.Sleep(10);
        Volatile.Write(ref _stop, true);
        bool ended = _threads.TrueForAll(thread => thread.Join(TimeSpan.FromSeconds(60)));
        if (!ended)
            Environment.FailFast("a loop of a stress test hangs: something that it waits for never comes");
        Assert.Null(_failure);
    }
}
