using System.Buffers.Binary;
using System.Text;

namespace Strata.Machines.Boot;

/// <summary>A statically linked RISC-V 64 ELF program (System V ABI, chapter 4; RISC-V ELF psABI): where its segments go, its entry point and HTIF symbols.</summary>
public sealed class ElfImage
{
    private const int HeaderSize = 64;
    private const int ProgramHeaderSize = 56;
    private const int SectionHeaderSize = 64;
    private const int SymbolSize = 24;
    private const ushort MachineRiscV = 243;
    private const int MostSegments = 256;
    private const uint SegmentLoad = 1;
    private const uint SectionSymbols = 2;

    private ElfImage(ulong entry, IReadOnlyList<ElfSegment> segments, ulong? toHost, ulong? fromHost)
    {
        Entry = entry;
        Segments = segments;
        ToHost = toHost;
        FromHost = fromHost;
    }

    /// <summary>Physical address of the first instruction.</summary>
    public ulong Entry { get; }

    /// <summary>What to load.</summary>
    public IReadOnlyList<ElfSegment> Segments { get; }

    /// <summary>Address of the symbol <c>tohost</c>, if the program has one.</summary>
    public ulong? ToHost { get; }

    /// <summary>Address of the symbol <c>fromhost</c>, if the program has one.</summary>
    public ulong? FromHost { get; }

    /// <summary>True if the file says that it is ELF.</summary>
    public static bool IsElf(ReadOnlySpan<byte> file) => file.Length >= 4 && file[..4].SequenceEqual("\u007fELF"u8);

    /// <summary>Reads the headers of <paramref name="file"/>; every offset is checked against its length.</summary>
    /// <exception cref="BootException">It is not a program that this machine can run, or it is damaged.</exception>
    public static ElfImage Parse(ReadOnlySpan<byte> file)
    {
        if (!IsElf(file) || file.Length < HeaderSize)
            throw new BootException("the program is not a whole ELF file");
        if (file[4] != 2 || file[5] != 1 || BinaryPrimitives.ReadUInt16LittleEndian(file[18..]) != MachineRiscV)
            throw new BootException("the ELF program is not for little-endian RISC-V 64: build it with -march=rv64gc");
        ulong entry = BinaryPrimitives.ReadUInt64LittleEndian(file[24..]);
        List<ElfSegment> segments = [];
        ulong virtualToPhysical = 0;
        int count = BinaryPrimitives.ReadUInt16LittleEndian(file[56..]);
        if (count != 0 && BinaryPrimitives.ReadUInt16LittleEndian(file[54..]) != ProgramHeaderSize)
            throw new BootException("the ELF program has program headers of a wrong size: the file is damaged");
        ReadOnlySpan<byte> headers = Table(file, BinaryPrimitives.ReadUInt64LittleEndian(file[32..]), count, ProgramHeaderSize, "program headers");
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = headers.Slice(i * ProgramHeaderSize, ProgramHeaderSize);
            if (BinaryPrimitives.ReadUInt32LittleEndian(header) != SegmentLoad)
                continue;
            ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
            ulong virtualAddress = BinaryPrimitives.ReadUInt64LittleEndian(header[16..]);
            ulong address = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]);
            ulong fileSize = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
            ulong memorySize = BinaryPrimitives.ReadUInt64LittleEndian(header[40..]);
            if (offset > (ulong)file.Length || fileSize > (ulong)file.Length - offset || memorySize < fileSize)
                throw new BootException($"segment {i} of the ELF program lies outside the file: the file is damaged or cut off");
            if (memorySize == 0)
                continue;
            if (segments.Count == MostSegments)
                throw new BootException($"the ELF program has more than {MostSegments} segments to load: it is damaged, or not made for a machine without an operating system");
            if (entry >= virtualAddress && entry - virtualAddress < memorySize)
                virtualToPhysical = address - virtualAddress;
            segments.Add(new ElfSegment(address, (int)offset, (int)fileSize, memorySize));
        }

        if (segments.Count == 0)
            throw new BootException("the ELF program has nothing to load");
        (ulong? toHost, ulong? fromHost) = FindHostCells(file);
        return new ElfImage(entry + virtualToPhysical, segments, toHost, fromHost);
    }

    private static ReadOnlySpan<byte> Table(ReadOnlySpan<byte> file, ulong offset, int count, int entrySize, string what)
    {
        ulong size = (ulong)count * (ulong)entrySize;
        if (offset > (ulong)file.Length || size > (ulong)file.Length - offset)
            throw new BootException($"the {what} of the ELF program lie outside the file: the file is damaged or cut off");
        return file.Slice((int)offset, (int)size);
    }

    private static (ulong? ToHost, ulong? FromHost) FindHostCells(ReadOnlySpan<byte> file)
    {
        ulong? toHost = null;
        ulong? fromHost = null;
        int count = BinaryPrimitives.ReadUInt16LittleEndian(file[60..]);
        if (count != 0 && BinaryPrimitives.ReadUInt16LittleEndian(file[58..]) != SectionHeaderSize)
            throw new BootException("the ELF program has section headers of a wrong size: the file is damaged");
        ReadOnlySpan<byte> sections = Table(file, BinaryPrimitives.ReadUInt64LittleEndian(file[40..]), count, SectionHeaderSize, "section headers");
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> section = sections.Slice(i * SectionHeaderSize, SectionHeaderSize);
            uint link = BinaryPrimitives.ReadUInt32LittleEndian(section[40..]);
            if (BinaryPrimitives.ReadUInt32LittleEndian(section[4..]) != SectionSymbols || link >= (uint)count)
                continue;
            ReadOnlySpan<byte> symbols = Content(file, section);
            ReadOnlySpan<byte> names = Content(file, sections.Slice((int)link * SectionHeaderSize, SectionHeaderSize));
            for (int at = 0; at + SymbolSize <= symbols.Length; at += SymbolSize)
            {
                uint name = BinaryPrimitives.ReadUInt32LittleEndian(symbols[at..]);
                ulong value = BinaryPrimitives.ReadUInt64LittleEndian(symbols[(at + 8)..]);
                if (NameIs(names, name, "tohost"))
                    toHost = value;
                else if (NameIs(names, name, "fromhost"))
                    fromHost = value;
            }

            // A file has one symbol table; looking at all that a hostile one may name would take for ever.
            break;
        }

        return (toHost, fromHost);
    }

    private static ReadOnlySpan<byte> Content(ReadOnlySpan<byte> file, ReadOnlySpan<byte> section)
    {
        ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(section[24..]);
        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(section[32..]);
        if (offset > (ulong)file.Length || size > (ulong)file.Length - offset)
            throw new BootException("a section of the ELF program lies outside the file: the file is damaged or cut off");
        return file.Slice((int)offset, (int)size);
    }

    private static bool NameIs(ReadOnlySpan<byte> names, uint offset, string name)
    {
        Span<byte> wanted = stackalloc byte[16];
        int length = Encoding.ASCII.GetBytes(name, wanted);
        return offset <= (uint)names.Length && names.Length - (int)offset > length && names.Slice((int)offset, length + 1).SequenceEqual(wanted[..(length + 1)]);
    }
}

/// <summary>A piece of an ELF file that goes to memory.</summary>
/// <param name="Address">Guest-physical address.</param>
/// <param name="FileOffset">Where its bytes begin in the file.</param>
/// <param name="FileSize">Bytes from the file.</param>
/// <param name="MemorySize">Bytes in memory; the rest is zero.</param>
public readonly record struct ElfSegment(ulong Address, int FileOffset, int FileSize, ulong MemorySize);
