using System.Runtime.InteropServices;

namespace Strata.Host.Interop;

/// <summary>epoll(7), eventfd(2), timerfd_create(2), futex(2), prctl(2), clock_gettime(2) as the event loop and the carriers need them.</summary>
internal static partial class Events
{
    internal const uint EpollIn = 1;
    internal const uint EpollEdgeTriggered = 1u << 31;
    internal const int EpollCtlAdd = 1;
    internal const int EpollCtlDelete = 2;
    internal const int EpollCloseOnExec = 0x80000;
    internal const int EventCloseOnExec = 0x80000;
    internal const int EventNonBlocking = 0x800;
    internal const int TimerCloseOnExec = 0x80000;
    internal const int TimerNonBlocking = 0x800;
    internal const int TimerAbsolute = 1;
    internal const long SysFutex = 202;
    internal const int FutexWaitPrivate = 128;
    internal const int FutexWakePrivate = 129;
    internal const int SetTimerSlack = 29;
    internal const int ClockMonotonic = 1;
    internal const int ClockRealtime = 0;

    /// <summary>The low bits of the clock of a process: CPUCLOCK_SCHED.</summary>
    internal const int ClockOfScheduler = 2;

    /// <summary>struct timespec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;

        public TimeSpec(long nanoseconds)
        {
            Seconds = nanoseconds / 1_000_000_000;
            Nanoseconds = nanoseconds % 1_000_000_000;
        }
    }

    /// <summary>struct itimerspec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct TimerSpec
    {
        public TimeSpec Interval;
        public TimeSpec Value;
    }

    /// <summary>struct epoll_event, packed on x86-64.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    internal struct EpollEvent
    {
        public uint Mask;
        public ulong Data;
    }

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    internal static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    internal static unsafe partial int EpollControl(int epoll, int operation, int descriptor, EpollEvent* change);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    internal static unsafe partial int EpollWait(int epoll, EpollEvent* events, int count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    internal static partial int EventDescriptor(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_create", SetLastError = true)]
    internal static partial int TimerDescriptor(int clock, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_settime", SetLastError = true)]
    internal static unsafe partial int SetTimer(int descriptor, int flags, TimerSpec* time, TimerSpec* before);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static unsafe partial nint Read(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    internal static unsafe partial nint Write(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static unsafe partial long Futex(long number, int* word, int operation, int value, TimeSpec* timeout);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    internal static partial int ControlProcess(int option, nuint value);

    // A call of the vDSO that never waits: no collection has to know of it.
    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [SuppressGCTransition]
    internal static unsafe partial int ClockGetTime(int clock, TimeSpec* time);
}
