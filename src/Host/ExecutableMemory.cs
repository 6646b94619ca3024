using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Strata.Host.Interop;

namespace Strata.Host;

/// <summary>Memory for code that is made at run time: one range of pages seen twice, through a writable view and through an executable one.</summary>
/// <remarks>
/// No address is writable and executable at once, and no protection is ever changed: that would cost microseconds per page. Bytes written through
/// the one view are at the same offset of the other; both views are aligned to pages, so offsets within a cache line agree too. Pages cost nothing until they
/// are written.
/// </remarks>
public sealed class ExecutableMemory : IDisposable
{
    private const int PageSize = 4096;
    private const int InvalidArgument = 22;

    private readonly View _writable;
    private readonly View _executable;

    /// <summary>Reserves <paramref name="sizeBytes"/> bytes, rounded up to whole pages; they read as zero.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is not positive or does not leave room to be rounded.</exception>
    /// <exception cref="Win32Exception">The system refused, for instance because a policy forbids executable memory.</exception>
    public ExecutableMemory(int sizeBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sizeBytes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sizeBytes, int.MaxValue - PageSize);
        SizeBytes = (sizeBytes + PageSize - 1) & ~(PageSize - 1);
        using SafeFileHandle file = CreateFile();
        RandomAccess.SetLength(file, SizeBytes);
        _writable = new View(file, SizeBytes, Memory.ProtRead | Memory.ProtWrite, Memory.MapShared);
        try
        {
            _executable = new View(file, SizeBytes, Memory.ProtRead | Memory.ProtExecute, Memory.MapShared | Memory.Map32Bit);
        }
        catch
        {
            _writable.Dispose();
            throw;
        }
    }

    /// <summary>The first byte of the view that can be read and written.</summary>
    public nint WritableAddress => _writable.DangerousGetHandle();

    /// <summary>The first byte of the view that can be read and executed: below 2 GiB, so that words of 32 bits hold addresses of code.</summary>
    public nint ExecutableAddress => _executable.DangerousGetHandle();

    /// <summary>The size of each view in bytes, a multiple of 4096.</summary>
    public int SizeBytes { get; }

    /// <summary>Gives whole pages back to the system; they read as zero afterwards. Nobody may execute them.</summary>
    /// <exception cref="Win32Exception">The system refused.</exception>
    public void Discard(int offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)offset, (uint)(SizeBytes - length));
        if (Memory.Advise(WritableAddress + offset, (nuint)length, Memory.AdviseRemove) != 0)
            throw HostCall.Failure("cannot give memory for code back to the system");
    }

    /// <summary>Unmaps both views. Nobody may execute them.</summary>
    public void Dispose()
    {
        _executable.Dispose();
        _writable.Dispose();
    }

    private static SafeFileHandle CreateFile()
    {
        // The file itself can never be run as a program; kernels before 6.3 do not know that wish.
        int descriptor = Memory.CreateMemoryFile("strata-code", Memory.MemoryFileCloseOnExec | Memory.MemoryFileNoExecSeal);
        if (descriptor < 0 && Marshal.GetLastPInvokeError() == InvalidArgument)
            descriptor = Memory.CreateMemoryFile("strata-code", Memory.MemoryFileCloseOnExec);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw HostCall.Failure("cannot make a file in memory for code");
    }

    /// <summary>One mapping of the whole file.</summary>
    private sealed class View : SafeHandleMinusOneIsInvalid
    {
        private readonly nuint _length;

        internal View(SafeFileHandle file, int length, int protection, int flags) : base(ownsHandle: true)
        {
            _length = (nuint)length;
            SetHandle(Memory.Map(0, _length, protection, flags, (int)file.DangerousGetHandle(), 0));
            if (IsInvalid)
                throw HostCall.Failure($"cannot map {length >> 10} KiB for code");
        }

        protected override bool ReleaseHandle() => Memory.Unmap(handle, _length) == 0;
    }
}
