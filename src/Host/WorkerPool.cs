namespace Strata.Host;

/// <summary>A few threads that do what may block (disk I/O, waiting for an absent page), so that carriers and the event loop never do.</summary>
public sealed class WorkerPool : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _available = new(0);
    private readonly Thread[] _threads;

    // Guarded by _lock.
    private readonly Queue<Action> _queue = new();
    private bool _stopped;

    /// <summary>Starts <paramref name="threadCount"/> threads.</summary>
    public WorkerPool(string name, int threadCount)
    {
        _threads = new Thread[threadCount];
        for (int i = 0; i < threadCount; i++)
        {
            _threads[i] = new Thread(Work) { Name = $"{name}-{i}", IsBackground = true };
            _threads[i].Start();
        }
    }

    /// <summary>Runs <paramref name="work"/> on one of the threads, first come first served. It must not throw.</summary>
    /// <exception cref="ObjectDisposedException">The pool has been told to end, and the caller is not one of its threads finishing what was queued.</exception>
    public void Queue(Action work)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_stopped && Array.IndexOf(_threads, Thread.CurrentThread) < 0, this);
            _queue.Enqueue(work);

            // Within the lock: Dispose cannot get to the semaphore in between.
            _available.Release();
        }
    }

    /// <summary>Finishes what was queued, then ends the threads.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_stopped)
                return;
            _stopped = true;
        }

        _available.Release(_threads.Length);
        foreach (Thread thread in _threads)
        {
            if (thread != Thread.CurrentThread)
                thread.Join();
        }

        _available.Dispose();
    }

    private void Work()
    {
        while (true)
        {
            _available.Wait();
            Action? work;
            lock (_lock)
            {
                if (!_queue.TryDequeue(out work))
                {
                    if (_stopped)
                        return;
                    continue;
                }
            }

            work();
        }
    }
}
