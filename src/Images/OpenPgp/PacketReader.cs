using System.Buffers.Binary;

namespace Strata.Images.OpenPgp;

// RFC 4880, section 4.2: packet headers, old and new.

/// <summary>A packet of an OpenPGP message or keyring.</summary>
internal readonly record struct Packet(int Tag, ReadOnlyMemory<byte> Body);

/// <summary>Splits OpenPGP data into packets.</summary>
internal static class PacketReader
{
    public const int Signature = 2, PublicKey = 6, UserId = 13, PublicSubkey = 14;

    /// <summary>The packets of <paramref name="data"/>, in order.</summary>
    /// <exception cref="InvalidDataException">The data is damaged, or of partial or indeterminate length.</exception>
    public static IEnumerable<Packet> Read(ReadOnlyMemory<byte> data)
    {
        while (data.Length > 0)
        {
            (int tag, int header, long length) = Header(data.Span);
            if (length > data.Length - header)
                throw new InvalidDataException("an OpenPGP packet ends too early");
            yield return new Packet(tag, data.Slice(header, (int)length));
            data = data[(header + (int)length)..];
        }
    }

    /// <summary>Reads a length as in sections 4.2.2 and 5.2.3.1: one, two or five bytes.</summary>
    public static (int HeaderSize, long Length) NewLength(ReadOnlySpan<byte> data)
    {
        byte first = At(data, 0);
        return first switch
        {
            < 192 => (1, first),
            < 224 => (2, ((first - 192) << 8) + At(data, 1) + 192),
            255 when data.Length >= 5 => (5, BinaryPrimitives.ReadUInt32BigEndian(data[1..])),
            255 => throw new InvalidDataException("an OpenPGP packet ends too early"),
            _ => throw new InvalidDataException("an OpenPGP packet of partial length"),
        };
    }

    private static (int Tag, int Header, long Length) Header(ReadOnlySpan<byte> data)
    {
        byte first = data[0];
        if ((first & 0x80) == 0)
            throw new InvalidDataException("not OpenPGP data");
        if ((first & 0x40) != 0)
        {
            (int size, long length) = NewLength(data[1..]);
            return (first & 0x3F, 1 + size, length);
        }

        int tag = (first >> 2) & 0xF;
        return (first & 3) switch
        {
            0 => (tag, 2, At(data, 1)),
            1 => (tag, 3, (At(data, 1) << 8) | At(data, 2)),
            2 => (tag, 5, ((long)At(data, 1) << 24) | ((long)At(data, 2) << 16) | ((long)At(data, 3) << 8) | At(data, 4)),
            _ => throw new InvalidDataException("an OpenPGP packet of indeterminate length"),
        };
    }

    private static byte At(ReadOnlySpan<byte> data, int index) =>
        index < data.Length ? data[index] : throw new InvalidDataException("an OpenPGP packet ends too early");
}
