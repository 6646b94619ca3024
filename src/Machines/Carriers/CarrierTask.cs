namespace Strata.Machines.Carriers;

/// <summary>Something that carriers run a slice at a time: a hart, or a whole deterministic machine.</summary>
/// <remarks>
/// <code>
///            Wake                 a carrier takes it
///   Idle ───────────► Queued ───────────────────────► Running
///    ▲                   ▲                              │  │ Wake
///    │ slice says wait   │ slice says again             │  ▼
///    └───────────────────┴───────────────────────────── ┘ RunningWoken ──► Queued, whatever the slice says
/// </code>
/// One word, changed by compare-exchange: a wake-up that arrives at any moment is not lost, and a task is in the queue at most once.
/// </remarks>
internal abstract class CarrierTask(CarrierPool pool)
{
    private const int Idle = 0;
    private const int Queued = 1;
    private const int Running = 2;
    private const int RunningWoken = 3;

    private int _state;
    private bool _parked;

    /// <summary>Makes an idle task run; does nothing if it is queued. Any thread.</summary>
    public void Wake()
    {
        while (true)
        {
            int state = Volatile.Read(ref _state);
            switch (state)
            {
                case Idle when Interlocked.CompareExchange(ref _state, Queued, Idle) == Idle:
                    pool.Enqueue(this);
                    return;
                case Running when Interlocked.CompareExchange(ref _state, RunningWoken, Running) == Running:
                case Queued:
                case RunningWoken:
                    return;
            }
        }
    }

    /// <summary>Runs a slice; called by the carrier that took the task.</summary>
    public void RunOn(Carrier carrier)
    {
        // A full fence: whoever woke a queued task wrote what it should see before looking at the state; the task must look after changing it.
        Interlocked.Exchange(ref _state, Running);
        bool again;
        do
        {
            again = RunSlice(carrier);
        }
        while (again && !pool.HasRunnable); // A carrier's fills are warm: a task leaves it only to let another one run.
        if (!again && Interlocked.CompareExchange(ref _state, Idle, Running) == Running)
            return;
        Volatile.Write(ref _state, Queued);
        pool.Enqueue(this);
    }

    /// <summary>True the first time: the task will not run again. Called under the machine's lock.</summary>
    public bool ParkOnce()
    {
        bool first = !_parked;
        _parked = true;
        return first;
    }

    /// <summary>Does some work. True: there is more; false: not before <see cref="Wake"/>.</summary>
    protected abstract bool RunSlice(Carrier carrier);
}
