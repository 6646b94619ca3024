using System.Text;

namespace Strata.Images.Archives;

// POSIX.1-1988 ustar headers with GNU's long names (type L), which is what dpkg-deb writes; pax headers (x, g) are skipped.
// Not System.Formats.Tar: it allocates what the archive says, up to 2 GB for a name, and these bytes are read before their digest is known.

#pragma warning disable CA1001 // The field is a view of the source, which the caller closes.

/// <summary>Reads the entries of a tar archive in order; whatever is wrong with it is an <see cref="InvalidDataException"/>.</summary>
internal sealed class TarReader(Stream source)
{
    private const int Block = 512, LongestName = 4096;

    private BoundedStream? _contents;

    /// <summary>Goes to the next entry that is a regular file; what was not read of the last one is skipped.</summary>
    /// <returns>The path as it stands in the archive, and the contents; null at the end.</returns>
    public (string Path, BoundedStream Contents)? NextFile()
    {
        string? longName = null;
        byte[] header = new byte[Block];
        while (true)
        {
            if (_contents is { } last)
            {
                last.Drain();
                new BoundedStream(source, -last.Length & (Block - 1)).Drain();
                _contents = null;
            }

            if (source.ReadAtLeast(header, Block, throwOnEndOfStream: false) < Block)
                throw new InvalidDataException("the tar archive ends too early");
            if (!header.AsSpan().ContainsAnyExcept((byte)0))
                return null;
            CheckSum(header);
            long size = Number(header.AsSpan(124, 12));
            _contents = new BoundedStream(source, size);
            switch ((char)header[156])
            {
                case '0' or '\0' or '7':
                    return (longName ?? Name(header), _contents);
                case 'L':
                    if (size > LongestName)
                        throw new InvalidDataException("a name in the tar archive is too long");
                    byte[] name = new byte[size];
                    _contents.ReadExactly(name);
                    longName = Text(name);
                    break;
                default:
                    longName = null;
                    break;
            }
        }
    }

    private static void CheckSum(byte[] header)
    {
        int sum = 0;
        for (int i = 0; i < Block; i++)
            sum += i is >= 148 and < 156 ? ' ' : header[i];
        if (sum != Number(header.AsSpan(148, 8)))
            throw new InvalidDataException("a tar header is damaged");
    }

    private static string Name(byte[] header)
    {
        string name = Text(header.AsSpan(0, 100));
        bool posix = header.AsSpan(257, 6).SequenceEqual("ustar\0"u8);
        string prefix = posix ? Text(header.AsSpan(345, 155)) : "";
        return prefix.Length > 0 ? prefix + "/" + name : name;
    }

    private static string Text(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? field : field[..end]);
    }

    // Octal with spaces or zeros around it, or GNU's base 256 (top bit set) for sizes from 8 GiB on.
    private static long Number(ReadOnlySpan<byte> field)
    {
        long value = 0;
        if ((field[0] & 0x80) != 0)
        {
            for (int i = 1; i < field.Length; i++)
            {
                if (value >> 54 != 0)
                    throw new InvalidDataException("a number in a tar header is too large");
                value = (value << 8) | field[i];
            }

            return (field[0] & 0x7F) == 0 ? value : throw new InvalidDataException("a number in a tar header is too large");
        }

        ReadOnlySpan<byte> digits = field.Trim(" \0"u8);
        foreach (byte digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'7')
                throw new InvalidDataException("a number in a tar header is no number");
            value = (value << 3) | (uint)(digit - '0');
        }

        return value;
    }
}
