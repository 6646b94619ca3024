using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Strata.Debugging.Symbols;
using Strata.Host.Files;

namespace Strata.Debugging.Tests.Symbols;

public sealed class SymbolFileTests(ITestOutputHelper output)
{
    private const string Map = """
        0000000000000000 A fixed_percpu_data
        ffffffff80000000 T _start
        ffffffff80000000 T _text
        ffffffff80001000 t do_idle
        ffffffff01234000 t virtio_fs_probe	[virtio_fs]
        not a line
        ffffffff80002000 t $x
        ffffffff80003000 D data

        """;

    [Fact]
    public void LinesOfSystemMapAndKallsyms()
    {
        SymbolTable symbols = Read(Encoding.UTF8.GetBytes(Map));
        Assert.Equal(4, symbols.Count);
        Assert.Equal("_start", symbols.Describe(0xffff_ffff_8000_0000));
        Assert.Equal("do_idle+0x1ffe", symbols.Describe(0xffff_ffff_8000_2ffe));
        Assert.Equal("data", symbols.Describe(0xffff_ffff_8000_3000));
        Assert.Equal("virtio_fs_probe [virtio_fs]+0x4", symbols.Describe(0xffff_ffff_0123_4004));
        Assert.Null(symbols.Describe(0x1000));
        Assert.Null(symbols.Describe(ulong.MaxValue));
        Assert.Equal(0x1000UL, symbols.ReachOf(symbols.Named("_start")!.Value));
    }

    [Fact]
    public void SymbolsOfAnElfFile()
    {
        SymbolTable symbols = Read(Elf([("main", 0x1_0000, 0x20, 2), ("hidden", 0x1_0010, 4, 4), ("$x", 0x1_0000, 0, 0), ("loop", 0x1_0040, 0, 0)]));
        Assert.Equal(2, symbols.Count);
        Assert.Equal("main+0x1e", symbols.Describe(0x1_001e));
        Assert.Null(symbols.Describe(0x1_0020));
        Assert.Equal("loop", symbols.Describe(0x1_0040));
    }

    [Fact]
    public void AFileWithoutSymbolsIsRefused()
    {
        Assert.Throws<SymbolException>(() => Read([]));
        Assert.Throws<SymbolException>(() => Read("hello\n"u8.ToArray()));
        Assert.Throws<SymbolException>(() => Read("\u007fELF"u8.ToArray()));
        Assert.Throws<SymbolException>(() => Read(Elf([])));
        Assert.Throws<SymbolException>(() => Read("0000000000000000 T _start\n0000000000000000 T _text\n"u8.ToArray()));
    }

    [Fact]
    public void ABrokenElfFileIsAnErrorAndNothingElse()
    {
        int seed = Seed.Take(output);
        Random random = new(seed);
        byte[] good = Elf([.. Enumerable.Range(0, 20).Select(i => ($"symbol{i}", (ulong)(0x1000 + (16 * i)), 16UL, 2))]);
        for (int i = 0; i < Seed.Rounds(3000, 1_000_000); i++)
        {
            byte[] bad = [.. good];
            for (int k = random.Next(1, 6); k > 0; k--)
                bad[random.Next(random.Next(2) == 0 ? 64 : bad.Length)] = (byte)random.Next(256);
            try
            {
                _ = Read(random.Next(4) == 0 ? bad[..random.Next(bad.Length)] : bad);
            }
            catch (SymbolException)
            {
                // As it should be.
            }
        }
    }

    private static SymbolTable Read(byte[] content)
    {
        using SafeFileHandle file = UnnamedFile.Create("symbols");
        RandomAccess.Write(file, content, 0);
        return SymbolFile.Read(file);
    }

    private static byte[] Elf((string Name, ulong Address, ulong Size, int Type)[] symbols)
    {
        byte[] names = [0, .. symbols.SelectMany(symbol => Encoding.ASCII.GetBytes(symbol.Name + "\0"))];
        int tableAt = 64 + names.Length;
        int tableBytes = 24 * (symbols.Length + 1);
        int sectionsAt = tableAt + tableBytes;
        byte[] file = new byte[sectionsAt + (3 * 64)];
        new byte[] { 0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1 }.CopyTo(file, 0);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(40), (ulong)sectionsAt);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(58), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(60), 3);
        names.CopyTo(file, 64);
        int name = 1;
        for (int i = 0; i < symbols.Length; i++)
        {
            Span<byte> entry = file.AsSpan(tableAt + (24 * (i + 1)), 24);
            BinaryPrimitives.WriteInt32LittleEndian(entry, name);
            entry[4] = (byte)symbols[i].Type;
            entry[6] = 1;
            BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], symbols[i].Address);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], symbols[i].Size);
            name += symbols[i].Name.Length + 1;
        }

        Section(1, 2, tableAt, tableBytes, 2);
        Section(2, 3, 64, names.Length, 0);
        return file;

        void Section(int index, int type, int at, int bytes, int link)
        {
            Span<byte> section = file.AsSpan(sectionsAt + (64 * index), 64);
            BinaryPrimitives.WriteInt32LittleEndian(section[4..], type);
            BinaryPrimitives.WriteInt32LittleEndian(section[24..], at);
            BinaryPrimitives.WriteInt32LittleEndian(section[32..], bytes);
            BinaryPrimitives.WriteInt32LittleEndian(section[40..], link);
        }
    }
}
