namespace Strata.Images.Downloads;

//  growing ─► whole       all bytes are there: readers see the end
//     └─────► failed      readers get the failure, after the bytes before it

/// <summary>A file that one side appends to while the other reads: a download is unpacked as it comes, and can go on after an interruption.</summary>
internal sealed class GrowingFile : IDisposable
{
    private readonly object _lock = new();
    private readonly FileStream _file;
    private long _length;           // under _lock
    private bool _whole;            // under _lock
    private Exception? _failure;    // under _lock

    /// <summary>Opens or makes the file; what is in it counts as its first bytes.</summary>
    public GrowingFile(string path)
    {
        Path = path;
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        _length = _file.Seek(0, SeekOrigin.End);
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>How many bytes there are.</summary>
    public long Length
    {
        get
        {
            lock (_lock)
                return _length;
        }
    }

    /// <summary>Adds bytes at the end.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _file.Write(bytes);
        lock (_lock)
        {
            _length += bytes.Length;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Drops all bytes; only before anybody reads.</summary>
    public void Clear()
    {
        _file.SetLength(0);
        lock (_lock)
            _length = _file.Seek(0, SeekOrigin.Begin);
    }

    /// <summary>There will be no more bytes.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            _whole = true;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>There will be no more bytes, for this reason; readers get it.</summary>
    public void Fail(Exception failure)
    {
        lock (_lock)
        {
            _failure ??= failure;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>A stream of all bytes from the first on, which waits for those that are still to come.</summary>
    public Stream OpenReader() => new Reader(this);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private sealed class Reader(GrowingFile owner) : Stream
    {
        private readonly FileStream _file = new(owner.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => _file.Position; set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            if (buffer.Length == 0)
                return 0;
            long available;
            lock (owner._lock)
            {
                while (owner._length == _file.Position && !owner._whole && owner._failure == null)
                    Monitor.Wait(owner._lock);
                available = owner._length - _file.Position;
                if (available == 0)
                    return owner._whole ? 0 : throw new DownloadFailedException(owner._failure!);
            }

            return _file.Read(buffer[..(int)Math.Min(buffer.Length, available)]);
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _file.Dispose();
            base.Dispose(disposing);
        }
    }
}
