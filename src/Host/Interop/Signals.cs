using System.Runtime.InteropServices;

namespace Strata.Host.Interop;

/// <summary>sigaction(2), rt_tgsigqueueinfo(2), gettid(2), with the layouts of x86-64.</summary>
internal static unsafe partial class Signals
{
    /// <summary>SIGURG: ignored by default, and by nobody of this process expected, so that one that comes late harms nobody.</summary>
    internal const int Urgent = 23;

    internal const int Queued = -1;
    internal const int TakesInformation = 4;
    internal const int RestartsCalls = 0x10000000;
    internal const long SysQueueSignal = 297;

    /// <summary>struct sigaction of glibc.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct SignalAction
    {
        public nint Handler;
        public fixed ulong Mask[16];
        public int Flags;
        public nint Restorer;
    }

    /// <summary>siginfo_t of a queued signal.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    internal struct SignalInformation
    {
        public int Signal;
        public int Error;
        public int Code;
        private readonly int _padding;
        public int ProcessId;
        public uint UserId;
        public nint Value;
    }

    [LibraryImport("libc", EntryPoint = "sigaction", SetLastError = true)]
    internal static partial int SetAction(int signal, SignalAction* action, SignalAction* old);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial long QueueSignal(long number, int process, int thread, int signal, SignalInformation* information);

    [LibraryImport("libc", EntryPoint = "gettid")]
    internal static partial int ThreadId();
}
