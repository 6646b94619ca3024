using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Strata.Host;
using Strata.Host.Files;

namespace Strata.Storage.Disks;

/// <summary>A disk whose bytes are a file's, one to one.</summary>
public sealed class RawDisk : IDisk
{
    private const int ZeroChunkBytes = 64 * 1024;

    private readonly SafeFileHandle _file;

    /// <summary>Takes an open file, which it closes on disposal, and locks it: any number of readers, or one writer.</summary>
    /// <param name="file">A regular file or block device, opened for reading, and for writing unless <paramref name="readOnly"/>.</param>
    /// <param name="name">What the user called it, for messages.</param>
    /// <param name="readOnly">Writes are refused.</param>
    /// <exception cref="DiskException">It is no disk, or another machine uses it.</exception>
    public RawDisk(SafeFileHandle file, string name, bool readOnly)
    {
        _file = file;
        IsReadOnly = readOnly;
        long length;
        try
        {
            length = RandomAccess.GetLength(file);
        }
        catch (Exception exception) when (exception is IOException or NotSupportedException or UnauthorizedAccessException)
        {
            throw new DiskException($"{name} cannot be used as a disk: {exception.Message}");
        }

        if (length < IDisk.SectorSizeBytes)
            throw new DiskException($"{name} cannot be used as a disk: it holds {length} bytes, less than one sector (make one with: truncate -s 1G {name})");
        SizeBytes = length / IDisk.SectorSizeBytes * IDisk.SectorSizeBytes;
        if (!VectoredFile.TryLock(file, exclusive: !readOnly))
            throw new DiskException($"{name} is in use by another machine: stop that machine, or attach the disk read-only in both");
    }

    /// <inheritdoc/>
    public long SizeBytes { get; }

    /// <inheritdoc/>
    public bool IsReadOnly { get; }

    /// <inheritdoc/>
    public void Read(long offset, ReadOnlySpan<IoVector> target) => VectoredFile.Read(_file, target, offset);

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<IoVector> source) => VectoredFile.Write(_file, source, offset);

    /// <inheritdoc/>
    public void Flush() => VectoredFile.Flush(_file);

    /// <inheritdoc/>
    public void WriteZeroes(long offset, long length, bool discard)
    {
        if (VectoredFile.Zero(_file, offset, length, discard) || (discard && VectoredFile.Zero(_file, offset, length, discard: false)))
            return;

        // The file system can do neither: write them.
        byte[] zeroes = GC.AllocateArray<byte>((int)Math.Min(length, ZeroChunkBytes), pinned: true);
        while (length > 0)
        {
            int part = (int)Math.Min(length, zeroes.Length);
            VectoredFile.Write(_file, [new IoVector(Marshal.UnsafeAddrOfPinnedArrayElement(zeroes, 0), part)], offset);
            offset += part;
            length -= part;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}

/// <summary>A file that cannot be a disk: the message says why and what to do.</summary>
public sealed class DiskException(string message) : Exception(message);
