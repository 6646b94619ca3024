using System.Globalization;
using System.Runtime.InteropServices;

namespace Strata.Host.Processes;

/// <summary>This process and others of this user's, as the kernel sees them.</summary>
public static class HostProcess
{
    /// <summary>The number of the signal that ends a process without asking it.</summary>
    public const int SignalKill = 9;

    /// <summary>The effective user of this process.</summary>
    public static uint UserId => Interop.Processes.EffectiveUser();

    /// <summary>True while a process with that id exists (it may be somebody else's).</summary>
    public static bool Exists(int id) =>
        id > 0 && (Interop.Processes.Kill(id, Interop.Processes.SignalProbe) == 0 || Marshal.GetLastPInvokeError() != HostCall.NoSuchProcess);

    /// <summary>Sends <paramref name="signal"/> to the process; false when there is no such process.</summary>
    public static bool Signal(int id, int signal) => id > 0 && Interop.Processes.Kill(id, signal) == 0;

    /// <summary>Processor time that a process has used in all its threads, ended ones included; null when it has ended (clock_getcpuclockid(3)).</summary>
    public static unsafe TimeSpan? CpuTime(int id)
    {
        Interop.Events.TimeSpec time;

        // SAFETY: the kernel writes one timespec into a local.
        return Interop.Events.ClockGetTime((~id << 3) | Interop.Events.ClockOfScheduler, &time) == 0
            ? new TimeSpan((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / TimeSpan.NanosecondsPerTick))
            : null;
    }

    /// <summary>Processor time of all children that have ended and been waited for, and of theirs (getrusage(2)).</summary>
    public static unsafe TimeSpan CpuTimeOfEndedChildren()
    {
        long* usage = stackalloc long[Interop.Processes.UsageWords];

        // SAFETY: the kernel writes one struct rusage, which has as many words; it begins with two timevals, user and system time.
        _ = Interop.Processes.Usage(Interop.Processes.UsageOfChildren, usage);
        return TimeSpan.FromSeconds(usage[0] + usage[2]) + TimeSpan.FromMicroseconds(usage[1] + usage[3]);
    }

    /// <summary>
    /// The memory that a process holds, pages shared with others divided among them (PSS of /proc/PID/smaps_rollup, proc(5)), in bytes;
    /// null when it has ended or may not be asked.
    /// </summary>
    public static long? ProportionalMemoryBytes(int id)
    {
        try
        {
            foreach (string line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/smaps_rollup")))
            {
                if (line.StartsWith("Pss:", StringComparison.Ordinal))
                    return long.Parse(line.AsSpan(4, line.Length - 6), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture) * 1024;
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        return null;
    }
}
