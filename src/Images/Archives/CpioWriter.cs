using System.Text;

namespace Strata.Images.Archives;

// "newc" as in the kernel's Documentation/driver-api/early-userspace/buffer-format.rst: 13 fields of 8 hexadecimal digits after "070701".

/// <summary>Writes an uncompressed initramfs. All owners are root and all times 0, so that equal contents make equal bytes.</summary>
internal sealed class CpioWriter(Stream output)
{
    private const uint Folder = 0x4000, File = 0x8000, Link = 0xA000, CharacterDevice = 0x2000;

    private uint _inode;
    private long _position;

    /// <summary>Adds a folder; its parents come first.</summary>
    public void AddFolder(string path, uint permissions = 0x1ED) => Add(path, Folder | permissions, [], 0, 0);

    /// <summary>Adds a regular file; an executable one has mode 0755, another 0644.</summary>
    public void AddFile(string path, ReadOnlySpan<byte> contents, bool executable = false) =>
        Add(path, File | (executable ? 0x1EDu : 0x1A4u), contents, 0, 0);

    /// <summary>Adds a symbolic link.</summary>
    public void AddLink(string path, string target) => Add(path, Link | 0x1FF, Encoding.UTF8.GetBytes(target), 0, 0);

    /// <summary>Adds a character device with mode 0600.</summary>
    public void AddDevice(string path, uint major, uint minor) => Add(path, CharacterDevice | 0x180, [], major, minor);

    /// <summary>Writes the end, padded to whole sectors.</summary>
    public void Finish()
    {
        Add("TRAILER!!!", 0, [], 0, 0);
        Pad(512);
    }

    private void Add(string path, uint mode, ReadOnlySpan<byte> contents, uint deviceMajor, uint deviceMinor)
    {
        byte[] name = Encoding.UTF8.GetBytes(path + "\0");
        var header = new StringBuilder("070701", 110);
        foreach (uint field in (ReadOnlySpan<uint>)[++_inode, mode, 0, 0, 1, 0, (uint)contents.Length, 0, 0, deviceMajor, deviceMinor,
                                                    (uint)name.Length, 0])
            header.Append(field.ToString("X8"));
        Write(Encoding.ASCII.GetBytes(header.ToString()));
        Write(name);
        Pad(4);
        Write(contents);
        Pad(4);
    }

    private void Pad(int alignment)
    {
        Span<byte> zeros = stackalloc byte[alignment];
        zeros.Clear();
        Write(zeros[..(int)(-_position & (alignment - 1))]);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        output.Write(bytes);
        _position += bytes.Length;
    }
}
