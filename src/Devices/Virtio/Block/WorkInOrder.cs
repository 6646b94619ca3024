namespace Strata.Devices.Virtio.Block;

/// <summary>Runs pieces of work on the host's pool one after the other, in the order in which they came: for deterministic machines.</summary>
/// <param name="runOnPool">Runs what may block on a pool thread.</param>
internal sealed class WorkInOrder(Action<Action> runOnPool)
{
    // Guards itself and _isRunning. A piece stays in the queue until its turn; a pool thread is at work while there are any.
    private readonly Queue<Action> _waiting = new();
    private bool _isRunning;

    /// <summary>Has the work done after all that came before it.</summary>
    public void Queue(Action work)
    {
        lock (_waiting)
        {
            _waiting.Enqueue(work);
            if (_isRunning)
                return;
            _isRunning = true;
        }

        runOnPool(Run);
    }

    private void Run()
    {
        while (true)
        {
            Action next;
            lock (_waiting)
            {
                _isRunning = _waiting.TryDequeue(out Action? work);
                if (work is null)
                    return;
                next = work;
            }

            next();
        }
    }
}
