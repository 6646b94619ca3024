using System.Runtime.InteropServices;
using Strata.Host.Interop;

namespace Strata.Host;

/// <summary>A binary wake-up token on which one thread parks: a signal that arrives before the wait is not lost.</summary>
/// <remarks>futex(2) directly, because a .NET timed wait below a millisecond returns at once.</remarks>
public sealed unsafe class Futex : IDisposable
{
    // One int outside the collected heap: 0 no signal, 1 signalled, -1 a thread is parked.
    private int* _word = (int*)NativeMemory.AllocZeroed(64);

    /// <summary>Leaves a signal, and wakes the parked thread if there is one. Any thread.</summary>
    public void Signal()
    {
        // SAFETY: the word lives until Dispose, which the owner calls after the last signal.
        if (Interlocked.Exchange(ref *_word, 1) == -1)
            _ = Events.Futex(Events.SysFutex, _word, Events.FutexWakePrivate, 1, null);
    }

    /// <summary>Takes a signal, parking until there is one. Only one thread waits.</summary>
    public void Wait()
    {
        // SAFETY: as in Signal.
        while (Interlocked.CompareExchange(ref *_word, 0, 1) != 1)
        {
            if (Interlocked.CompareExchange(ref *_word, -1, 0) == 1)
                continue;
            _ = Events.Futex(Events.SysFutex, _word, Events.FutexWaitPrivate, -1, null);
            _ = Interlocked.CompareExchange(ref *_word, 0, -1);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_word);
        _word = null;
    }
}
