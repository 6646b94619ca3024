using System.Runtime.InteropServices;
using Strata.Host.Interop;

namespace Strata.Host;

/// <summary>The host's clocks, in nanoseconds.</summary>
public static class MonotonicClock
{
    /// <summary>CLOCK_MONOTONIC: never goes back; its start is arbitrary.</summary>
    public static long Nanoseconds => Read(Events.ClockMonotonic);

    /// <summary>CLOCK_REALTIME: since 1970-01-01 UTC.</summary>
    public static long RealTimeNanoseconds => Read(Events.ClockRealtime);

    /// <summary>For emitted code: the address of int (int clock, (long seconds, long nanoseconds)*), which never fails for <see cref="Number"/>.</summary>
    public static nint Function => NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "clock_gettime");

    /// <summary>What <see cref="Function"/> calls the clock of <see cref="Nanoseconds"/>.</summary>
    public static int Number => Events.ClockMonotonic;

    private static unsafe long Read(int clock)
    {
        Events.TimeSpec time;

        // SAFETY: the kernel writes one timespec into a local.
        _ = Events.ClockGetTime(clock, &time);
        return (time.Seconds * 1_000_000_000) + time.Nanoseconds;
    }
}
