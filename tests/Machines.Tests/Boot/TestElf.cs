using System.Buffers.Binary;

namespace Strata.Machines.Tests.Boot;

/// <summary>Makes small ELF programs: the code, a second segment with zeroes behind it, and a symbol table with HTIF's cells.</summary>
internal static class TestElf
{
    public const int ProgramHeaders = 64;
    public const int Code = 0x100;
    public const int Symbols = 0x180;
    public const int Names = 0x200;
    public const int SectionHeaders = 0x240;
    public const int Size = SectionHeaders + (3 * 64);

    public static byte[] Make(ulong address = 0x8000_0000, ulong? toHost = null)
    {
        byte[] file = new byte[Size];
        ((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F']).CopyTo(file);
        file[4] = 2;
        file[5] = 1;
        file[6] = 1;
        Half(file, 16, 2);
        Half(file, 18, 243);
        Word(file, 20, 1);
        Long(file, 24, address + 4);
        Long(file, 32, ProgramHeaders);
        Long(file, 40, SectionHeaders);
        Half(file, 52, 64);
        Half(file, 54, 56);
        Half(file, 56, 2);
        Half(file, 58, 64);
        Half(file, 60, 3);
        Segment(file, 0, 1, Code, address, 64, 64);
        Segment(file, 1, 1, Code + 64, address + 0x2000, 16, 0x1000);
        for (int i = 0; i < 80; i++)
            file[Code + i] = (byte)(i + 1);
        Word(file, Symbols + 24, 1);
        Long(file, Symbols + 24 + 8, toHost ?? 0);
        Word(file, Symbols + 48, 8);
        Long(file, Symbols + 48 + 8, toHost + 8 ?? 0);
        "\0tohost\0fromhost\0"u8.CopyTo(file.AsSpan(Names));
        Section(file, 1, toHost is null ? 1u : 2u, Symbols, 72, 2);
        Section(file, 2, 3, Names, 17, 0);
        return file;
    }

    public static void Segment(byte[] file, int index, uint type, ulong offset, ulong address, ulong fileSize, ulong memorySize)
    {
        int at = ProgramHeaders + (index * 56);
        Word(file, at, type);
        Word(file, at + 4, 7);
        ReadOnlySpan<ulong> fields = [offset, address, address, fileSize, memorySize, 8];
        for (int i = 0; i < fields.Length; i++)
            Long(file, at + 8 + (i * 8), fields[i]);
    }

    public static void Section(byte[] file, int index, uint type, ulong offset, ulong size, uint link)
    {
        int at = SectionHeaders + (index * 64);
        Word(file, at + 4, type);
        Long(file, at + 24, offset);
        Long(file, at + 32, size);
        Word(file, at + 40, link);
    }

    public static void Half(byte[] file, int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at), value);

    public static void Word(byte[] file, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(at), value);

    public static void Long(byte[] file, int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(at), value);
}
