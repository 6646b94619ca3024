// Privileged specification 1.13, section 3.7 (physical memory protection): 16 entries, grain 4 bytes.
using Strata.Cpu.RiscV;
using Strata.Guest.Memory;

namespace Strata.Cpu.Paging;

/// <summary>The PMP entries of one hart, decoded: which physical accesses are allowed.</summary>
public sealed class Pmp
{
    /// <summary>Entries that a hart has.</summary>
    public const int EntryCount = 16;

    /// <summary>R: loads are allowed.</summary>
    public const byte Readable = 1;

    /// <summary>W: stores are allowed.</summary>
    public const byte Writable = 2;

    /// <summary>X: instruction fetches are allowed.</summary>
    public const byte Executable = 4;

    /// <summary>L: the entry binds M-mode too and cannot be changed before a reset.</summary>
    public const byte Locked = 0x80;

    private const byte All = Readable | Writable | Executable;

    // Of 56 bits, which is what page table entries can name.
    private const ulong LastAddress = (1UL << 56) - 1;

    private readonly Entry[] _entries = new Entry[EntryCount];
    private int _count;

    // The hart's PmpEpoch for which _entries was made; 64 bits wide so that it starts as none.
    private ulong _epoch = ulong.MaxValue;

    /// <summary>The A field of a pmpcfg byte (table 19).</summary>
    public static PmpMatch MatchOf(byte configuration) => (PmpMatch)((configuration >> 3) & 3);

    /// <summary>Every access of less than M-mode is allowed everywhere.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Takes over the hart's registers if they have changed.</summary>
    public void Follow(in HartState s)
    {
        if (_epoch != s.PmpEpoch)
            Decode(in s);
    }

    /// <summary>Whether every byte of an access is allowed. The lowest-numbered entry that matches any byte decides, and must match all.</summary>
    public bool Allows(ulong physicalAddress, int size, FillAccess access, PrivilegeMode mode)
    {
        ulong last = physicalAddress + (uint)size - 1;
        for (int i = 0; i < _count; i++)
        {
            ref readonly Entry entry = ref _entries[i];
            if (last < entry.First || physicalAddress > entry.Last)
                continue;
            return physicalAddress >= entry.First && last <= entry.Last && entry.Permits(access, mode);
        }

        // No entry matches: only M-mode passes, because entries exist even if none is switched on.
        return mode == PrivilegeMode.Machine;
    }

    /// <summary>Whether one verdict holds for the whole 4 KiB page, so that a translation of it may be cached.</summary>
    public bool IsUniform(ulong physicalPage)
    {
        ulong last = physicalPage | 0xfff;
        for (int i = 0; i < _count; i++)
        {
            ref readonly Entry entry = ref _entries[i];
            if (last < entry.First || physicalPage > entry.Last)
                continue;
            return physicalPage >= entry.First && last <= entry.Last;
        }

        return true;
    }

    private void Decode(in HartState s)
    {
        _count = 0;
        for (int i = 0; i < EntryCount; i++)
        {
            byte configuration = s.PmpConfiguration[i];
            ulong address = s.PmpAddress[i];
            ulong below = i == 0 ? 0 : s.PmpAddress[i - 1] << 2;
            switch (MatchOf(configuration))
            {
                case PmpMatch.TopOfRange when below < address << 2:
                    _entries[_count++] = new Entry(below, (address << 2) - 1, configuration);
                    break;
                case PmpMatch.NaturallyAligned4:
                    _entries[_count++] = new Entry(address << 2, (address << 2) + 3, configuration);
                    break;
                case PmpMatch.NaturallyAligned:
                    // Trailing ones of the register give the size: yyy0 is 8 bytes, yy01 is 16, and so on (table 20).
                    ulong ones = (address ^ (address + 1)) << 2 | 3;
                    _entries[_count++] = new Entry((address << 2) & ~ones, (address << 2) | ones, configuration);
                    break;
                default:
                    break;
            }
        }

        IsOpen = _count > 0 && _entries[0] is { First: 0, Last: >= LastAddress } first && (first.Configuration & All) == All;
        _epoch = s.PmpEpoch;
    }

    /// <summary>A range of physical addresses, both ends included, and its pmpcfg byte.</summary>
    private readonly record struct Entry(ulong First, ulong Last, byte Configuration)
    {
        public bool Permits(FillAccess access, PrivilegeMode mode)
        {
            if (mode == PrivilegeMode.Machine && (Configuration & Locked) == 0)
                return true;
            byte needed = access switch
            {
                FillAccess.Read => Readable,
                FillAccess.Write => Writable,
                _ => Executable,
            };
            return (Configuration & needed) != 0;
        }
    }
}

/// <summary>How an entry's address register is read (table 19).</summary>
public enum PmpMatch
{
    /// <summary>OFF.</summary>
    Off,

    /// <summary>TOR: from the previous entry's address up to this one's.</summary>
    TopOfRange,

    /// <summary>NA4: four bytes.</summary>
    NaturallyAligned4,

    /// <summary>NAPOT: a power of two of at least eight bytes.</summary>
    NaturallyAligned,
}
