using System.Buffers.Binary;

namespace Strata.Images.Compression;

/// <summary>A buffered reader of the compressed bytes that counts them; the end of the input is an <see cref="InvalidDataException"/>.</summary>
internal sealed class XzInput(Stream source)
{
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _next, _filled;
    private long _before;

    /// <summary>How many bytes have been read.</summary>
    public long Position => _before + _next;

    /// <summary>True when the source has no further byte.</summary>
    public bool AtEnd => !Fill();

    public byte ReadByte()
    {
        if (_next == _filled && !Fill())
            throw Truncated();
        return _buffer[_next++];
    }

    public int ReadBigEndian16() => (ReadByte() << 8) | ReadByte();

    public uint ReadLittleEndian32()
    {
        Span<byte> bytes = stackalloc byte[4];
        ReadExactly(bytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    public void ReadExactly(Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            if (_next == _filled && !Fill())
                throw Truncated();
            int size = Math.Min(destination.Length, _filled - _next);
            _buffer.AsSpan(_next, size).CopyTo(destination);
            _next += size;
            destination = destination[size..];
        }
    }

    private bool Fill()
    {
        if (_next < _filled)
            return true;
        _before += _filled;
        _next = 0;
        _filled = source.Read(_buffer);
        return _filled > 0;
    }

    private static InvalidDataException Truncated() => new("the xz data ends too early");
}
