using System.Runtime.InteropServices;

namespace Strata.Host.Interop;

/// <summary>mmap(2), munmap(2), madvise(2), memfd_create(2).</summary>
internal static partial class Memory
{
    internal const int ProtNone = 0;
    internal const int ProtRead = 1;
    internal const int ProtWrite = 2;
    internal const int ProtExecute = 4;
    internal const int MapShared = 0x01;
    internal const int MapPrivate = 0x02;
    internal const int MapAnonymous = 0x20;
    internal const int Map32Bit = 0x40;
    internal const int MapNoReserve = 0x4000;
    internal const int AdviseDontNeed = 4;
    internal const int AdviseRemove = 9;
    internal const int AdviseHugePage = 14;
    internal const uint MemoryFileCloseOnExec = 1;
    internal const uint MemoryFileNoExecSeal = 8;

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    internal static partial nint Map(nint address, nuint length, int protection, int flags, int descriptor, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    internal static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    internal static partial int Advise(nint address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int CreateMemoryFile(string name, uint flags);
}
