using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Strata.Images.Compression;

/// <summary>Compares an xz stream's index (section 4) with the blocks that were read, in constant memory: both are hashed.</summary>
internal sealed class XzIndex
{
    private readonly IncrementalHash _blocks = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _blockCount;

    /// <summary>The size of the index that was read last, in bytes.</summary>
    public long SizeBytes { get; private set; }

    /// <summary>Begins another stream.</summary>
    public void Reset()
    {
        _blocks.GetHashAndReset();
        _blockCount = 0;
    }

    /// <summary>Notes a block that was read.</summary>
    public void Add(long unpaddedSize, long uncompressedSize)
    {
        Append(_blocks, unpaddedSize, uncompressedSize);
        _blockCount++;
    }

    /// <summary>Reads the index after its indicator byte, which lies at <paramref name="start"/>.</summary>
    public void ReadAndCompare(XzInput input, long start)
    {
        ulong crc = Crc.Crc32.Of([0]);
        using var records = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        if (Number(input, ref crc) != _blockCount)
            throw Mismatch();
        for (long i = 0; i < _blockCount; i++)
            Append(records, Number(input, ref crc), Number(input, ref crc));
        if (!_blocks.GetHashAndReset().AsSpan().SequenceEqual(records.GetHashAndReset()))
            throw Mismatch();
        while (((input.Position - start) & 3) != 0)
        {
            if (Byte(input, ref crc) != 0)
                throw new InvalidDataException("xz padding is not zero");
        }

        if (input.ReadLittleEndian32() != (uint)crc)
            throw new InvalidDataException("the xz index is damaged");
        SizeBytes = input.Position - start;
    }

    private static void Append(IncrementalHash hash, long unpaddedSize, long uncompressedSize)
    {
        Span<byte> record = stackalloc byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(record, unpaddedSize);
        BinaryPrimitives.WriteInt64LittleEndian(record[8..], uncompressedSize);
        hash.AppendData(record);
    }

    private static byte Byte(XzInput input, ref ulong crc)
    {
        byte value = input.ReadByte();
        crc = Crc.Crc32.Append(crc, [value]);
        return value;
    }

    private static long Number(XzInput input, ref ulong crc)
    {
        long value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte current = Byte(input, ref crc);
            if (shift > 56 || (current == 0 && shift > 0))
                throw new InvalidDataException("a number in the xz index is badly encoded");
            value |= (long)(current & 0x7F) << shift;
            if ((current & 0x80) == 0)
                return value;
        }
    }

    private static InvalidDataException Mismatch() => new("the xz index does not fit the blocks");
}
