namespace Strata.Api.Control;

/// <summary>Takes lines of bounded length from a stream of bytes, and gives back what came after them.</summary>
/// <param name="receive">Fills a part of the given memory and returns its length, 0 at the end.</param>
/// <param name="maximumLineBytes">The most bytes of a line with its line feed.</param>
public sealed class LineReader(Func<Memory<byte>, CancellationToken, ValueTask<int>> receive, int maximumLineBytes)
{
    private byte[] _buffer = new byte[Math.Min(4096, maximumLineBytes)];
    private int _start;
    private int _scanned;
    private int _end;

    /// <summary>The next line without its line feed, valid until the next call; null at the end.</summary>
    /// <exception cref="ControlProtocolException">The line is too long, or the stream ends inside one.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellation)
    {
        while (true)
        {
            int found = _buffer.AsSpan(_scanned, _end - _scanned).IndexOf((byte)'\n');
            if (found >= 0)
            {
                ReadOnlyMemory<byte> line = _buffer.AsMemory(_start, _scanned + found - _start);
                _start = _scanned = _scanned + found + 1;
                return line;
            }

            _scanned = _end;
            if (_end - _start >= maximumLineBytes)
                throw new ControlProtocolException($"a line is longer than {maximumLineBytes} bytes");
            MakeRoom();
            int got = await receive(_buffer.AsMemory(_end), cancellation).ConfigureAwait(false);
            if (got == 0)
                return _end == _start ? null : throw new ControlProtocolException("the connection ended inside a line");
            _end += got;
        }
    }

    /// <summary>The bytes received after the last line; they are taken out.</summary>
    public ReadOnlyMemory<byte> TakeRest()
    {
        ReadOnlyMemory<byte> rest = _buffer.AsMemory(_start, _end - _start);
        _buffer = [];
        _start = _scanned = _end = 0;
        return rest;
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _scanned -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, Math.Clamp(_buffer.Length * 2, 256, maximumLineBytes));
    }
}
