using System.Text;

namespace Strata.Images.Debian;

/// <summary>A package as the archive lists it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Depends">Its dependencies as they stand in the list.</param>
/// <param name="Path">The .deb file's path below the archive.</param>
/// <param name="Promise">The .deb file's size and digest.</param>
internal sealed record Package(string Name, string Version, string Depends, string Path, FilePromise Promise);

/// <summary>The few packages of a Packages file that are of interest.</summary>
internal sealed class PackageIndex
{
    private const int LongestStanza = 1 << 20;

    private readonly Dictionary<string, Package> _packages = new(StringComparer.Ordinal);

    /// <summary>Reads a list in one pass.</summary>
    /// <param name="list">The uncompressed list; some 50 MB, so paragraphs are told apart as bytes.</param>
    /// <param name="namePrefixes">Packages whose names begin so are kept.</param>
    /// <exception cref="InvalidDataException">The list is damaged.</exception>
    public static PackageIndex Read(Stream list, params string[] namePrefixes)
    {
        byte[][] wanted = [.. namePrefixes.Select(static prefix => Encoding.ASCII.GetBytes("Package: " + prefix))];
        var index = new PackageIndex();
        byte[] buffer = new byte[2 * LongestStanza];
        int filled = 0;
        while (true)
        {
            int read = list.Read(buffer.AsSpan(filled));
            filled += read;
            int at = 0;
            while (true)
            {
                ReadOnlySpan<byte> rest = buffer.AsSpan(at, filled - at);
                int end = rest.IndexOf("\n\n"u8);
                if (end < 0 && (read > 0 || rest.Length == 0))
                    break;
                ReadOnlySpan<byte> stanza = end < 0 ? rest : rest[..end];
                at += end < 0 ? rest.Length : end + 2;
                index.Take(stanza, wanted);
            }

            if (read == 0)
                return index;
            if (filled - at > LongestStanza)
                throw new InvalidDataException("a paragraph of the package list is too long");
            buffer.AsSpan(at, filled - at).CopyTo(buffer);
            filled -= at;
        }
    }

    /// <summary>The package called <paramref name="name"/>.</summary>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public Package this[string name] => _packages.GetValueOrDefault(name) ?? throw new InvalidDataException($"the archive lists no package {name}");

    /// <summary>The package on which <paramref name="meta"/> depends and whose name begins with <paramref name="prefix"/>.</summary>
    public Package DependencyOf(Package meta, string prefix)
    {
        foreach (string clause in meta.Depends.Split(','))
        {
            string name = clause.Split('|')[0].Trim().Split(' ', '(', ':')[0];
            if (name.StartsWith(prefix, StringComparison.Ordinal))
                return this[name];
        }

        throw new InvalidDataException($"the package {meta.Name} names no package {prefix}…");
    }

    private void Take(ReadOnlySpan<byte> stanza, byte[][] wanted)
    {
        bool take = false;
        foreach (byte[] prefix in wanted)
            take |= stanza.StartsWith(prefix);
        if (!take)
            return;
        ControlStanza fields = ControlStanza.ParseAll(Encoding.UTF8.GetString(stanza)).First();
        string path = fields["Filename"] ?? throw new InvalidDataException("a package in the list has no file name");
        if (path.StartsWith('/') || path.Split('/').Contains("..") || path.Contains(':', StringComparison.Ordinal))
            throw new InvalidDataException($"a package in the list has a file name that leaves the archive: {path}");
        string name = fields["Package"]!;
        _packages[name] = new Package(name, fields["Version"] ?? "", fields["Depends"] ?? "", path, FilePromise.Parse(fields["Size"], fields["SHA256"]));
    }
}
