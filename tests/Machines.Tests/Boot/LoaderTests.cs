using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Strata.Guest.Memory;
using Strata.Machines.Boot;

namespace Strata.Machines.Tests.Boot;

/// <summary>Kernels, firmware and initial RAM disks from anyone: what is right is loaded, everything else is a <see cref="BootException"/> that says why.</summary>
public sealed class LoaderTests(ITestOutputHelper output)
{
    private const ulong Ram = 0x8000_0000;
    private const ulong MemoryBytes = 16 << 20;

    [Fact]
    public void AProgramIsLoadedAsItsHeadersSay()
    {
        byte[] file = TestElf.Make(toHost: 0x8000_2040);
        ElfImage elf = ElfImage.Parse(file);
        Assert.Equal(Ram + 4, elf.Entry);
        Assert.Equal((0x8000_2040UL, 0x8000_2048UL), (elf.ToHost!.Value, elf.FromHost!.Value));
        using Loaded loaded = new();
        loaded.Loader.Put(elf, file, "the program");
        Assert.Equal(file[TestElf.Code..(TestElf.Code + 64)], loaded.Read(Ram, 64));
        Assert.Equal([.. file[(TestElf.Code + 64)..(TestElf.Code + 80)], 0, 0], loaded.Read(Ram + 0x2000, 18));
    }

    [Fact]
    public void APhysicalEntryIsFoundWhenTheProgramIsLinkedElsewhere()
    {
        byte[] file = TestElf.Make();
        TestElf.Long(file, TestElf.ProgramHeaders + 16, 0xffff_ffff_8000_0000);
        TestElf.Long(file, 24, 0xffff_ffff_8000_0010);
        Assert.Equal(Ram + 0x10, ElfImage.Parse(file).Entry);
    }

    /// <summary>One thing wrong each.</summary>
    public static TheoryData<string, int, int, ulong> Damages => new()
    {
        { "not a whole ELF file", 0, 4, 0 }, { "not for little-endian RISC-V 64", 4, 1, 1 }, { "not for little-endian RISC-V 64", 5, 1, 2 },
        { "not for little-endian RISC-V 64", 18, 2, 62 }, { "program headers", 32, 8, ulong.MaxValue }, { "program headers", 32, 8, TestElf.Size - 100 },
        { "program headers", 56, 2, 0xffff }, { "program headers", 54, 2, 32 }, { "nothing to load", 56, 2, 0 },
        { "segment 0", TestElf.ProgramHeaders + 8, 8, TestElf.Size }, { "segment 0", TestElf.ProgramHeaders + 8, 8, ulong.MaxValue - 8 },
        { "segment 0", TestElf.ProgramHeaders + 32, 8, ulong.MaxValue }, { "segment 1", TestElf.ProgramHeaders + 56 + 40, 8, 3 },
        { "section headers", 40, 8, ulong.MaxValue - 63 }, { "section headers", 60, 2, 0xffff }, { "section headers", 58, 2, 0 },
        { "section of the ELF program", TestElf.SectionHeaders + 64 + 24, 8, ulong.MaxValue }, { "section of the ELF program", TestElf.SectionHeaders + 128 + 32, 8, 1UL << 40 },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void ADamagedProgramIsRefusedByName(string expected, int at, int size, ulong value)
    {
        byte[] file = TestElf.Make(toHost: 0x8000_2040);
        BitConverter.GetBytes(value).AsSpan(0, size).CopyTo(file.AsSpan(at));
        BootException exception = Assert.Throws<BootException>(() => FirmwareProgram.Read(new BootFile(file, "test.elf")).Elf ?? throw new BootException("not a whole ELF file"));
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Ram - 0x1000)]
    [InlineData(Ram + MemoryBytes - 16)]
    [InlineData(0UL)]
    [InlineData(ulong.MaxValue - 15)]
    public void ASegmentOutsideMemoryIsRefused(ulong address)
    {
        byte[] file = TestElf.Make();
        TestElf.Segment(file, 1, 1, TestElf.Code, address, 64, 64);
        using Loaded loaded = new();
        BootException exception = Assert.Throws<BootException>(() => loaded.Loader.Put(ElfImage.Parse(file), file, "the program"));
        Assert.Contains(address < Ram ? "RAM begins" : "does not fit", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OverlappingSegmentsAreRefused()
    {
        byte[] file = TestElf.Make();
        TestElf.Segment(file, 1, 1, TestElf.Code, Ram + 63, 64, 64);
        using Loaded loaded = new();
        Assert.Contains("overlap", Assert.Throws<BootException>(() => loaded.Loader.Put(ElfImage.Parse(file), file, "the program")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ThousandsOfSegmentsOrSymbolTablesCostNoTime()
    {
        const int Count = 65_000;
        byte[] many = new byte[64 + (Count * 56)];
        TestElf.Make().AsSpan(0, 64).CopyTo(many);
        TestElf.Half(many, 56, Count);
        TestElf.Half(many, 60, 0);
        for (int i = 0; i < Count; i++)
            TestElf.Segment(many, i, 1, 0, Ram + ((ulong)i * 64), 1, 1);
        long started = Stopwatch.GetTimestamp();
        Assert.Throws<BootException>(() => ElfImage.Parse(many));

        // Each section header names all of the file as its symbols and its names.
        byte[] tables = new byte[4 << 20];
        TestElf.Make().CopyTo(tables, 0);
        TestElf.Long(tables, 40, TestElf.Size);
        TestElf.Half(tables, 60, 60_000);
        for (int i = 0; i < 60_000; i++)
        {
            int at = TestElf.Size + (i * 64);
            TestElf.Word(tables, at + 4, 2);
            TestElf.Long(tables, at + 32, (ulong)tables.Length);
        }

        _ = ElfImage.Parse(tables);
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0, 5);
    }

    [Fact]
    public void AKernelThatIsNoImageIsRefusedWithAHint()
    {
        byte[] image = Image();
        Assert.Equal((0x20_0000UL, 0x40_0000UL), (KernelImage.Parse(image).TextOffset, KernelImage.Parse(image).ImageSize));
        Assert.Contains("gunzip", Refused(0, 2, 0x8b1f), StringComparison.Ordinal);
        Assert.Contains("--firmware", Refused(56, 4, 0), StringComparison.Ordinal);
        Assert.Contains("big-endian", Refused(24, 8, 1), StringComparison.Ordinal);
        foreach (ulong offset in (ReadOnlySpan<ulong>)[0x1000, ulong.MaxValue, 1UL << 63, 0x8000_0000])
            Assert.Contains("impossible place", Refused(8, 8, offset), StringComparison.Ordinal);
        foreach (ulong size in (ReadOnlySpan<ulong>)[ulong.MaxValue, 1UL << 31])
            Assert.Contains("impossible place", Refused(16, 8, size), StringComparison.Ordinal);
        for (int length = 0; length < 64; length++)
            Assert.Throws<BootException>(() => KernelImage.Parse(image.AsSpan(0, length)));

        string Refused(int at, int size, ulong value)
        {
            byte[] damaged = Image();
            BitConverter.GetBytes(value).AsSpan(0, size).CopyTo(damaged.AsSpan(at));
            return Assert.Throws<BootException>(() => KernelImage.Parse(damaged)).Message;
        }
    }

    [Fact]
    public void FilesThatAreNotFilesAreRefused()
    {
        Assert.Throws<BootException>(() => FirmwareProgram.Read(new BootFile(ReadOnlyMemory<byte>.Empty, "nothing")));
        string name = Path.GetTempFileName();
        using (SafeFileHandle handle = File.OpenHandle(name, FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.SetLength(handle, 1000);
            BootFile file = new(handle, "cut");
            RandomAccess.SetLength(handle, 500);
            Assert.Contains("cut", Assert.Throws<BootException>(() => file.ReadAll(10_000)).Message, StringComparison.Ordinal);
            Assert.Throws<BootException>(() => new BootFile(handle, "large").ReadAll(499));
        }

        File.Delete(name);
        foreach (string device in (ReadOnlySpan<string>)["/dev/zero", "/dev/null", "/proc/self/status"])
        {
            using SafeFileHandle handle = File.OpenHandle(device);
            Assert.Throws<BootException>(() => FirmwareProgram.Read(new BootFile(handle, device)));
        }
    }

    [Fact]
    public void WhatDoesNotFitIsSaid()
    {
        using HostResources host = new(1);
        BootFile kernel = new(Image(), "kernel");
        Refused(new MachineConfiguration { Boot = new DirectBoot(kernel, new BootFile(new byte[40 << 20], "initrd"), ""), MemoryBytes = 32 << 20 }, "does not fit");
        Refused(new MachineConfiguration { Boot = new DirectBoot(kernel, null, ""), MemoryBytes = 2 << 20 }, "does not fit");
        Refused(new MachineConfiguration { Boot = new DirectBoot(kernel, null, ""), MemoryBytes = (32 << 20) + 4096 }, "2 MiB");
        Refused(new MachineConfiguration { Boot = new DirectBoot(kernel, null, ""), MemoryBytes = 1UL << 63 }, "2 MiB");
        Refused(new MachineConfiguration { Boot = new DirectBoot(kernel, null, ""), HartCount = 65 }, "harts");
        Refused(new MachineConfiguration { Boot = new FirmwareBoot(new BootFile(new byte[3 << 20], "firmware"), kernel) }, "overlap");
        Refused(new MachineConfiguration { Boot = new FirmwareBoot(new BootFile(TestElf.Make(address: 0), "fw_jump.elf")) }, "RAM begins at 0x80000000: link it to that address, or give the raw binary");
        Refused(new MachineConfiguration { Boot = new DirectBoot(new BootFile(TestElf.Make(), "vmlinux"), null, "") }, "--firmware");
        Refused(new MachineConfiguration { Boot = new FirmwareBoot(new BootFile(TestElf.Make(toHost: 0x1_0000_0040), "htif")), MemoryBytes = 16 << 20 }, "HTIF");
        Refused(new MachineConfiguration { Boot = new FirmwareBoot(new BootFile(TestElf.Make(toHost: ulong.MaxValue - 15), "htif")), MemoryBytes = 16 << 20 }, "HTIF");

        void Refused(MachineConfiguration configuration, string expected) =>
            Assert.Contains(expected, Assert.Throws<BootException>(() => MachineBuilder.Build(host, configuration)).Message, StringComparison.Ordinal);
    }

    /// <summary>Mutated programs and kernels: refused or loaded, in bounded time and memory; STRATA_TEST_LONG tries half a million.</summary>
    [Fact]
    public void MutatedFilesAreRefusedOrLoadedAndNothingElse()
    {
        int seed = Seed.Take(output);
        Random random = new(seed);
        int count = Seed.Rounds(12_000, 500_000);
        using FrameAllocator frames = new(MemoryBytes + (4 << 20));
        using GuestMemory memory = new(frames, [new RamRange(Ram, MemoryBytes)], new MmioBus(new Lock()));
        byte[][] originals = [TestElf.Make(), TestElf.Make(toHost: 0x8000_2040), Image()];
        int loadedCount = 0;
        long slowest = 0;
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < count; i++)
        {
            byte[] file = Mutate(originals[random.Next(originals.Length)], random);
            long started = Stopwatch.GetTimestamp();
            try
            {
                GuestLoader loader = new(memory);
                FirmwareProgram program = FirmwareProgram.Read(new BootFile(file, "fuzz"));
                if (program.Elf is { } elf)
                    loader.Put(elf, program.Bytes, "the program");
                else
                    loader.Put(Ram + KernelImage.Parse(file).TextOffset, new BootFile(file, "fuzz"), KernelImage.Parse(file).ImageSize, "the kernel");
                if (program.HostPage is not null)
                    Assert.Equal(4096, program.HostPageContent().Length);
                loadedCount++;
            }
            catch (BootException exception)
            {
                Assert.NotEmpty(exception.Message);
            }

            slowest = Math.Max(slowest, Stopwatch.GetTimestamp() - started);
        }

        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        output.WriteLine($"{count} files, {loadedCount} loaded, slowest {slowest * 1000 / Stopwatch.Frequency} ms, {allocated / count} bytes each");
        Assert.InRange(loadedCount, count / 100, count);
        Assert.InRange(slowest / (double)Stopwatch.Frequency, 0, 2);
        Assert.InRange(allocated / count, 0, 64 * 1024);
    }

    [Fact]
    public void MutatedFilesMakeAMachineOrNone()
    {
        int seed = Seed.Take(output);
        Random random = new(seed);
        using HostResources host = new(1);
        byte[][] originals = [TestElf.Make(), TestElf.Make(toHost: 0x8000_2040), Image()];
        int built = 0;
        int rounds = Seed.Rounds(250, 20_000);
        for (int i = 0; i < rounds; i++)
        {
            int which = random.Next(3);
            BootFile file = new(Mutate(originals[which], random), "fuzz");
            try
            {
                using Machine machine = MachineBuilder.Build(host, new MachineConfiguration { Boot = which == 2 ? new DirectBoot(file, null, "") : new FirmwareBoot(file), MemoryBytes = MemoryBytes });
                built++;
            }
            catch (BootException)
            {
            }
        }

        output.WriteLine($"{built} of {rounds} were built");
        Assert.InRange(built, 5, rounds);
    }

    private static byte[] Image()
    {
        byte[] image = new byte[4096];
        TestElf.Word(image, 0, 0x1000006f);
        TestElf.Long(image, 8, 0x20_0000);
        TestElf.Long(image, 16, 0x40_0000);
        TestElf.Word(image, 56, 0x05435352);
        return image;
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        byte[] file = (byte[])original.Clone();
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            int at = random.Next(2) == 0 ? random.Next(Math.Min(file.Length, 64)) : random.Next(file.Length);
            switch (random.Next(5))
            {
                case 0:
                    file[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    file[at] = (byte)random.Next();
                    break;
                case 2:
                    ulong[] interesting = [0, 1, ulong.MaxValue, 1UL << 63, (1UL << 63) - 1, (ulong)file.Length, (ulong)file.Length - 1, Ram, Ram + MemoryBytes, uint.MaxValue, int.MaxValue, ulong.MaxValue - Ram];
                    BitConverter.GetBytes(interesting[random.Next(interesting.Length)]).AsSpan(0, Math.Min(8, file.Length - (at & ~7))).CopyTo(file.AsSpan(at & ~7));
                    break;
                case 3:
                    BitConverter.GetBytes((ushort)random.Next()).AsSpan(0, Math.Min(2, file.Length - at)).CopyTo(file.AsSpan(at));
                    break;
                default:
                    if (random.Next(8) == 0)
                        file = file[..Math.Max(at, 1)];
                    break;
            }
        }

        return file;
    }

    private sealed class Loaded : IDisposable
    {
        private readonly FrameAllocator _frames = new(MemoryBytes + (4 << 20));
        private readonly GuestMemory _memory;

        public Loaded()
        {
            _memory = new GuestMemory(_frames, [new RamRange(Ram, MemoryBytes)], new MmioBus(new Lock()));
            Loader = new GuestLoader(_memory);
        }

        public GuestLoader Loader { get; }

        public byte[] Read(ulong address, int length)
        {
            byte[] bytes = new byte[length];
            Assert.True(_memory.Read(address, bytes).IsDone);
            return bytes;
        }

        public void Dispose()
        {
            _memory.Dispose();
            _frames.Dispose();
        }
    }
}
