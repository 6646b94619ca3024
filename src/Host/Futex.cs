using System.Runtime.InteropServices;
using Strata.Host.Interop;

namespace Strata.Host;

/// <summary>Why <see cref="Futex.Wait(long)"/> returns.</summary>
public enum FutexWake
{
    /// <summary>A signal was taken.</summary>
    Signalled,

    /// <summary>Somebody wants the thread to look at its deadline again.</summary>
    Nudged,

    /// <summary>The deadline has come.</summary>
    TimedOut,
}

/// <summary>A binary wake-up token on which one thread parks: a signal that arrives before the wait is not lost.</summary>
/// <remarks>futex(2) directly, because a .NET timed wait below a millisecond returns at once.</remarks>
public sealed unsafe class Futex : IDisposable
{
    private const int None = 0;
    private const int Signalled = 1;
    private const int Nudged = 2;
    private const int Parked = -1;

    // One int outside the collected heap: one of the above. A signal replaces a nudge, never the other way round.
    private int* _word = (int*)NativeMemory.AllocZeroed(64);

    /// <summary>From now on waits of the calling thread that have a deadline end then, not up to 50 µs later.</summary>
    public static void WaitExactly() => _ = Events.ControlProcess(Events.SetTimerSlack, 1);

    /// <summary>Leaves a signal, and wakes the parked thread if there is one. Any thread.</summary>
    public void Signal()
    {
        // SAFETY: the word lives until Dispose, which the owner calls after the last signal.
        if (Interlocked.Exchange(ref *_word, Signalled) == Parked)
            _ = Events.Futex(Events.SysFutex, _word, Events.FutexWakePrivate, 1, null);
    }

    /// <summary>Has the thread that waits, or waits next, look at its deadline again. Any thread.</summary>
    public void Nudge()
    {
        // SAFETY: as in Signal.
        int before = Interlocked.CompareExchange(ref *_word, Nudged, Parked);
        if (before == Parked)
            _ = Events.Futex(Events.SysFutex, _word, Events.FutexWakePrivate, 1, null);
        else if (before == None && Interlocked.CompareExchange(ref *_word, Nudged, None) == Parked)
            Nudge();
    }

    /// <summary>Takes a signal, parking until there is one. Only one thread waits.</summary>
    public void Wait()
    {
        while (Wait(long.MaxValue) != FutexWake.Signalled)
        {
            // Without a deadline there is nothing to look at.
        }
    }

    /// <summary>The same, but no longer than until an instant of <see cref="MonotonicClock"/>, or a nudge.</summary>
    public FutexWake Wait(long deadlineNanoseconds)
    {
        while (true)
        {
            // SAFETY: as in Signal.
            int word = Interlocked.CompareExchange(ref *_word, Parked, None);
            if (word is Signalled or Nudged)
            {
                if (Interlocked.CompareExchange(ref *_word, None, word) == word)
                    return word == Signalled ? FutexWake.Signalled : FutexWake.Nudged;
                continue;
            }

            Events.TimeSpec rest = default;
            bool isTimed = deadlineNanoseconds != long.MaxValue;
            if (isTimed)
            {
                long nanoseconds = Math.Max(0, deadlineNanoseconds - MonotonicClock.Nanoseconds);
                rest = new Events.TimeSpec { Seconds = nanoseconds / 1_000_000_000, Nanoseconds = nanoseconds % 1_000_000_000 };
            }

            _ = Events.Futex(Events.SysFutex, _word, Events.FutexWaitPrivate, Parked, isTimed ? &rest : null);
            _ = Interlocked.CompareExchange(ref *_word, None, Parked);
            if (isTimed && MonotonicClock.Nanoseconds >= deadlineNanoseconds && Volatile.Read(ref *_word) == None)
                return FutexWake.TimedOut;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_word);
        _word = null;
    }
}
