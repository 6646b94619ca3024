// Privileged specification 1.13, section 4.3.2: translating a virtual address, as somebody does it who must leave no trace (no A or D bit, no permission).
using System.Buffers.Binary;
using Strata.Guest.Memory;

namespace Strata.Debugging;

/// <summary>Where virtual addresses of a guest lead, seen from outside.</summary>
/// <param name="memory">The guest's.</param>
/// <param name="satp">The root of its page tables.</param>
public sealed class GuestAddressSpace(GuestMemory memory, ulong satp)
{
    /// <summary>Pages that are listed at most: a gibibyte of code.</summary>
    public const int MaximumPages = 1 << 18;

    private const int PteBytes = 8;
    private const int PageBytes = 4096;

    /// <summary>The physical address; null if nothing is mapped there, or if its page table is not here now.</summary>
    public ulong? Translate(ulong virtualAddress)
    {
        int mode = (int)(satp >> 60);
        if (mode == 0)
            return virtualAddress;
        int levels = mode - 5;
        if (levels is < 3 or > 5)
            return null;
        int unusedBits = 64 - 12 - (9 * levels);
        if ((ulong)((long)(virtualAddress << unusedBits) >> unusedBits) != virtualAddress)
            return null;
        ulong table = (satp & 0xfff_ffff_ffff) << 12;
        Span<byte> bytes = stackalloc byte[PteBytes];
        for (int level = levels - 1; level >= 0; level--)
        {
            if (!memory.Read(table + (((virtualAddress >> (12 + (9 * level))) & 0x1ff) * PteBytes), bytes).IsDone)
                return null;
            ulong entry = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            ulong page = ((entry >> 10) & 0xfff_ffff_ffff) << 12;
            if ((entry & 1) == 0)
                return null;
            if ((entry & 0xe) == 0)
            {
                table = page;
                continue;
            }

            // A leaf; those of Svnapot (bit 63) span 64 KiB.
            int bits = entry >> 63 != 0 ? 16 : 12 + (9 * level);
            ulong inside = (1UL << bits) - 1;
            return (page & ~inside) | (virtualAddress & inside);
        }

        return null;
    }

    /// <summary>The virtual page of each physical one that is mapped executable, kernel's mappings first; at most <see cref="MaximumPages"/>.</summary>
    public Dictionary<ulong, ulong> ExecutablePages()
    {
        Dictionary<ulong, ulong> pages = [];
        int levels = (int)(satp >> 60) - 5;
        if (levels is >= 3 and <= 5)
            Collect((satp & 0xfff_ffff_ffff) << 12, levels - 1, 0, 64 - 12 - (9 * levels), pages);
        return pages;
    }

    private void Collect(ulong table, int level, ulong virtualBase, int unusedBits, Dictionary<ulong, ulong> pages)
    {
        byte[] bytes = new byte[PageBytes];
        if (!memory.Read(table, bytes).IsDone)
            return;

        // From the top: kernels live there.
        for (int index = 511; index >= 0 && pages.Count < MaximumPages; index--)
        {
            ulong entry = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(index * PteBytes));
            if ((entry & 1) == 0)
                continue;
            ulong physical = ((entry >> 10) & 0xfff_ffff_ffff) << 12;
            ulong address = virtualBase | ((ulong)index << (12 + (9 * level)));
            if ((entry & 0xe) == 0)
            {
                if (level > 0)
                    Collect(physical, level - 1, address, unusedBits, pages);
                continue;
            }

            if ((entry & 8) == 0)
                continue;
            ulong count = entry >> 63 != 0 ? 1UL : 1UL << (9 * level);
            for (ulong page = 0; page < count && pages.Count < MaximumPages; page++)
            {
                ulong seen = address + (page * PageBytes);
                _ = pages.TryAdd((physical & ~((count * PageBytes) - 1)) + (page * PageBytes), (ulong)((long)(seen << unusedBits) >> unusedBits));
            }
        }
    }
}
