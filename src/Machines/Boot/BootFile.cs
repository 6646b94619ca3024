using Microsoft.Win32.SafeHandles;

namespace Strata.Machines.Boot;

/// <summary>A file that goes to guest memory at start: bytes, or an open descriptor that somebody else named.</summary>
public sealed class BootFile
{
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly SafeFileHandle? _handle;

    /// <summary>A file that is in memory.</summary>
    public BootFile(ReadOnlyMemory<byte> bytes, string name)
    {
        _bytes = bytes;
        Name = name;
        Length = bytes.Length;
    }

    /// <summary>An open regular file.</summary>
    /// <exception cref="BootException">It is not a regular file, or unreadable.</exception>
    public BootFile(SafeFileHandle handle, string name)
    {
        _handle = handle;
        Name = name;
        try
        {
            Length = RandomAccess.GetLength(handle);
        }
        catch (Exception exception) when (exception is IOException or NotSupportedException or UnauthorizedAccessException)
        {
            throw new BootException($"{name} cannot be read: {exception.Message}");
        }
    }

    /// <summary>What the user called it.</summary>
    public string Name { get; }

    /// <summary>Bytes.</summary>
    public long Length { get; }

    /// <summary>Reads exactly so many bytes from <paramref name="offset"/>.</summary>
    /// <exception cref="BootException">The file ended early or could not be read.</exception>
    public void Read(long offset, Span<byte> destination)
    {
        if (_handle is null)
        {
            if (offset + destination.Length > _bytes.Length)
                throw new BootException($"{Name} ends too early");
            _bytes.Span.Slice((int)offset, destination.Length).CopyTo(destination);
            return;
        }

        while (!destination.IsEmpty)
        {
            int count;
            try
            {
                count = RandomAccess.Read(_handle, destination, offset);
            }
            catch (IOException exception)
            {
                throw new BootException($"{Name} cannot be read: {exception.Message}");
            }

            if (count == 0)
                throw new BootException($"{Name} ends too early: it was cut while it was read");
            destination = destination[count..];
            offset += count;
        }
    }

    /// <summary>Reads the whole file, which may be at most <paramref name="limit"/> bytes long.</summary>
    /// <exception cref="BootException">It is longer, or could not be read.</exception>
    public byte[] ReadAll(int limit)
    {
        if (Length > limit)
            throw new BootException($"{Name} is {Length >> 20} MiB large, more than the {limit >> 20} MiB that fit");
        byte[] all = new byte[Length];
        Read(0, all);
        return all;
    }
}
