// Privileged specification 1.13, section 4.3.2: translating a virtual address, as somebody does it who must leave no trace (no A or D bit, no permission).
using System.Buffers.Binary;
using Strata.Guest.Memory;

namespace Strata.Debugging;

/// <summary>Where virtual addresses of a guest lead, seen from outside.</summary>
/// <param name="memory">The guest's.</param>
/// <param name="satp">The root of its page tables.</param>
public sealed class GuestAddressSpace(GuestMemory memory, ulong satp)
{
    private const int PteBytes = 8;

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
}
