using System.Runtime.InteropServices;
using Strata.Cpu.RiscV;

namespace Strata.Cpu.Interpreter;

/// <summary>Head of a page of decoded instructions in native memory; behind it lie the slots, then the instruction bytes that they were made from.</summary>
[StructLayout(LayoutKind.Sequential, Size = HeadBytes)]
internal unsafe struct DecodedPage
{
    /// <summary>Two-byte units in a page of the guest.</summary>
    public const int UnitCount = 2048;

    /// <summary>Two more: an instruction of four bytes in the last two of the page leads to the second.</summary>
    public const int SlotCount = UnitCount + 2;

    /// <summary>Bytes of head, slots and copied units.</summary>
    public const int SizeBytes = HeadBytes + (SlotCount * 8) + ((UnitCount + 2) * 2) + 44;

    private const int HeadBytes = 64;

    /// <summary>Guest-physical address, or <see cref="NoPage"/>.</summary>
    public ulong PhysicalPage;

    /// <summary>When it was last entered from another page, for eviction.</summary>
    public ulong LastUse;

    /// <summary>No page has this address.</summary>
    public const ulong NoPage = ulong.MaxValue;

    /// <summary>The slot of the page's first two bytes.</summary>
    public static DecodedSlot* Slots(DecodedPage* page) => (DecodedSlot*)((byte*)page + HeadBytes);

    /// <summary>Copies of the two-byte units that were decoded, for mtval of illegal instructions.</summary>
    public static ushort* Units(DecodedPage* page) => (ushort*)((byte*)page + HeadBytes + (SlotCount * 8));

    /// <summary>Forgets all instructions.</summary>
    public static void Clear(DecodedPage* page, ulong physicalPage)
    {
        page->PhysicalPage = physicalPage;
        DecodedSlot* slots = Slots(page);
        new Span<ulong>(slots, UnitCount).Clear();
        slots[UnitCount].Op = SlotOperation.EndOfPage;
        slots[UnitCount + 1].Op = SlotOperation.EndOfPage;
    }

    /// <summary>Bytes changed: the instructions that they belong to must be decoded again. Under the owning cache's lock, by any thread.</summary>
    public static void Invalidate(DecodedPage* page, int offset, int length)
    {
        // An instruction of four bytes may begin in the unit before.
        int first = Math.Max((offset >> 1) - 1, 0);
        int last = (offset + length - 1) >> 1;
        DecodedSlot* slots = Slots(page);
        for (int i = first; i <= last; i++)
            Volatile.Write(ref *(ushort*)&slots[i].Op, (ushort)SlotOperation.Undecoded);
    }

    /// <summary>Decodes from <paramref name="first"/> to the next jump, the page's end or what is decoded already. Under the owning cache's lock.</summary>
    /// <param name="page">The page.</param>
    /// <param name="host">Its bytes.</param>
    /// <param name="first">Index of the first slot.</param>
    public static void Decode(DecodedPage* page, byte* host, int first)
    {
        DecodedSlot* slots = Slots(page);
        ushort* units = Units(page);
        for (int i = first; i < UnitCount && slots[i].Op == SlotOperation.Undecoded;)
        {
            uint bits = Volatile.Read(ref *(ushort*)(host + (i * 2)));
            units[i] = (ushort)bits;
            if ((bits & 3) == 3)
            {
                if (i == UnitCount - 1)
                {
                    slots[i].Bits = (ulong)SlotOperation.Straddle;
                    return;
                }

                units[i + 1] = Volatile.Read(ref *(ushort*)(host + (i * 2) + 2));
                bits |= (uint)units[i + 1] << 16;
            }

            Instruction instruction = Decoder.Decode(bits);
            slots[i].Bits = SlotDecoder.Decode(instruction, i * 2).Bits;
            if (instruction.Operation is Operation.Jal or Operation.Jalr or Operation.Illegal or Operation.Mret or Operation.Sret)
                return;
            i += instruction.Length / 2;
        }
    }
}
