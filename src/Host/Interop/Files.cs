using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Strata.Host.Interop;

/// <summary>preadv(2), pwritev(2), fdatasync(2), fallocate(2), memfd_create(2), and open file description locks (fcntl(2)).</summary>
internal static partial class Files
{
    internal const int KeepSize = 1;
    internal const int PunchHole = 2;
    internal const int ZeroRange = 16;
    internal const int OpenFileSetLock = 37;
    internal const uint MemoryCloseOnExec = 1;
    internal const short ReadLock = 0;
    internal const short WriteLock = 1;

    /// <summary>struct flock.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct FileLockRange
    {
        public short Type;
        public short Whence;
        public long Start;
        public long Length;
        public int Process;
    }

    [LibraryImport("libc", EntryPoint = "preadv64", SetLastError = true)]
    internal static unsafe partial nint ReadVector(SafeFileHandle file, IoVector* vectors, int count, long offset);

    [LibraryImport("libc", EntryPoint = "pwritev64", SetLastError = true)]
    internal static unsafe partial nint WriteVector(SafeFileHandle file, IoVector* vectors, int count, long offset);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    internal static partial int SyncData(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fallocate64", SetLastError = true)]
    internal static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int CreateInMemory(string label, uint flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    internal static unsafe partial int Control(SafeFileHandle file, int command, FileLockRange* range);
}
