using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using FileCalls = Strata.Host.Interop.Files;

namespace Strata.Host.Files;

/// <summary>Positional vectored I/O on an open file. Every call may block: it belongs on the worker pool.</summary>
public static unsafe class VectoredFile
{
    private const int InterruptedCall = 4;
    private const int NotSupported = 95;
    private const int MaximumVectors = 1024;

    /// <summary>Fills all the memory from <paramref name="offset"/>; what lies beyond the end of the file reads as zero.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public static void Read(SafeFileHandle file, ReadOnlySpan<IoVector> vectors, long offset) => Transfer(file, vectors, offset, write: false);

    /// <summary>Writes all the memory at <paramref name="offset"/>.</summary>
    /// <exception cref="IOException">The system refused: no space, an error of the medium.</exception>
    public static void Write(SafeFileHandle file, ReadOnlySpan<IoVector> vectors, long offset) => Transfer(file, vectors, offset, write: true);

    /// <summary>Returns when what was written is on the medium.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public static void Flush(SafeFileHandle file)
    {
        if (FileCalls.SyncData(file) != 0)
            throw Failure("flush");
    }

    /// <summary>Makes a range read as zero; gives its space back if <paramref name="discard"/> and the file system can. False: it cannot do either.</summary>
    /// <exception cref="IOException">The system refused for another reason.</exception>
    public static bool Zero(SafeFileHandle file, long offset, long length, bool discard)
    {
        int mode = discard ? FileCalls.PunchHole | FileCalls.KeepSize : FileCalls.ZeroRange | FileCalls.KeepSize;
        while (FileCalls.Allocate(file, mode, offset, length) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error == NotSupported)
                return false;
            if (error != InterruptedCall)
                throw Failure("clear");
        }

        return true;
    }

    /// <summary>Locks the file for this open description until it is closed: shared for readers, exclusive for a writer. False: somebody else's lock is in the way.</summary>
    public static bool TryLock(SafeFileHandle file, bool exclusive)
    {
        FileCalls.FileLockRange range = new() { Type = exclusive ? FileCalls.WriteLock : FileCalls.ReadLock };

        // SAFETY: the kernel reads one struct from a local.
        return FileCalls.Control(file, FileCalls.OpenFileSetLock, &range) == 0;
    }

    private static void Transfer(SafeFileHandle file, ReadOnlySpan<IoVector> vectors, long offset, bool write)
    {
        int index = 0;
        nint done = 0;
        Span<IoVector> part = stackalloc IoVector[Math.Min(vectors.Length, MaximumVectors)];
        while (index < vectors.Length)
        {
            int count = Math.Min(vectors.Length - index, MaximumVectors);
            vectors.Slice(index, count).CopyTo(part);
            part[0] = new IoVector(part[0].Address + done, part[0].Length - done);
            nint moved;

            // SAFETY: the vectors name memory that the caller keeps in place (leases); the array lives on this stack.
            fixed (IoVector* first = part)
                moved = write ? FileCalls.WriteVector(file, first, count, offset) : FileCalls.ReadVector(file, first, count, offset);
            if (moved < 0)
            {
                if (Marshal.GetLastPInvokeError() == InterruptedCall)
                    continue;
                throw Failure(write ? "write" : "read");
            }

            if (moved == 0)
            {
                if (write)
                    throw new IOException("cannot write: the file takes no more bytes");
                Clear(vectors[index..], done);
                return;
            }

            offset += moved;
            done += moved;
            while (index < vectors.Length && done >= vectors[index].Length)
                done -= vectors[index++].Length;
        }
    }

    private static void Clear(ReadOnlySpan<IoVector> vectors, nint skip)
    {
        foreach (IoVector vector in vectors)
        {
            // SAFETY: as in Transfer.
            NativeMemory.Clear((void*)(vector.Address + skip), (nuint)(vector.Length - skip));
            skip = 0;
        }
    }

    private static IOException Failure(string verb)
    {
        Win32Exception cause = new(Marshal.GetLastPInvokeError());
        return new IOException($"cannot {verb}: {cause.Message}", cause);
    }
}
