using System.Buffers.Binary;

namespace Strata.Images.Tiny;

// ELF-64 as in the System V ABI, chapter 4; kernel/module/signing.c for the signature behind the file.

/// <summary>
/// Makes a kernel module a quarter as long: on RISC-V most of it is names of local labels, which nobody needs that no relocation names.
/// The signature, which no longer fits then, goes as well: checking it costs an interpreted guest 100 million instructions per module, and the
/// module's digest was checked when it was pulled. The kernel says once that it is tainted by that.
/// </summary>
internal static class ModuleStripper
{
    private const int HeaderSize = 64, SymbolSize = 24, RelocationSize = 24;
    private const uint SymbolTable = 2, StringTable = 3, Relocations = 4, NoBits = 8, Group = 17, WideIndexes = 18;
    private const int Function = 2;

    /// <summary>The module without what is not needed to load it, or as it is when it is not laid out as expected.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static byte[] Strip(byte[] file)
    {
        if (file.Length < HeaderSize || !file.AsSpan().StartsWith("\u007fELF\u0002\u0001"u8))
            throw Damaged();
        ReadOnlySpan<byte> elf = file;
        int count = BinaryPrimitives.ReadUInt16LittleEndian(elf[60..]), names = BinaryPrimitives.ReadUInt16LittleEndian(elf[62..]);
        var sections = new Section[count];
        long total = 0;
        for (int i = 0; i < count; i++)
        {
            sections[i] = new Section(Slice(file, BinaryPrimitives.ReadUInt64LittleEndian(elf[40..]) + ((ulong)i * 64), 64).ToArray(), file);
            total += sections[i].Contents.Length;
            if (total > file.Length)                            // sections that overlap, to make much out of little
                throw Damaged();
        }

        int table = Array.FindIndex(sections, static section => section.Type == SymbolTable);
        if (table < 0 || sections.Count(static section => section.Type == SymbolTable) > 1
            || Array.Exists(sections, static section => section.Type is Group or WideIndexes))
            return file;
        uint link = sections[table].Link;
        if (link >= count || link == names || sections[link].Type != StringTable)
            return file;
        int strings = (int)link;

        int[] renumbered = ShortenSymbols(sections, table, strings);
        foreach (Section section in sections)
        {
            if (section.Type == Relocations && section.Link == table)
                Renumber(section.Contents, renumbered);
        }

        return Write(file, sections);
    }

    // Returns the new number of each symbol; local ones still come first, as they must.
    private static int[] ShortenSymbols(Section[] sections, int table, int strings)
    {
        byte[] symbols = sections[table].Contents;
        int count = symbols.Length / SymbolSize;
        bool[] named = new bool[count];
        foreach (Section section in sections)
        {
            if (section.Type != Relocations || section.Link != table)
                continue;
            for (int at = 0; at + RelocationSize <= section.Contents.Length; at += RelocationSize)
            {
                uint symbol = BinaryPrimitives.ReadUInt32LittleEndian(section.Contents.AsSpan(at + 12));
                if (symbol >= count)
                    throw Damaged();
                named[symbol] = true;
            }
        }

        int[] renumbered = new int[count];
        using var kept = new MemoryStream();
        using var text = new MemoryStream();
        var offsets = new Dictionary<string, int>(StringComparer.Ordinal) { [""] = 0 };
        text.WriteByte(0);
        uint firstGlobal = sections[table].Info, keptLocals = 0;
        byte[] symbolCopy = new byte[SymbolSize];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> symbol = symbols.AsSpan(i * SymbolSize, SymbolSize);
            bool local = i < firstGlobal, function = (symbol[4] & 0xF) == Function;
            if (i != 0 && local && !named[i] && !function)
                continue;
            renumbered[i] = (int)(kept.Length / SymbolSize);
            symbol.CopyTo(symbolCopy);
            // A label's name is of no use; those of functions show up in the kernel's call traces.
            string name = local && !function ? "" : Name(sections[strings].Contents, BinaryPrimitives.ReadUInt32LittleEndian(symbol));
            if (!offsets.TryGetValue(name, out int offset))
            {
                offsets[name] = offset = (int)text.Length;
                text.Write(System.Text.Encoding.Latin1.GetBytes(name + "\0"));
            }

            BinaryPrimitives.WriteInt32LittleEndian(symbolCopy, offset);
            kept.Write(symbolCopy);
            keptLocals += local ? 1u : 0;
        }

        sections[table].Contents = kept.ToArray();
        sections[table].Info = keptLocals;
        sections[strings].Contents = text.ToArray();
        return renumbered;
    }

    private static void Renumber(byte[] relocations, int[] renumbered)
    {
        for (int at = 0; at + RelocationSize <= relocations.Length; at += RelocationSize)
        {
            Span<byte> symbol = relocations.AsSpan(at + 12);
            BinaryPrimitives.WriteInt32LittleEndian(symbol, renumbered[BinaryPrimitives.ReadUInt32LittleEndian(symbol)]);
        }
    }

    private static byte[] Write(byte[] file, Section[] sections)
    {
        using var output = new MemoryStream();
        output.Write(file.AsSpan(0, HeaderSize));
        foreach (Section section in sections)
        {
            if (section.Type == 0)
                continue;
            ulong alignment = section.Alignment;
            if (alignment > 1)
            {
                if (alignment > 4096 || (alignment & (alignment - 1)) != 0)
                    throw Damaged();
                output.Write(new byte[(int)(-output.Length & ((long)alignment - 1))]);
            }

            section.Place((ulong)output.Length);
            output.Write(section.Contents);
        }

        output.Write(new byte[(int)(-output.Length & 7)]);
        long headers = output.Length;
        foreach (Section section in sections)
            output.Write(section.Header);
        byte[] result = output.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(result.AsSpan(40), headers);
        return result;
    }

    private static string Name(byte[] strings, uint offset)
    {
        if (offset >= strings.Length)
            throw Damaged();
        ReadOnlySpan<byte> rest = strings.AsSpan((int)offset);
        int end = rest.IndexOf((byte)0);
        return System.Text.Encoding.Latin1.GetString(end < 0 ? rest : rest[..end]);
    }

    private static ReadOnlySpan<byte> Slice(byte[] file, ulong offset, ulong length) =>
        offset <= (ulong)file.Length && length <= (ulong)file.Length - offset ? file.AsSpan((int)offset, (int)length) : throw Damaged();

    private static InvalidDataException Damaged() => new("a kernel module is damaged");

    private sealed class Section(byte[] header, byte[] file)
    {
        public byte[] Header { get; } = header;

        public byte[] Contents { get; set; } = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(4)) is 0 or NoBits ? []
            : Slice(file, BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(24)), BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(32))).ToArray();

        public uint Type => BinaryPrimitives.ReadUInt32LittleEndian(Header.AsSpan(4));

        public uint Link => BinaryPrimitives.ReadUInt32LittleEndian(Header.AsSpan(40));

        public uint Info
        {
            get => BinaryPrimitives.ReadUInt32LittleEndian(Header.AsSpan(44));
            set => BinaryPrimitives.WriteUInt32LittleEndian(Header.AsSpan(44), value);
        }

        public ulong Alignment => BinaryPrimitives.ReadUInt64LittleEndian(Header.AsSpan(48));

        public void Place(ulong offset)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(Header.AsSpan(24), offset);
            if (Type != NoBits)
                BinaryPrimitives.WriteInt64LittleEndian(Header.AsSpan(32), Contents.Length);
        }
    }
}
