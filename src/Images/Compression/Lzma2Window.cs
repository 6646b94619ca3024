namespace Strata.Images.Compression;

// LZMA2 as in The .xz File Format 1.2.1, section 5.3.1, and the chunk layout of xz-embedded's description:
//   00                                       end
//   01, 02        size-1 (2)                 uncompressed chunk, 01 resets the dictionary
//   100rssss      size-1 (2) in-1 (2) [props] LZMA chunk; r: 0 nothing, 1 state, 2 state and properties, 3 the dictionary too is reset

/// <summary>The dictionary and the chunks of one LZMA2 stream.</summary>
internal sealed class Lzma2Window
{
    private const int LargestChunk = 1 << 21, LargestInput = 1 << 16;

    private readonly LzmaDecoder _lzma = new();
    private readonly byte[] _input = new byte[LargestInput + LzmaDecoder.InputSlack];
    private readonly int _dictionarySize;
    private byte[] _window;
    private int _position;
    private bool _needsDictionary = true, _needsProperties = true;

    /// <summary>Makes an empty window.</summary>
    /// <param name="dictionarySizeBytes">The largest distance of a match, in bytes.</param>
    public Lzma2Window(int dictionarySizeBytes)
    {
        _dictionarySize = (dictionarySizeBytes + 15) & ~15;
        _window = [];
    }

    /// <summary>Makes the window fit for another stream with the same dictionary size.</summary>
    public void Restart() => _needsDictionary = _needsProperties = true;

    /// <summary>Decodes the next chunk; its bytes stay valid until the next call. Empty at the end of the stream.</summary>
    public ReadOnlyMemory<byte> DecodeChunk(XzInput input)
    {
        int control = input.ReadByte();
        if (control == 0)
            return default;
        if (control is >= 3 and < 0x80)
            throw new InvalidDataException("an LZMA2 chunk of an unknown kind");
        if (control == 1 || control >= 0xE0)
        {
            _needsDictionary = false;
            _needsProperties = true;
            _position = 0;
        }
        else if (_needsDictionary)
        {
            throw new InvalidDataException("an LZMA2 stream does not start with a dictionary reset");
        }

        return control < 0x80 ? Uncompressed(input) : Compressed(input, control);
    }

    private ReadOnlyMemory<byte> Uncompressed(XzInput input)
    {
        int size = input.ReadBigEndian16() + 1;
        MakeRoom(size);
        input.ReadExactly(_window.AsSpan(_position, size));
        _position += size;
        return _window.AsMemory(_position - size, size);
    }

    private ReadOnlyMemory<byte> Compressed(XzInput input, int control)
    {
        int size = ((control & 0x1F) << 16) + input.ReadBigEndian16() + 1;
        int inputSize = input.ReadBigEndian16() + 1;
        int reset = (control >> 5) & 3;
        if (reset >= 2)
        {
            _lzma.SetProperties(input.ReadByte());
            _needsProperties = false;
        }
        else if (_needsProperties)
        {
            throw new InvalidDataException("an LZMA2 chunk lacks its properties");
        }
        else if (reset == 1)
        {
            _lzma.ResetState();
        }

        input.ReadExactly(_input.AsSpan(0, inputSize));
        _input.AsSpan(inputSize, LzmaDecoder.InputSlack).Clear();
        MakeRoom(size);
        _lzma.DecodeChunk(_input, inputSize, _window, _position, _position + size, _dictionarySize);
        _position += size;
        return _window.AsMemory(_position - size, size);
    }

    // Grows with the data up to twice the dictionary, then slides by a multiple of 16: position & 15 means something to LZMA.
    private void MakeRoom(int size)
    {
        if (_position + size <= _window.Length)
            return;
        int limit = (2 * _dictionarySize) + (2 * LargestChunk);
        if (_position + size > limit)
        {
            int dropped = (_position - _dictionarySize) & ~15;
            _window.AsSpan(dropped, _position - dropped).CopyTo(_window);
            _position -= dropped;
        }

        if (_position + size > _window.Length)
            Array.Resize(ref _window, (int)Math.Min(limit, Math.Max(2L * _window.Length, _position + size)));
    }
}
