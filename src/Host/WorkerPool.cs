namespace Strata.Host;

/// <summary>A few threads that do what may block (disk I/O, waiting for an absent page), so that carriers and the event loop never do.</summary>
public sealed class WorkerPool : IDisposable
{
    // A monitor and not a semaphore: a thread that waits for a SemaphoreSlim first yields some dozen times, which an idle machine pays at every tick.
    private readonly object _gate = new();
    private readonly Thread[] _threads;

    // Guarded by _gate.
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
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopped && Array.IndexOf(_threads, Thread.CurrentThread) < 0, this);
            _queue.Enqueue(work);
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Finishes what was queued, then ends the threads.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopped)
                return;
            _stopped = true;
            Monitor.PulseAll(_gate);
        }

        foreach (Thread thread in _threads)
        {
            if (thread != Thread.CurrentThread)
                thread.Join();
        }
    }

    private void Work()
    {
        while (true)
        {
            Action? work;
            lock (_gate)
            {
                while (!_queue.TryDequeue(out work))
                {
                    if (_stopped)
                        return;
                    _ = Monitor.Wait(_gate);
                }
            }

            work();
        }
    }
}
