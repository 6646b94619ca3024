using System.IO.Compression;
using Strata.Images.Compression;

namespace Strata.Images.Archives;

// deb(5): an ar archive of debian-binary ("2.0\n"), control.tar.*, data.tar.*.

/// <summary>Reads the files of a Debian binary package in one pass.</summary>
internal static class DebReader
{
    /// <summary>Opens the tar archive of the package's files.</summary>
    /// <exception cref="InvalidDataException">It is no Debian package of format 2, or compressed in a way not known here.</exception>
    public static TarReader OpenData(Stream package)
    {
        var archive = new ArReader(package);
        if (archive.Next() is not ("debian-binary", var version) || version.Length is < 4 or > 64)
            throw new InvalidDataException("not a Debian package");
        byte[] text = new byte[version.Length];
        version.ReadExactly(text);
        if (!text.AsSpan().StartsWith("2."u8))
            throw new InvalidDataException("a Debian package of an unknown format");
        while (archive.Next() is var (name, contents))
        {
            switch (name)
            {
                case "data.tar":
                    return new TarReader(contents);
                case "data.tar.xz":
                    return new TarReader(new XzStream(contents));
                case "data.tar.gz":
                    return new TarReader(new GZipStream(contents, CompressionMode.Decompress));
                case var _ when name.StartsWith("data.tar", StringComparison.Ordinal):
                    throw new InvalidDataException($"a Debian package with {name}, which cannot be read here");
            }
        }

        throw new InvalidDataException("a Debian package without files");
    }
}
