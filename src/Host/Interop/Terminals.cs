using System.Runtime.InteropServices;

namespace Strata.Host.Interop;

/// <summary>termios(3), ioctl_tty(2), pty(7); struct termios stays opaque.</summary>
internal static partial class Terminals
{
    internal const int ModeBytes = 64;
    internal const int ApplyNow = 0;
    internal const nuint GetWindowSize = 0x5413;
    internal const nuint SetWindowSize = 0x5414;
    internal const int OpenReadWrite = 2;
    internal const int OpenNoControllingTerminal = 0x100;
    internal const int OpenCloseOnExec = 0x80000;

    /// <summary>struct winsize.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct WindowSize
    {
        public ushort Rows;
        public ushort Columns;
        public ushort WidthPixels;
        public ushort HeightPixels;
    }

    [LibraryImport("libc", EntryPoint = "isatty")]
    internal static partial int IsTerminal(SafeHandle descriptor);

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    internal static unsafe partial int GetMode(SafeHandle descriptor, void* mode);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    internal static unsafe partial int SetMode(SafeHandle descriptor, int when, void* mode);

    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    internal static unsafe partial void MakeRaw(void* mode);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static unsafe partial int Control(SafeHandle descriptor, nuint request, WindowSize* size);

    [LibraryImport("libc", EntryPoint = "posix_openpt", SetLastError = true)]
    internal static partial int OpenPseudoTerminal(int flags);

    [LibraryImport("libc", EntryPoint = "grantpt", SetLastError = true)]
    internal static partial int Grant(SafeHandle descriptor);

    [LibraryImport("libc", EntryPoint = "unlockpt", SetLastError = true)]
    internal static partial int Unlock(SafeHandle descriptor);

    [LibraryImport("libc", EntryPoint = "ptsname_r", SetLastError = true)]
    internal static unsafe partial int Name(SafeHandle descriptor, byte* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static unsafe partial nint Read(SafeHandle descriptor, void* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    internal static unsafe partial nint Write(SafeHandle descriptor, void* buffer, nuint length);
}
