using System.Globalization;
using System.Text;
using Strata.Images.Archives;
using Strata.Images.Tiny;

namespace Strata.Images.Tests.Archives;

public class ArchiveTests
{
    [Fact]
    public void Ar_members_come_with_odd_sizes_and_skipped_contents()
    {
        var reader = new ArReader(new MemoryStream(Packages.Ar(("one", "a"u8.ToArray()), ("two/", "bcd"u8.ToArray()), ("three", []))));
        Assert.Equal("one", reader.Next()!.Value.Name);
        (string name, BoundedStream contents) = reader.Next()!.Value;
        Assert.Equal("two", name);
        Assert.Equal('b', contents.ReadByte());
        (string third, BoundedStream empty) = reader.Next()!.Value;
        Assert.Equal(("three", 0L), (third, empty.Length));
        Assert.Null(reader.Next());
    }

    [Fact]
    public void Ar_of_the_machine_is_read()
    {
        Assert.SkipUnless(Tools.Has("ar"), "this machine has no ar");
        string folder = Directory.CreateTempSubdirectory("strata-ar").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "first"), "12345");
            File.WriteAllText(Path.Combine(folder, "second"), "6789");
            Tools.Run("ar", [], "rc", Path.Combine(folder, "x.a"), Path.Combine(folder, "first"), Path.Combine(folder, "second"));
            using FileStream file = File.OpenRead(Path.Combine(folder, "x.a"));
            var reader = new ArReader(file);
            Assert.Equal("first", reader.Next()!.Value.Name);
            using var text = new StreamReader(reader.Next()!.Value.Contents);
            Assert.Equal("6789", text.ReadToEnd());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Tar_files_come_with_long_names_and_without_folders()
    {
        string longPath = "./" + string.Join('/', Enumerable.Repeat("folder", 40)) + "/file.ko.xz";
        byte[] large = new byte[3000];
        var reader = new TarReader(new MemoryStream(Packages.Tar(("./short", "x"u8.ToArray()), (longPath, large), ("./last", []))));
        Assert.Equal("./short", reader.NextFile()!.Value.Path);
        (string path, BoundedStream contents) = reader.NextFile()!.Value;
        Assert.Equal((longPath, 3000L), (path, contents.Length));
        Assert.Equal("./last", reader.NextFile()!.Value.Path);
        Assert.Null(reader.NextFile());
    }

    [Fact]
    public void A_tar_name_that_claims_gigabytes_is_refused_unread()
    {
        byte[] tar = Packages.Tar(("./" + new string('n', 300), []));
        int header = FindLongName(tar);
        Encoding.ASCII.GetBytes("17777777777\0").CopyTo(tar, header + 124);
        "        "u8.CopyTo(tar.AsSpan(header + 148));
        int sum = tar.AsSpan(header, 512).ToArray().Sum(static b => b);
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(tar, header + 148);
        var reader = new TarReader(new MemoryStream(tar));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("too long", Assert.Throws<InvalidDataException>(() => reader.NextFile()).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 16);
    }

    [Fact]
    public void Damaged_packages_are_invalid_data_and_nothing_else()
    {
        int seed = Seed.Take();
        var random = new Random(seed);
        byte[] deb = Packages.Deb(("./a", new byte[700]), ("./lib/modules/b.ko", Packages.Module("b", "a,c")));
        for (int round = 0; round < Seed.Rounds(4000, 1_000_000); round++)
        {
            byte[] damaged = (byte[])deb.Clone();
            for (int i = random.Next(1, 4); i > 0; i--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            if (random.Next(3) == 0)
                damaged = damaged[..random.Next(damaged.Length)];
            ReadAll(() => DebReader.OpenData(new MemoryStream(damaged)));
            ReadAll(() => new TarReader(new MemoryStream(damaged)));
        }

        byte[] tar = Packages.Tar(("./a", new byte[700]), ("./" + new string('x', 200), "abc"u8.ToArray()));
        for (int round = 0; round < Seed.Rounds(4000, 1_000_000); round++)
        {
            byte[] damaged = (byte[])tar.Clone();
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            ReadAll(() => new TarReader(new MemoryStream(damaged)));
        }

        byte[] module = Packages.Module("b", "a,c", "virtio:d1");
        for (int round = 0; round < Seed.Rounds(4000, 1_000_000); round++)
        {
            byte[] damaged = (byte[])module.Clone();
            for (int i = random.Next(1, 4); i > 0; i--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                _ = new KernelModule("b", damaged).Depends.ToList();
                ModuleStripper.Strip(damaged);
            }
            catch (InvalidDataException)
            {
            }
        }
    }

    [Fact]
    public void The_initial_file_system_is_what_cpio_reads()
    {
        using var output = new MemoryStream();
        var cpio = new CpioWriter(output);
        cpio.AddFolder("bin");
        cpio.AddFile("bin/odd", "12345"u8, executable: true);
        cpio.AddLink("bin/link", "odd");
        cpio.AddDevice("console", 5, 1);
        cpio.Finish();
        Assert.Equal(0, output.Length % 512);
        string text = Encoding.ASCII.GetString(output.ToArray());
        Assert.StartsWith("070701" + "00000001" + "000041ED", text, StringComparison.Ordinal);
        // Oracle: an own walk over the headers as buffer-format.rst describes them.
        var seen = new List<(string Name, uint Mode, int Size, uint Major)>();
        for (int at = 0; ;)
        {
            Assert.Equal(0, at % 4);
            uint Field(int i) => uint.Parse(text.AsSpan(at + 6 + (8 * i), 8), NumberStyles.HexNumber);
            int nameSize = (int)Field(11), size = (int)Field(6);
            string name = text.Substring(at + 110, nameSize - 1);
            if (name == "TRAILER!!!")
                break;
            seen.Add((name, Field(1), size, Field(9)));
            at = (at + 110 + nameSize + 3) & ~3;
            at = (at + size + 3) & ~3;
        }

        Assert.Equal([("bin", 0x41EDu, 0, 0u), ("bin/odd", 0x81EDu, 5, 0u), ("bin/link", 0xA1FFu, 3, 0u), ("console", 0x2180u, 0, 5u)], seen);
    }

    [Fact]
    public void Modules_are_listed_with_all_they_need_the_last_to_load_first()
    {
        var modules = new ModuleSet();
        foreach ((string name, string depends) in ((string, string)[])[("ext4", "jbd2,mbcache"), ("jbd2", ""), ("mbcache", ""), ("crc32c_generic", ""), ("virtio_net", "net_failover"), ("net_failover", "failover"), ("failover", "")])
            modules.Add(new KernelModule(name, Packages.Module(name, depends, "alias-of-" + name)));
        string text = Encoding.ASCII.GetString(modules.Dependencies());
        Assert.Contains("virtio_net.ko: net_failover.ko failover.ko\n", text, StringComparison.Ordinal);
        Assert.Matches("ext4\\.ko: .*jbd2\\.ko.*crc32c_generic\\.ko\n", text);
        Assert.Contains("alias alias-of-jbd2 jbd2\n", Encoding.ASCII.GetString(modules.Aliases()), StringComparison.Ordinal);
        Assert.Empty(modules.Missing());
        modules.Add(new KernelModule("overlay", Packages.Module("overlay", "other-one")));
        Assert.Equal(["other_one"], modules.Missing());
    }

    [Fact]
    public void Modules_that_need_each_other_in_a_circle_do_not_hang()
    {
        var modules = new ModuleSet();
        modules.Add(new KernelModule("a", Packages.Module("a", "b")));
        modules.Add(new KernelModule("b", Packages.Module("b", "a")));
        Assert.Equal("a.ko: b.ko\nb.ko: a.ko\n", Encoding.ASCII.GetString(modules.Dependencies()));
    }

    [Fact]
    public void Applets_are_read_from_the_program()
    {
        Assert.Equal(["[", "[[", "ash", "cat", "ls", "modprobe", "mount", "run-init", "run-parts", "sh"], Busybox.Applets(Packages.BusyboxProgram));
        Assert.Throws<InvalidDataException>(() => Busybox.Applets("[\0[[\0cat\0"u8));
        Assert.Throws<InvalidDataException>(() => Busybox.Applets([]));
    }

    [Fact]
    public void A_stripped_object_links_to_the_same_program()
    {
        const string Tool = "riscv64-linux-gnu-";
        Assert.SkipUnless(Tools.Has(Tool + "gcc") && Tools.Has(Tool + "ld"), "this machine has no compiler for RISC-V");
        string folder = Directory.CreateTempSubdirectory("strata-strip").FullName;
        try
        {
            string Name(string file) => Path.Combine(folder, file);
            File.WriteAllText(Name("a.c"), """
                static int table[40]; int other(int); static const char *words[] = { "one", "two" };
                static __attribute__((noinline)) int work(int n) { for (int i = 0; i < n; i++) table[i & 31] += other(i) * n; return table[n & 7]; }
                __attribute__((weak)) int other(int x) { switch (x) { case 1: return 7; case 2: return 9; case 3: return words[x & 1][0]; case 4: return 4; case 5: return 1; } return x; }
                int _start(int n) { return work(n) + other(n) + work(n / 2); }
                """);
            Assert.Equal(0, Tools.Run(Tool + "gcc", [], "-c", "-O1", "-ffreestanding", "-fno-pic", "-mcmodel=medany", "-mno-relax", "-o", Name("a.o"), Name("a.c")).Code);
            byte[] whole = File.ReadAllBytes(Name("a.o")), stripped = ModuleStripper.Strip([.. whole, .. "~Module signature appended~\n"u8]);
            File.WriteAllBytes(Name("b.o"), stripped);
            Assert.InRange(stripped.Length, 1000, whole.Length - 200);
            foreach (string name in (ReadOnlySpan<string>)["a", "b"])
            {
                (int code, _, string error) = Tools.Run(Tool + "ld", [], "--no-relax", "-Ttext=0x10000", "-o", Name(name + ".elf"), Name(name + ".o"));
                Assert.Equal((0, ""), (code, error));
                Assert.Equal(0, Tools.Run(Tool + "objcopy", [], "-O", "binary", Name(name + ".elf"), Name(name + ".bin")).Code);
            }

            Assert.Equal(File.ReadAllBytes(Name("a.bin")), File.ReadAllBytes(Name("b.bin")));
            Assert.Equal(stripped, ModuleStripper.Strip(stripped));
            string symbols = Encoding.ASCII.GetString(Tools.Run(Tool + "readelf", [], "-sW", Name("b.o")).Output);
            Assert.Contains("work", symbols, StringComparison.Ordinal);
            Assert.DoesNotContain(".L", symbols, StringComparison.Ordinal);

            var random = new Random(Seed.Take());
            for (int round = 0; round < Seed.Rounds(3000, 300_000); round++)
            {
                byte[] damaged = (byte[])whole.Clone();
                for (int i = random.Next(1, 6); i > 0; i--)
                    damaged[round % 2 == 0 ? random.Next(damaged.Length) : damaged.Length - 1 - random.Next(64 * 20)] = (byte)random.Next(256);
                try
                {
                    ModuleStripper.Strip(damaged);
                }
                catch (InvalidDataException)
                {
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void ReadAll(Func<TarReader> open)
    {
        try
        {
            TarReader reader = open();
            while (reader.NextFile() is var (_, contents))
                contents.Drain();
        }
        catch (InvalidDataException)
        {
        }
    }

    private static int FindLongName(byte[] tar)
    {
        for (int at = 0; ; at += 512)
        {
            if (tar[at + 156] == 'L')
                return at;
        }
    }
}
