// ELF: System V ABI, chapter 4 (Object Files), "Symbol Table". System.map and /proc/kallsyms: nm(1)'s lines "address type name", kallsyms with a module behind.
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Strata.Debugging.Symbols;

/// <summary>The file of symbols cannot be used.</summary>
/// <param name="message">Why.</param>
public sealed class SymbolException(string message) : Exception(message);

/// <summary>Reads symbols from an ELF file, a System.map, or what a guest's /proc/kallsyms said. The file is not trusted.</summary>
public static class SymbolFile
{
    private const int MaximumTextBytes = 128 << 20;
    private const int MaximumTableBytes = 256 << 20;
    private const int SectionBytes = 64;
    private const int EntryBytes = 24;

    /// <summary>Reads <paramref name="file"/>, from its beginning.</summary>
    /// <exception cref="SymbolException">There are none in it.</exception>
    public static SymbolTable Read(SafeFileHandle file)
    {
        try
        {
            ReadOnlySpan<byte> elf = [0x7f, (byte)'E', (byte)'L', (byte)'F'];
            Span<byte> magic = stackalloc byte[4];
            int got = RandomAccess.Read(file, magic, 0);
            SymbolTable table = new(got == 4 && magic.SequenceEqual(elf) ? ReadElf(file) : ReadLines(file));
            return table.Count > 0 ? table : throw new SymbolException("the file has no symbols");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new SymbolException(failure.Message);
        }
    }

    private static List<Symbol> ReadElf(SafeFileHandle file)
    {
        byte[] header = Bytes(file, 0, 64);
        if (header[4] != 2 || header[5] != 1)
            throw new SymbolException("it is no 64-bit little-endian ELF file");
        ulong sectionsAt = BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(40));
        int entry = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(58));
        int count = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(60));
        if (entry != SectionBytes)
            throw new SymbolException("it has no section headers");
        byte[] sections = Bytes(file, sectionsAt, (ulong)(count * SectionBytes));

        // Section 2 is the symbol table, 11 the dynamic one, which stripped files still have.
        foreach (uint wanted in (ReadOnlySpan<uint>)[2, 11])
        {
            for (int i = 0; i < count; i++)
            {
                ReadOnlySpan<byte> section = sections.AsSpan(i * SectionBytes, SectionBytes);
                uint link = BinaryPrimitives.ReadUInt32LittleEndian(section[40..]);
                if (BinaryPrimitives.ReadUInt32LittleEndian(section[4..]) != wanted || link >= count)
                    continue;
                byte[] table = SectionBytesOf(file, section);
                byte[] names = SectionBytesOf(file, sections.AsSpan((int)link * SectionBytes, SectionBytes));
                return ReadElfSymbols(table, names);
            }
        }

        throw new SymbolException("the ELF file has no symbol table: it was stripped");
    }

    private static List<Symbol> ReadElfSymbols(byte[] table, byte[] names)
    {
        List<Symbol> symbols = [];
        for (int at = 0; at + EntryBytes <= table.Length; at += EntryBytes)
        {
            ReadOnlySpan<byte> entry = table.AsSpan(at, EntryBytes);
            uint name = BinaryPrimitives.ReadUInt32LittleEndian(entry);
            int type = entry[4] & 15;
            ushort section = BinaryPrimitives.ReadUInt16LittleEndian(entry[6..]);

            // Labels, objects and functions that lie in a section.
            if (type > 2 || section == 0 || name == 0 || name >= names.Length)
                continue;
            ReadOnlySpan<byte> text = names.AsSpan((int)name);
            int end = text.IndexOf((byte)0);
            if (end <= 0 || text[0] == '$')
                continue;
            symbols.Add(new Symbol(
                BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]), BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]), Encoding.UTF8.GetString(text[..end])));
        }

        return symbols;
    }

    private static List<Symbol> ReadLines(SafeFileHandle file)
    {
        List<Symbol> symbols = [];
        string text = Encoding.UTF8.GetString(Bytes(file, 0, (ulong)Math.Min(RandomAccess.GetLength(file), MaximumTextBytes)));
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            int space = line.IndexOf(' ');
            if (space <= 0 || line.Length < space + 4 || line[space + 2] != ' '
                || !ulong.TryParse(line[..space], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong address))
            {
                continue;
            }

            // Absolute symbols are numbers, not places; a guest that hides its addresses says 0 for all.
            if (line[space + 1] is 'a' or 'A' or 'U' || address == 0 || line[(space + 3)..].StartsWith("$", StringComparison.Ordinal))
                continue;
            symbols.Add(new Symbol(address, 0, line[(space + 3)..].Trim().ToString().Replace('\t', ' ')));
        }

        return symbols;
    }

    private static byte[] SectionBytesOf(SafeFileHandle file, ReadOnlySpan<byte> section) =>
        Bytes(file, BinaryPrimitives.ReadUInt64LittleEndian(section[24..]), BinaryPrimitives.ReadUInt64LittleEndian(section[32..]));

    private static byte[] Bytes(SafeFileHandle file, ulong offset, ulong length)
    {
        if (length > MaximumTableBytes || offset > (ulong)RandomAccess.GetLength(file) || length > (ulong)RandomAccess.GetLength(file) - offset)
            throw new SymbolException("the file ends before its tables do");
        byte[] bytes = new byte[length];
        int filled = 0;
        while (filled < bytes.Length)
        {
            int got = RandomAccess.Read(file, bytes.AsSpan(filled), (long)offset + filled);
            if (got == 0)
                throw new SymbolException("the file ended while it was read");
            filled += got;
        }

        return bytes;
    }
}
