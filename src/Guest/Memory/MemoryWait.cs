namespace Strata.Guest.Memory;

/// <summary>Something that will have happened: a page that arrives, a frame that is replaced, a fence that has landed. Completes once.</summary>
/// <remarks>Carriers register a continuation and go on with another hart; pool threads may block in <see cref="Block"/>.</remarks>
public sealed class MemoryWait
{
    private readonly Lock _lock = new();

    // Guarded by _lock: null once completed and run.
    private List<Action>? _continuations = [];

    /// <summary>True once <see cref="Complete"/> was called.</summary>
    public bool IsCompleted
    {
        get
        {
            lock (_lock)
                return _continuations is null;
        }
    }

    /// <summary>Runs <paramref name="continuation"/> when the wait completes: on the completing thread, or at once on this one if it already has.</summary>
    public void OnCompleted(Action continuation)
    {
        lock (_lock)
        {
            if (_continuations is not null)
            {
                _continuations.Add(continuation);
                return;
            }
        }

        continuation();
    }

    /// <summary>Completes the wait and runs its continuations. A second call does nothing.</summary>
    public void Complete()
    {
        List<Action>? continuations;
        lock (_lock)
        {
            continuations = _continuations;
            _continuations = null;
        }

        if (continuations is null)
            return;
        foreach (Action continuation in continuations)
            continuation();
    }

    /// <summary>Blocks the calling thread until completion. Never called by a carrier or by the event loop.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public void Block(CancellationToken cancellation)
    {
        using ManualResetEventSlim done = new();
        OnCompleted(done.Set);
        done.Wait(cancellation);
    }
}
