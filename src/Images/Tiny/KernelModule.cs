using System.Buffers.Binary;
using System.Text;

namespace Strata.Images.Tiny;

// ELF-64 as in the System V ABI, chapter 4; the kernel's include/linux/moduleinfo.h: .modinfo holds NUL-terminated "key=value" strings.

/// <summary>A kernel module and what it says of itself.</summary>
internal sealed class KernelModule
{
    private readonly List<(string Key, string Value)> _information = [];

    /// <summary>Reads a module.</summary>
    /// <exception cref="InvalidDataException">It is no module.</exception>
    public KernelModule(string name, byte[] contents)
    {
        Name = name;
        Contents = contents;
        foreach (string line in Encoding.UTF8.GetString(Section(contents, ".modinfo")).Split('\0'))
        {
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
                _information.Add((line[..equals], line[(equals + 1)..]));
        }
    }

    /// <summary>Its name, with underscores.</summary>
    public string Name { get; }

    /// <summary>The uncompressed .ko file.</summary>
    public byte[] Contents { get; }

    /// <summary>The modules it needs, by name.</summary>
    public IEnumerable<string> Depends =>
        Values("depends").SelectMany(static value => value.Split(',', StringSplitOptions.RemoveEmptyEntries)).Select(Canonical);

    /// <summary>Patterns of the devices and services it is for.</summary>
    public IEnumerable<string> Aliases => Values("alias");

    /// <summary>A module's name as the kernel writes it: with underscores, without <c>.ko</c> and what follows.</summary>
    public static string Canonical(string fileName)
    {
        string name = Path.GetFileName(fileName);
        int end = name.IndexOf(".ko", StringComparison.Ordinal);
        return (end < 0 ? name : name[..end]).Replace('-', '_');
    }

    private IEnumerable<string> Values(string key) => _information.Where(pair => pair.Key == key).Select(static pair => pair.Value);

    private static ReadOnlySpan<byte> Section(ReadOnlySpan<byte> file, string name)
    {
        if (file.Length < 64 || !file.StartsWith("\u007fELF\u0002\u0001"u8))
            throw new InvalidDataException("a kernel module is no 64-bit ELF file");
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(file[40..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(file[60..]), names = BinaryPrimitives.ReadUInt16LittleEndian(file[62..]);
        ReadOnlySpan<byte> headers = Slice(file, table, (ulong)count * 64);
        if (names >= count)
            throw new InvalidDataException("a kernel module is damaged");
        ReadOnlySpan<byte> strings = Contents(file, headers.Slice(names * 64, 64));
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = headers.Slice(i * 64, 64);
            uint at = BinaryPrimitives.ReadUInt32LittleEndian(header);
            if (at < strings.Length && strings[(int)at..].StartsWith(Encoding.ASCII.GetBytes(name + "\0")))
                return Contents(file, header);
        }

        throw new InvalidDataException("a kernel module says nothing of itself");

        static ReadOnlySpan<byte> Contents(ReadOnlySpan<byte> file, ReadOnlySpan<byte> header) =>
            Slice(file, BinaryPrimitives.ReadUInt64LittleEndian(header[24..]), BinaryPrimitives.ReadUInt64LittleEndian(header[32..]));
    }

    private static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> file, ulong offset, ulong length) =>
        offset <= (ulong)file.Length && length <= (ulong)file.Length - offset
            ? file.Slice((int)offset, (int)length)
            : throw new InvalidDataException("a kernel module is damaged");
}
