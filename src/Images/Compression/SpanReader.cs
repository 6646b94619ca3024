namespace Strata.Images.Compression;

/// <summary>Reads the fields of an xz header from memory.</summary>
internal ref struct SpanReader(ReadOnlySpan<byte> rest)
{
    private ReadOnlySpan<byte> _rest = rest;

    public byte Byte()
    {
        if (_rest.Length == 0)
            throw new InvalidDataException("an xz header is too short");
        byte value = _rest[0];
        _rest = _rest[1..];
        return value;
    }

    /// <summary>A multibyte integer (1.2): seven bits per byte, lowest first, at most nine bytes, no needless zero at the end.</summary>
    public long Number() => Number(Byte());

    /// <summary>The rest is padding.</summary>
    public readonly void ExpectZeros()
    {
        if (_rest.ContainsAnyExcept((byte)0))
            throw new InvalidDataException("xz padding is not zero");
    }

    private long Number(byte first)
    {
        long value = first & 0x7F;
        byte current = first;
        for (int shift = 7; (current & 0x80) != 0; shift += 7)
        {
            current = Byte();
            if (shift > 56 || current == 0)
                throw new InvalidDataException("a number in an xz header is badly encoded");
            value |= (long)(current & 0x7F) << shift;
        }

        return value;
    }
}
