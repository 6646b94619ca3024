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

    // Pages for which one verdict holds, as it was found last: from one page to another behind it, and what less than M-mode may do there.
    private ulong _firstPage;
    private ulong _toLastPage;
    private byte _permitted;

    // The hart's PmpEpoch for which _entries was made; 64 bits wide so that it starts as none.
    private ulong _epoch = ulong.MaxValue;

    /// <summary>The A field of a pmpcfg byte (table 19).</summary>
    public static PmpMatch MatchOf(byte configuration) => (PmpMatch)((configuration >> 3) & 3);

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

    /// <summary>Whether all of a page may be accessed so by less than M-mode, and loaded from.</summary>
    public bool AllowsPage(ulong physicalPage, FillAccess access)
    {
        if (physicalPage - _firstPage > _toLastPage)
            FindPages(physicalPage);
        byte needed = (byte)(Entry.Needed(access) | Readable);
        return (_permitted & needed) == needed;
    }

    // Of the pages around this one for which the same entry decides, as many as are easily told.
    private void FindPages(ulong page)
    {
        ulong first = 0;
        ulong last = LastAddress;
        _permitted = 0;
        for (int i = 0; i < _count; i++)
        {
            ref readonly Entry entry = ref _entries[i];
            if (entry.Last < page)
            {
                first = Math.Max(first, entry.Last + 1);
            }
            else if (entry.First > (page | 0xfff))
            {
                last = Math.Min(last, entry.First - 1);
            }
            else
            {
                if (entry.First > page || entry.Last < (page | 0xfff))
                    first = last = page;
                else
                    _permitted = (byte)(entry.Configuration & All);
                first = Math.Max(first, entry.First);
                last = Math.Min(last, entry.Last);
                break;
            }
        }

        _firstPage = Math.Min((first + 0xfff) & ~0xfffUL, page);
        _toLastPage = Math.Max((last + 1) & ~0xfffUL, page + 0x1000) - 0x1000 - _firstPage;
    }

    private void Decode(in HartState s)
    {
        _count = 0;
        (_firstPage, _toLastPage, _permitted) = (ulong.MaxValue, 0, 0);
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

        _epoch = s.PmpEpoch;
    }

    /// <summary>A range of physical addresses, both ends included, and its pmpcfg byte.</summary>
    private readonly record struct Entry(ulong First, ulong Last, byte Configuration)
    {
        public bool Permits(FillAccess access, PrivilegeMode mode)
        {
            if (mode == PrivilegeMode.Machine && (Configuration & Locked) == 0)
                return true;
            return (Configuration & Needed(access)) != 0;
        }

        public static byte Needed(FillAccess access) => access switch
        {
            FillAccess.Read => Readable,
            FillAccess.Write => Writable,
            _ => Executable,
        };
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
