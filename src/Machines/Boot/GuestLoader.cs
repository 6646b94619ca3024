using Strata.Guest.Memory;

namespace Strata.Machines.Boot;

/// <summary>Puts files and blobs into guest memory before the first instruction, and keeps them from overlapping.</summary>
/// <param name="memory">Where to.</param>
/// <param name="devicePage">Address of a page within RAM that a device has taken (HTIF) and whose content goes there, or null.</param>
public sealed class GuestLoader(GuestMemory memory, ulong? devicePage = null)
{
    // Small enough not to stay behind on the large object heap.
    private const int ChunkBytes = 64 << 10;

    private readonly List<(ulong Start, ulong End, string What)> _taken = [];

    /// <summary>Claims a range for <paramref name="what"/>.</summary>
    /// <exception cref="BootException">It is not RAM, or something else is there.</exception>
    public void Claim(ulong address, ulong length, string what)
    {
        if (!IsRam(address, length) && address < MemoryMap.Ram)
            throw new BootException($"{what} is made for 0x{address:x}, and RAM begins at 0x{MemoryMap.Ram:x}: link it to that address, or give the raw binary if it can lie anywhere (of OpenSBI fw_jump.bin, not fw_jump.elf)");
        if (!IsRam(address, length))
            throw new BootException($"{what} ({length} bytes at 0x{address:x}) does not fit into the machine's memory: give it more with --memory");
        foreach ((ulong start, ulong end, string other) in _taken)
        {
            if (address < end && start < address + length)
                throw new BootException($"{what} and {other} overlap at 0x{Math.Max(start, address):x}: give the machine more memory with --memory");
        }

        _taken.Add((address, address + length, what));
    }

    /// <summary>Claims the place and copies bytes there.</summary>
    public void Put(ulong address, ReadOnlySpan<byte> bytes, string what)
    {
        Claim(address, (ulong)bytes.Length, what);
        Write(address, bytes);
    }

    /// <summary>Claims <paramref name="size"/> bytes (at least the file's length) and copies the file there.</summary>
    public void Put(ulong address, BootFile file, ulong size, string what)
    {
        Claim(address, Math.Max(size, (ulong)file.Length), what);
        Copy(address, file, 0, file.Length);
    }

    /// <summary>Loads an ELF program's segments.</summary>
    public void Put(ElfImage program, ReadOnlySpan<byte> file, string what)
    {
        foreach (ElfSegment segment in program.Segments)
        {
            Claim(segment.Address, segment.MemorySize, what);
            WriteAroundDevice(segment.Address, file.Slice(segment.FileOffset, segment.FileSize));
        }
    }

    private bool IsRam(ulong address, ulong length)
    {
        if (devicePage is not { } page || address >= page + GuestMemory.PageSize || address + length <= page || address + length < address)
            return memory.IsRam(address, length);
        ulong end = page + GuestMemory.PageSize;
        return (address >= page || memory.IsRam(address, page - address)) && (address + length <= end || memory.IsRam(end, address + length - end));
    }

    private void WriteAroundDevice(ulong address, ReadOnlySpan<byte> bytes)
    {
        if (devicePage is { } page)
        {
            if (address < page && page - address < (ulong)bytes.Length)
            {
                Write(address, bytes[..(int)(page - address)]);
                bytes = bytes[(int)(page - address)..];
                address = page;
            }

            if (address >= page && address - page < GuestMemory.PageSize)
            {
                int within = (int)Math.Min((ulong)bytes.Length, page + GuestMemory.PageSize - address);
                bytes = bytes[within..];
                address += (ulong)within;
            }
        }

        Write(address, bytes);
    }

    private void Copy(ulong address, BootFile file, long offset, long length)
    {
        byte[] chunk = new byte[Math.Min(length, ChunkBytes)];
        while (length > 0)
        {
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(length, chunk.Length));
            file.Read(offset, part);
            Write(address, part);
            address += (ulong)part.Length;
            offset += part.Length;
            length -= part.Length;
        }
    }

    private void Write(ulong address, ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            MemoryResult result = memory.Write(address, bytes);
            if (result.Status == MemoryStatus.NotPresent)
                result.Wait!.Block(CancellationToken.None);
            else if (result.IsDone)
                return;
            else
                throw new BootException($"no memory at 0x{address:x}");
        }
    }
}
