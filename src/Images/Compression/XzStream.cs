using System.Buffers.Binary;

namespace Strata.Images.Compression;

// The .xz File Format, version 1.2.1: stream header (2.1.1), blocks (3), index (4), stream footer (2.1.2), stream padding (2.2).

/// <summary>
/// Decompresses .xz data with LZMA2 as the only filter, and checks everything the format lets one check: headers, block contents, the index.
/// Memory is bounded by the largest dictionary allowed. Whatever is wrong with the data is an <see cref="InvalidDataException"/>.
/// </summary>
public sealed class XzStream : Stream
{
    /// <summary>The largest dictionary that is accepted, in bytes: what <c>xz -9</c> asks for.</summary>
    public const int LargestDictionaryBytes = 64 << 20;

    private readonly Stream _source;
    private readonly bool _leaveOpen;
    private readonly XzInput _input;
    private readonly XzIndex _index = new();
    private Phase _phase = Phase.FirstHeader;

    // The current stream.
    private XzCheck _check = XzCheck.None;
    private byte[] _flags = [];

    // The current block.
    private Lzma2Window? _window;
    private int _windowDictionary;
    private long _blockStart, _declaredCompressed, _declaredUncompressed, _dataStart, _uncompressed;
    private ReadOnlyMemory<byte> _chunk;

    /// <summary>Starts reading <paramref name="source"/>, which needs not be seekable.</summary>
    public XzStream(Stream source, bool leaveOpen = false)
    {
        _source = source;
        _leaveOpen = leaveOpen;
        _input = new XzInput(source);
    }

    //  FirstHeader ─► Blocks ─► InBlock ─► Blocks … ─► (index, footer) Padding ─► Blocks (another stream) or End;  any fault ─► Faulted
    private enum Phase
    {
        FirstHeader,
        Blocks,
        InBlock,
        Padding,
        End,
        Faulted,
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        if (buffer.Length == 0)
            return 0;
        while (_chunk.Length == 0)
        {
            if (_phase == Phase.End)
                return 0;
            if (_phase == Phase.Faulted)
                throw new InvalidDataException("the xz data was found damaged before");
            Phase phase = _phase;
            _phase = Phase.Faulted;
            _phase = Advance(phase);
        }

        int size = Math.Min(buffer.Length, _chunk.Length);
        _chunk.Span[..size].CopyTo(buffer);
        _chunk = _chunk[size..];
        return size;
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_leaveOpen)
            _source.Dispose();
        base.Dispose(disposing);
    }

    private Phase Advance(Phase phase)
    {
        switch (phase)
        {
            case Phase.FirstHeader:
                ReadStreamHeader(_input.ReadByte());
                return Phase.Blocks;
            case Phase.Blocks:
                _blockStart = _input.Position;
                byte size = _input.ReadByte();
                if (size != 0)
                {
                    ReadBlockHeader(size);
                    return Phase.InBlock;
                }

                _index.ReadAndCompare(_input, _blockStart);
                ReadFooter();
                return Phase.Padding;
            case Phase.InBlock:
                return ReadChunk();
            default:
                return SkipPadding();
        }
    }

    // 2.1.1: magic bytes, stream flags, CRC32 of the flags.
    private void ReadStreamHeader(byte first)
    {
        Span<byte> rest = stackalloc byte[11];
        _input.ReadExactly(rest);
        if (first != 0xFD || !rest[..5].SequenceEqual("7zXZ\0"u8))
            throw new InvalidDataException("not xz data");
        _flags = rest[5..7].ToArray();
        if (BinaryPrimitives.ReadUInt32LittleEndian(rest[7..]) != (uint)Crc.Crc32.Of(_flags))
            throw new InvalidDataException("the xz stream header is damaged");
        if (_flags[0] != 0)
            throw new InvalidDataException("an xz stream of an unknown kind");
        _check = XzCheck.Create(_flags[1]);
        _index.Reset();
    }

    // 3.1: block header.
    private void ReadBlockHeader(byte size)
    {
        byte[] header = new byte[(size + 1) * 4];
        header[0] = size;
        _input.ReadExactly(header.AsSpan(1));
        if (BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(header.Length - 4)) != (uint)Crc.Crc32.Of(header.AsSpan(0, header.Length - 4)))
            throw new InvalidDataException("an xz block header is damaged");
        var fields = new SpanReader(header.AsSpan(1, header.Length - 5));
        byte flags = fields.Byte();
        if ((flags & 0x3F) != 0)
            throw new InvalidDataException("xz data with filters other than LZMA2 alone");
        _declaredCompressed = (flags & 0x40) != 0 ? fields.Number() : -1;
        _declaredUncompressed = (flags & 0x80) != 0 ? fields.Number() : -1;
        if (fields.Number() != 0x21 || fields.Number() != 1)
            throw new InvalidDataException("xz data with filters other than LZMA2 alone");
        int bits = fields.Byte();
        long dictionary = bits > 40 ? long.MaxValue : bits == 40 ? uint.MaxValue : (2L | (uint)(bits & 1)) << ((bits / 2) + 11);
        if (dictionary > LargestDictionaryBytes)
            throw new InvalidDataException($"xz data with a dictionary of more than {LargestDictionaryBytes >> 20} MiB");
        fields.ExpectZeros();
        if (_window == null || _windowDictionary != (int)dictionary)
            _window = new Lzma2Window((int)dictionary);
        else
            _window.Restart();
        _windowDictionary = (int)dictionary;
        _dataStart = _input.Position;
        _uncompressed = 0;
        _check.Restart();
    }

    private Phase ReadChunk()
    {
        ReadOnlyMemory<byte> chunk = _window!.DecodeChunk(_input);
        if (chunk.Length != 0)
        {
            _uncompressed += chunk.Length;
            _check.Append(chunk.Span);
            _chunk = chunk;
            return Phase.InBlock;
        }

        // 3.3, 3.4: block padding and check.
        long compressed = _input.Position - _dataStart;
        if ((_declaredCompressed >= 0 && compressed != _declaredCompressed)
            || (_declaredUncompressed >= 0 && _uncompressed != _declaredUncompressed))
            throw new InvalidDataException("an xz block is not as long as its header says");
        while (((_input.Position - _dataStart) & 3) != 0)
        {
            if (_input.ReadByte() != 0)
                throw new InvalidDataException("xz padding is not zero");
        }

        _check.Compare(_input);
        _index.Add(_dataStart - _blockStart + compressed + _check.Size, _uncompressed);
        return Phase.Blocks;
    }

    // 2.1.2: CRC32 of what follows, backward size, stream flags, magic bytes.
    private void ReadFooter()
    {
        uint crc = _input.ReadLittleEndian32();
        Span<byte> rest = stackalloc byte[8];
        _input.ReadExactly(rest);
        long backward = ((long)BinaryPrimitives.ReadUInt32LittleEndian(rest) + 1) * 4;
        if (crc != (uint)Crc.Crc32.Of(rest[..6]) || !rest[4..6].SequenceEqual(_flags) || !rest[6..].SequenceEqual("YZ"u8)
            || backward != _index.SizeBytes)
            throw new InvalidDataException("the xz stream footer is damaged");
    }

    // 2.2: zeros in multiples of four bytes, then another stream or the end.
    private Phase SkipPadding()
    {
        for (long zeros = 0; ; zeros++)
        {
            bool aligned = (zeros & 3) == 0;
            if (_input.AtEnd)
                return aligned ? Phase.End : throw new InvalidDataException("xz padding is not a multiple of four bytes");
            byte next = _input.ReadByte();
            if (next == 0)
                continue;
            if (!aligned)
                throw new InvalidDataException("xz padding is not a multiple of four bytes");
            ReadStreamHeader(next);
            return Phase.Blocks;
        }
    }
}
