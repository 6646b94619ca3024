namespace Strata.Devices.Consoles;

/// <summary>A bounded queue of bytes that costs nothing while it is empty. Not thread safe.</summary>
internal sealed class ByteRing(int capacity)
{
    private const int SmallestBuffer = 256;

    private byte[] _buffer = [];
    private int _start;

    public int Count { get; private set; }

    public int Room => capacity - Count;

    /// <summary>Appends as much of <paramref name="bytes"/> as there is room for, and answers how much that was.</summary>
    public int Write(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes[..Math.Min(bytes.Length, Room)];
        if (bytes.IsEmpty)
            return 0;
        Grow(Count + bytes.Length);
        int end = (_start + Count) % _buffer.Length;
        int first = Math.Min(bytes.Length, _buffer.Length - end);
        bytes[..first].CopyTo(_buffer.AsSpan(end));
        bytes[first..].CopyTo(_buffer);
        Count += bytes.Length;
        return bytes.Length;
    }

    /// <summary>Appends all of <paramref name="bytes"/> and forgets the oldest bytes for which there is then no room.</summary>
    public void WriteDroppingOldest(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > capacity)
            bytes = bytes[^capacity..];
        if (bytes.Length > Room)
            Drop(bytes.Length - Room);
        Write(bytes);
    }

    /// <summary>Takes up to <paramref name="destination"/>'s length of the oldest bytes, and answers how many.</summary>
    public int Read(Span<byte> destination)
    {
        int count = Peek(destination);
        Drop(count);
        return count;
    }

    /// <summary>Copies up to <paramref name="destination"/>'s length of the oldest bytes, without taking them, and answers how many.</summary>
    public int Peek(Span<byte> destination)
    {
        int count = Math.Min(destination.Length, Count);
        if (count == 0)
            return 0;
        int first = Math.Min(count, _buffer.Length - _start);
        _buffer.AsSpan(_start, first).CopyTo(destination);
        _buffer.AsSpan(0, count - first).CopyTo(destination[first..]);
        return count;
    }

    /// <summary>Forgets the oldest <paramref name="count"/> bytes.</summary>
    public void Drop(int count)
    {
        Count -= count;
        if (Count > 0)
        {
            _start = (_start + count) % _buffer.Length;
            return;
        }

        _start = 0;
        if (_buffer.Length > SmallestBuffer)
            _buffer = [];
    }

    private void Grow(int needed)
    {
        if (needed <= _buffer.Length)
            return;
        int size = Math.Max(SmallestBuffer, _buffer.Length);
        while (size < needed)
            size *= 2;
        byte[] larger = new byte[Math.Min(size, Math.Max(capacity, needed))];
        int count = Peek(larger);
        _buffer = larger;
        _start = 0;
        Count = count;
    }
}
