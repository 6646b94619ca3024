using System.Runtime.CompilerServices;

namespace Strata.Images.Compression;

// LZMA as in the LZMA specification of the LZMA SDK (DOC/lzma-specification.txt), in the chunks of LZMA2: each chunk's compressed bytes
// (at most 64 KiB) are at hand as one array and so is the whole dictionary, so the loops below neither refill nor wrap.

/// <summary>Decodes the LZMA chunks of an LZMA2 stream into a window; every fault of the input is an <see cref="InvalidDataException"/>.</summary>
internal sealed class LzmaDecoder
{
    /// <summary>Zero bytes that must follow a chunk's input in its array: one symbol takes at most 50 bits, each at most one byte.</summary>
    public const int InputSlack = 64;

    private const int ModelBits = 11, MoveBits = 5;
    private const uint Top = 1 << 24;
    private const int States = 12, PositionStates = 16;
    private const int LengthChoices = 2, LowLengths = PositionStates << 3, LengthModel = LengthChoices + (2 * LowLengths) + 256;

    private readonly ushort[] _literal = new ushort[0x300 << 4];
    private readonly ushort[] _isMatch = new ushort[States * PositionStates];
    private readonly ushort[] _isRep = new ushort[States];
    private readonly ushort[] _isRep0 = new ushort[States];
    private readonly ushort[] _isRep0Long = new ushort[States * PositionStates];
    private readonly ushort[] _isRep1 = new ushort[States];
    private readonly ushort[] _isRep2 = new ushort[States];
    private readonly ushort[] _distanceSlot = new ushort[4 << 6];
    private readonly ushort[] _distanceSpecial = new ushort[128];
    private readonly ushort[] _distanceAlign = new ushort[16];
    private readonly ushort[] _matchLength = new ushort[LengthModel];
    private readonly ushort[] _repLength = new ushort[LengthModel];

    private int _state;
    private uint _rep0, _rep1, _rep2, _rep3;
    private int _lc, _literalPositionMask, _positionMask;

    /// <summary>Sets lc, lp and pb from their LZMA2 byte and resets the state.</summary>
    public void SetProperties(byte properties)
    {
        if (properties >= 9 * 5 * 5)
            throw new InvalidDataException("LZMA properties out of range");
        int lc = properties % 9, rest = properties / 9, lp = rest % 5, pb = rest / 5;
        if (lc + lp > 4)
            throw new InvalidDataException("LZMA2 allows lc + lp up to 4");
        _lc = lc;
        _literalPositionMask = (1 << lp) - 1;
        _positionMask = (1 << pb) - 1;
        ResetState();
    }

    /// <summary>Forgets probabilities, repeated distances and state; the dictionary stays.</summary>
    public void ResetState()
    {
        foreach (ushort[] model in (ReadOnlySpan<ushort[]>)[_literal, _isMatch, _isRep, _isRep0, _isRep0Long, _isRep1, _isRep2,
                                                            _distanceSlot, _distanceSpecial, _distanceAlign, _matchLength, _repLength])
            Array.Fill(model, (ushort)(1 << (ModelBits - 1)));
        _state = 0;
        _rep0 = _rep1 = _rep2 = _rep3 = 0;
    }

    /// <summary>Decodes one chunk.</summary>
    /// <param name="input">The chunk's bytes, then at least <see cref="InputSlack"/> zeros.</param>
    /// <param name="inputLength">The chunk's length in bytes.</param>
    /// <param name="window">Where the output goes; its earlier bytes are the dictionary.</param>
    /// <param name="start">Where the output starts.</param>
    /// <param name="end">Where the output ends, in bytes; exactly that much is decoded.</param>
    /// <param name="dictionarySize">The largest distance that a match may have.</param>
    public void DecodeChunk(byte[] input, int inputLength, byte[] window, int start, int end, int dictionarySize)
    {
        if (inputLength < 5 || input[0] != 0)
            throw new InvalidDataException("the LZMA range coder starts wrongly");
        var coder = new Range
        {
            Input = input,
            Bound = uint.MaxValue,
            Code = ((uint)input[1] << 24) | ((uint)input[2] << 16) | ((uint)input[3] << 8) | input[4],
            Position = 5,
        };
        int position = start, state = _state, lc = _lc;
        uint rep0 = _rep0, rep1 = _rep1, rep2 = _rep2, rep3 = _rep3;
        ushort[] isMatch = _isMatch, literals = _literal;
        // Positions count from the last dictionary reset; the window slides by multiples of 16, so its low bits are theirs.
        while (position < end)
        {
            if (coder.Position > inputLength)
                throw new InvalidDataException("LZMA data needs more bytes than its chunk has");
            int positionState = position & _positionMask;
            if (coder.Bit(ref isMatch[(state << 4) + positionState]) == 0)
            {
                int previous = position > 0 ? window[position - 1] : 0;
                var model = literals.AsSpan(0x300 * (((position & _literalPositionMask) << lc) + (previous >> (8 - lc))), 0x300);
                uint symbol = 1;
                if (state >= 7)
                {
                    CheckDistance(rep0, position, dictionarySize);
                    uint match = window[position - (int)rep0 - 1];
                    uint offset = 0x100;
                    do
                    {
                        match <<= 1;
                        uint matchBit = match & offset;
                        uint bit = coder.Bit(ref model[(int)(offset + matchBit + symbol)]);
                        symbol = (symbol << 1) | bit;
                        offset &= bit != 0 ? matchBit : ~matchBit;
                    }
                    while (symbol < 0x100);
                }
                else
                {
                    do symbol = (symbol << 1) | coder.Bit(ref model[(int)symbol]);
                    while (symbol < 0x100);
                }

                window[position++] = (byte)symbol;
                state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
                continue;
            }

            int length;
            if (coder.Bit(ref _isRep[state]) == 0)
            {
                rep3 = rep2;
                rep2 = rep1;
                rep1 = rep0;
                length = Length(ref coder, _matchLength, positionState);
                rep0 = Distance(ref coder, Math.Min(length, 3));
                state = state < 7 ? 7 : 10;
            }
            else
            {
                if (coder.Bit(ref _isRep0[state]) == 0)
                {
                    if (coder.Bit(ref _isRep0Long[(state << 4) + positionState]) == 0)
                    {
                        CheckDistance(rep0, position, dictionarySize);
                        window[position] = window[position - (int)rep0 - 1];
                        position++;
                        state = state < 7 ? 9 : 11;
                        continue;
                    }
                }
                else if (coder.Bit(ref _isRep1[state]) == 0)
                {
                    (rep0, rep1) = (rep1, rep0);
                }
                else if (coder.Bit(ref _isRep2[state]) == 0)
                {
                    (rep0, rep1, rep2) = (rep2, rep0, rep1);
                }
                else
                {
                    (rep0, rep1, rep2, rep3) = (rep3, rep0, rep1, rep2);
                }

                length = Length(ref coder, _repLength, positionState);
                state = state < 7 ? 8 : 11;
            }

            length += 2;
            CheckDistance(rep0, position, dictionarySize);
            if (length > end - position)
                throw new InvalidDataException("an LZMA match runs past the end of its chunk");
            Copy(window, position, (int)rep0 + 1, length);
            position += length;
        }

        coder.Normalize();
        if (coder.Position != inputLength || coder.Code != 0)
            throw new InvalidDataException("an LZMA chunk does not end where its header says");
        _state = state;
        (_rep0, _rep1, _rep2, _rep3) = (rep0, rep1, rep2, rep3);
    }

    private static void Copy(byte[] window, int position, int distance, int length)
    {
        if (distance >= length)
        {
            window.AsSpan(position - distance, length).CopyTo(window.AsSpan(position));
            return;
        }

        if (distance == 1)
        {
            window.AsSpan(position, length).Fill(window[position - 1]);
            return;
        }

        for (int from = position - distance, last = position + length; position < last; position++, from++)
            window[position] = window[from];
    }

    private static void CheckDistance(uint rep0, int position, int dictionarySize)
    {
        if (rep0 >= (uint)position || rep0 >= (uint)dictionarySize)
            throw new InvalidDataException("an LZMA match reaches before the dictionary");
    }

    // 0..271: the length of a match less 2.
    private static int Length(ref Range coder, ushort[] model, int positionState)
    {
        if (coder.Bit(ref model[0]) == 0)
            return (int)coder.Tree(model.AsSpan(LengthChoices + (positionState << 3), 8), 3);
        if (coder.Bit(ref model[1]) == 0)
            return 8 + (int)coder.Tree(model.AsSpan(LengthChoices + LowLengths + (positionState << 3), 8), 3);
        return 16 + (int)coder.Tree(model.AsSpan(LengthChoices + (2 * LowLengths), 256), 8);
    }

    private uint Distance(ref Range coder, int lengthState)
    {
        uint slot = coder.Tree(_distanceSlot.AsSpan(lengthState << 6, 64), 6);
        if (slot < 4)
            return slot;
        int directBits = (int)(slot >> 1) - 1;
        uint distance = (2 | (slot & 1)) << directBits;
        if (slot < 14)
            return distance + coder.ReverseTree(_distanceSpecial.AsSpan((int)(distance - slot)), directBits);
        distance += coder.Direct(directBits - 4) << 4;
        return distance + coder.ReverseTree(_distanceAlign, 4);
    }

    private ref struct Range
    {
        public byte[] Input;
        public uint Bound, Code;
        public int Position;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Normalize()
        {
            if (Bound < Top)
            {
                Bound <<= 8;
                Code = (Code << 8) | Input[Position++];
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public uint Bit(ref ushort probability)
        {
            Normalize();
            uint p = probability;
            uint split = (Bound >> ModelBits) * p;
            if (Code < split)
            {
                Bound = split;
                probability = (ushort)(p + (((1 << ModelBits) - p) >> MoveBits));
                return 0;
            }

            Bound -= split;
            Code -= split;
            probability = (ushort)(p - (p >> MoveBits));
            return 1;
        }

        public uint Tree(Span<ushort> model, int bits)
        {
            uint symbol = 1;
            for (int i = 0; i < bits; i++)
                symbol = (symbol << 1) | Bit(ref model[(int)symbol]);
            return symbol - (1u << bits);
        }

        public uint ReverseTree(Span<ushort> model, int bits)
        {
            uint node = 1, symbol = 0;
            for (int i = 0; i < bits; i++)
            {
                uint bit = Bit(ref model[(int)node]);
                node = (node << 1) | bit;
                symbol |= bit << i;
            }

            return symbol;
        }

        public uint Direct(int bits)
        {
            uint value = 0;
            for (int i = 0; i < bits; i++)
            {
                Normalize();
                Bound >>= 1;
                uint below = (uint)((int)(Code - Bound) >> 31);
                Code -= Bound & ~below;
                value = (value << 1) + 1 + below;
            }

            return value;
        }
    }
}
