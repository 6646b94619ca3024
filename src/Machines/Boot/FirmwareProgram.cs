using Strata.Guest.Memory;

namespace Strata.Machines.Boot;

/// <summary>A program for M-mode, read and understood before its machine is built, because it may ask for HTIF cells.</summary>
public sealed class FirmwareProgram
{
    private const int LimitBytes = 256 << 20;

    private FirmwareProgram(byte[] bytes, ElfImage? elf)
    {
        Bytes = bytes;
        Elf = elf;
    }

    /// <summary>The file.</summary>
    public byte[] Bytes { get; }

    /// <summary>Its headers, if it is ELF; otherwise it is raw and goes to the start of RAM.</summary>
    public ElfImage? Elf { get; }

    /// <summary>Address of the first instruction.</summary>
    public ulong Entry => Elf?.Entry ?? MemoryMap.Ram;

    /// <summary>Address of the page in which the program has its HTIF cells, or null if it has none.</summary>
    public ulong? HostPage => Elf?.ToHost is { } address ? address & ~(GuestMemory.PageSize - 1) : null;

    /// <summary>Reads the file.</summary>
    /// <exception cref="BootException">It is damaged, too large, or not for this machine.</exception>
    public static FirmwareProgram Read(BootFile file)
    {
        byte[] bytes = file.ReadAll(LimitBytes);
        if (bytes.Length == 0)
            throw new BootException($"{file.Name} is empty");
        FirmwareProgram program = new(bytes, ElfImage.IsElf(bytes) ? ElfImage.Parse(bytes) : null);
        if (program.Elf is { ToHost: { } toHost } elf && (toHost % sizeof(ulong) != 0 || (elf.FromHost is { } from && (from % sizeof(ulong) != 0 || from / GuestMemory.PageSize != toHost / GuestMemory.PageSize))))
            throw new BootException($"{file.Name} has its HTIF cells tohost and fromhost misaligned or on different pages: align them to 64 bytes, next to each other");
        return program;
    }

    /// <summary>What the program has in the page of its HTIF cells.</summary>
    public byte[] HostPageContent()
    {
        byte[] content = new byte[GuestMemory.PageSize];
        ulong page = HostPage!.Value;
        foreach (ElfSegment segment in Elf!.Segments)
        {
            ulong start = Math.Max(page, segment.Address);
            ulong end = Math.Min(page + GuestMemory.PageSize, segment.Address + (ulong)segment.FileSize);
            if (start < end)
                Bytes.AsSpan(segment.FileOffset + (int)(start - segment.Address), (int)(end - start)).CopyTo(content.AsSpan((int)(start - page)));
        }

        return content;
    }
}
