using System.Text;
using Strata.Images.Tests.Compression;

namespace Strata.Images.Tests.Archives;

/// <summary>Makes small Debian packages, kernel modules and programs.</summary>
internal static class Packages
{
    public static byte[] Deb(params (string Path, byte[] Contents)[] files) => Ar(
        ("debian-binary", "2.0\n"u8.ToArray()),
        ("control.tar.xz", StoredXz.Make(Tar(("./control", "Package: x\n"u8.ToArray())))),
        ("data.tar.xz", StoredXz.Make(Tar(files), 4, blockSize: 100_000)));

    public static byte[] Ar(params (string Name, byte[] Contents)[] members)
    {
        using var output = new MemoryStream();
        output.Write("!<arch>\n"u8);
        foreach ((string name, byte[] contents) in members)
        {
            output.Write(Encoding.ASCII.GetBytes($"{name,-16}{0,-12}{0,-6}{0,-6}{"100644",-8}{contents.Length,-10}`\n"));
            output.Write(contents);
            if (contents.Length % 2 != 0)
                output.WriteByte((byte)'\n');
        }

        return output.ToArray();
    }

    public static byte[] Tar(params (string Path, byte[] Contents)[] files)
    {
        using var output = new MemoryStream();
        using (var writer = new System.Formats.Tar.TarWriter(output, System.Formats.Tar.TarEntryFormat.Gnu, leaveOpen: true))
        {
            writer.WriteEntry(new System.Formats.Tar.GnuTarEntry(System.Formats.Tar.TarEntryType.Directory, "./usr/") { ModificationTime = DateTimeOffset.UnixEpoch });
            foreach ((string path, byte[] contents) in files)
                writer.WriteEntry(new System.Formats.Tar.GnuTarEntry(System.Formats.Tar.TarEntryType.RegularFile, path) { ModificationTime = DateTimeOffset.UnixEpoch, DataStream = new MemoryStream(contents) });
        }

        return output.ToArray();
    }

    /// <summary>An ELF file with nothing but a .modinfo section.</summary>
    public static byte[] Module(string name, string depends, params string[] aliases)
    {
        byte[] info = Encoding.ASCII.GetBytes($"name={name}\0depends={depends}\0" + string.Concat(aliases.Select(alias => $"alias={alias}\0")));
        byte[] strings = "\0.modinfo\0.shstrtab\0"u8.ToArray();
        byte[] file = new byte[64 + info.Length + strings.Length + (3 * 64)];
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(file);
        info.CopyTo(file, 64);
        strings.CopyTo(file, 64 + info.Length);
        int table = 64 + info.Length + strings.Length;
        BitConverter.TryWriteBytes(file.AsSpan(40), (ulong)table);
        BitConverter.TryWriteBytes(file.AsSpan(58), (ushort)64);
        BitConverter.TryWriteBytes(file.AsSpan(60), (ushort)3);
        BitConverter.TryWriteBytes(file.AsSpan(62), (ushort)2);
        Section(1, 1, 64, info.Length);
        Section(2, 10, 64 + info.Length, strings.Length);
        return file;

        void Section(int number, int nameAt, int offset, int length)
        {
            Span<byte> header = file.AsSpan(table + (number * 64));
            BitConverter.TryWriteBytes(header, nameAt);
            BitConverter.TryWriteBytes(header[4..], 1);
            BitConverter.TryWriteBytes(header[24..], (ulong)offset);
            BitConverter.TryWriteBytes(header[32..], (ulong)length);
        }
    }

    public static byte[] Kernel(int size, int seed)
    {
        byte[] kernel = new byte[size];
        new Random(seed).NextBytes(kernel);
        "RISCV\0\0\0RSC\x05"u8.CopyTo(kernel.AsSpan(48));
        return kernel;
    }

    public static byte[] BusyboxProgram { get; } =
        [.. "\u007fELF ... \"\xC0 "u8, .. "[\0[[\0ash\0cat\0ls\0modprobe\0mount\0run-init\0run-parts\0sh\0\0rest"u8];
}
