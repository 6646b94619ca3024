using System.Buffers;
using System.Text;

namespace Strata.Images.Tiny;

/// <summary>What a busybox program can do, read from the program itself: it is for another processor, so it cannot be asked.</summary>
internal static class Busybox
{
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789[_-.+");

    /// <summary>The names of its applets: NUL-terminated strings in ascending order, <c>[</c> and <c>[[</c> first (applets/applet_tables.c).</summary>
    /// <exception cref="InvalidDataException">There is no such table.</exception>
    public static IReadOnlyList<string> Applets(ReadOnlySpan<byte> program)
    {
        ReadOnlySpan<byte> first = "[\0[[\0"u8;
        for (int start = program.IndexOf(first); start >= 0;)
        {
            List<string> names = Names(program[start..]);
            if (names.Contains("sh") && names.Contains("mount") && names.Contains("modprobe"))
                return names;
            int next = program[(start + 1)..].IndexOf(first);
            start = next < 0 ? -1 : start + 1 + next;
        }

        throw new InvalidDataException("the busybox program has no table of applets, or no sh, mount or modprobe");
    }

    private static List<string> Names(ReadOnlySpan<byte> table)
    {
        var names = new List<string>();
        while (true)
        {
            int end = table.IndexOf((byte)0);
            if (end is <= 0 or > 32)
                return names;
            string name = Encoding.ASCII.GetString(table[..end]);
            bool follows = names.Count == 0 || string.CompareOrdinal(name, names[^1]) > 0;
            if (!follows || name.AsSpan().ContainsAnyExcept(NameCharacters))
                return names;
            names.Add(name);
            table = table[(end + 1)..];
        }
    }
}
