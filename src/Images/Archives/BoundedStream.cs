namespace Strata.Images.Archives;

/// <summary>The next bytes of a stream, so many as told; fewer are an <see cref="InvalidDataException"/>. The stream is not closed.</summary>
internal sealed class BoundedStream : Stream
{
    private readonly Stream _source;
    private long _left;

    public BoundedStream(Stream source, long length)
    {
        _source = source;
        _left = Length = length;
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length { get; }

    public override long Position { get => Length - _left; set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        if (_left == 0 || buffer.Length == 0)
            return 0;
        int read = _source.Read(buffer[..(int)Math.Min(buffer.Length, _left)]);
        if (read == 0)
            throw new InvalidDataException("the archive ends too early");
        _left -= read;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <summary>Reads and drops what is left.</summary>
    public void Drain()
    {
        Span<byte> buffer = stackalloc byte[8192];
        while (Read(buffer) > 0)
        {
        }
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
