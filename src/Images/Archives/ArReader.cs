using System.Buffers.Text;
using System.Text;

namespace Strata.Images.Archives;

// The common ar format as deb(5) uses it: "!<arch>\n", then per member a header of 60 bytes
//   name (16)  time (12)  owner (6)  group (6)  mode (8)  size (10)  "`\n"
// and the contents, padded to an even length.

#pragma warning disable CA1001 // The field is a view of the source, which the caller closes.

/// <summary>Reads the members of an ar archive in order, from a stream that needs not be seekable.</summary>
internal sealed class ArReader(Stream source)
{
    private const int HeaderSize = 60;

    private bool _started, _padded;
    private BoundedStream? _contents;

    /// <summary>Goes to the next member; what was not read of the last one is skipped.</summary>
    /// <returns>The member's name without padding and its contents, or null at the end.</returns>
    public (string Name, BoundedStream Contents)? Next()
    {
        Span<byte> header = stackalloc byte[HeaderSize];
        if (!_started)
        {
            if (source.ReadAtLeast(header[..8], 8, throwOnEndOfStream: false) < 8 || !header[..8].SequenceEqual("!<arch>\n"u8))
                throw new InvalidDataException("not an ar archive");
            _started = true;
        }

        _contents?.Drain();
        int wanted = (_padded ? 1 : 0) + HeaderSize, padding = wanted - HeaderSize;
        Span<byte> all = stackalloc byte[HeaderSize + 1];
        int read = source.ReadAtLeast(all[..wanted], wanted, throwOnEndOfStream: false);
        if (read <= padding)
            return null;
        if (read < wanted)
            throw new InvalidDataException("an ar header ends too early");
        header = all.Slice(padding, HeaderSize);
        ReadOnlySpan<byte> size = header[48..58].TrimEnd((byte)' ');
        if (!header[58..].SequenceEqual("`\n"u8) || !Utf8Parser.TryParse(size, out long length, out int used) || used != size.Length || length < 0)
            throw new InvalidDataException("an ar header is damaged");
        _padded = (length & 1) != 0;
        _contents = new BoundedStream(source, length);
        return (Encoding.Latin1.GetString(header[..16].TrimEnd((byte)' ').TrimEnd((byte)'/')), _contents);
    }
}
