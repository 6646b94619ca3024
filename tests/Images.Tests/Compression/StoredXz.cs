using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Strata.Images.Tests.Compression;

/// <summary>Writes .xz files with LZMA2's uncompressed chunks, from the format's description and with bitwise CRCs: independent of the reader.</summary>
internal static class StoredXz
{
    public static byte[] Make(ReadOnlySpan<byte> data, byte check = 1, int blockSize = int.MaxValue, int chunkSize = 65536, bool sizes = false)
    {
        using var output = new MemoryStream();
        byte[] flags = [0, check];
        output.Write([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, .. flags, .. Little(Crc32(flags), 4)]);
        var records = new List<(long, long)>();
        for (int at = 0; at < data.Length || (at == 0 && data.Length == 0 && records.Count == 0);)
        {
            ReadOnlySpan<byte> block = data.Slice(at, Math.Min(blockSize, data.Length - at));
            using var body = new MemoryStream();
            for (int i = 0; i < block.Length; i += chunkSize)
            {
                ReadOnlySpan<byte> chunk = block.Slice(i, Math.Min(chunkSize, block.Length - i));
                body.Write([(byte)(i == 0 ? 1 : 2), (byte)((chunk.Length - 1) >> 8), (byte)(chunk.Length - 1)]);
                body.Write(chunk);
            }

            body.WriteByte(0);
            List<byte> fields = sizes ? [0xC0, .. Number(body.Length), .. Number(block.Length), 0x21, 1, 16] : [0, 0x21, 1, 16];
            while ((fields.Count + 1) % 4 != 0)
                fields.Add(0);
            fields.Insert(0, (byte)((fields.Count + 1) / 4));
            byte[] header = [.. fields];
            byte[] value = check switch { 0 => [], 1 => Little(Crc32(block), 4), 4 => Little(Crc64(block), 8), _ => SHA256.HashData(block) };
            output.Write(header);
            output.Write(Little(Crc32(header), 4));
            output.Write(body.ToArray());
            output.Write(new byte[(int)(-body.Length & 3)]);
            output.Write(value);
            records.Add((header.Length + 4 + body.Length + value.Length, block.Length));
            at += Math.Max(block.Length, 1);
        }

        List<byte> index = [0, .. Number(records.Count)];
        foreach ((long unpadded, long uncompressed) in records)
            index.AddRange([.. Number(unpadded), .. Number(uncompressed)]);
        while (index.Count % 4 != 0)
            index.Add(0);
        index.AddRange(Little(Crc32([.. index]), 4));
        output.Write([.. index]);
        byte[] tail = [.. Little((ulong)(index.Count / 4) - 1, 4), .. flags];
        output.Write([.. Little(Crc32(tail), 4), .. tail, (byte)'Y', (byte)'Z']);
        return output.ToArray();
    }

    public static byte[] Number(long value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        return [.. bytes, (byte)value];
    }

    public static ulong Crc32(ReadOnlySpan<byte> data) => Crc(data, 0xEDB88320, uint.MaxValue);

    public static ulong Crc64(ReadOnlySpan<byte> data) => Crc(data, 0xC96C5795D7870F42, ulong.MaxValue);

    public static byte[] Little(ulong value, int size)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes[..size];
    }

    private static ulong Crc(ReadOnlySpan<byte> data, ulong polynomial, ulong ones)
    {
        ulong crc = ones;
        foreach (byte b in data)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ polynomial : crc >> 1;
        }

        return crc ^ ones;
    }
}
