// Written from the text of the privileged specification 1.13, sections 3.7 and 4.3.2, and of Svnapot, Svpbmt and Svadu, without a look at src/Cpu/Paging.
using Strata.Cpu.RiscV;
using Strata.Guest.Memory;

namespace Strata.Cpu.Tests.Paging;

/// <summary>What a walk must answer, computed in the slowest and plainest way: recursion over a dictionary, PMP byte by byte.</summary>
public sealed class PageWalkOracle(ulong ramBase, ulong ramBytes, ulong devicePage)
{
    private const int LoadPage = 13, StorePage = 15, FetchPage = 12, LoadAccess = 5, StoreAccess = 7, FetchAccess = 1;

    /// <summary>Memory as the walk sees it: doublewords by address; what is missing is zero.</summary>
    public Dictionary<ulong, ulong> Memory { get; } = [];

    /// <summary>The answer: a cause and no address, or no cause and the address with the leaf's size as a power of two.</summary>
    public readonly record struct Answer(int? Cause, ulong PhysicalAddress, ulong? ChangedEntry, ulong ChangedTo);

    public Answer Translate(in HartState s, ulong address, FillAccess access, int size)
    {
        PrivilegeMode mode = s.Privilege;
        if (access != FillAccess.Fetch && Bit(s.MStatus, 17))
            mode = (PrivilegeMode)(s.MStatus >> 11 & 3);
        ulong scheme = s.Satp >> 60;
        ulong? changed = null;
        ulong changedTo = 0;
        ulong physical = address;
        if (scheme != 0 && mode != PrivilegeMode.Machine)
        {
            int levels = scheme == 8 ? 3 : scheme == 9 ? 4 : 5;
            int width = 12 + (9 * levels);
            bool topBit = Bit(address, width - 1);
            for (int i = width; i < 64; i++)
            {
                if (Bit(address, i) != topBit)
                    return Fault(Pick(access, LoadPage, StorePage, FetchPage));
            }

            int? cause = Descend(in s, address, access, size, mode, levels - 1, (s.Satp & ((1UL << 44) - 1)) * 4096, ref physical, ref changed, ref changedTo);
            if (cause is not null)
                return Fault(cause.Value);
        }

        if (!PmpAllows(in s, physical, size, access, mode))
            return Fault(Pick(access, LoadAccess, StoreAccess, FetchAccess));
        bool isThere = (physical >= ramBase && physical - ramBase < ramBytes) || physical / 4096 == devicePage / 4096;

        // Where nothing is, the entry has been updated all the same: the walk itself was successful.
        return new Answer(isThere ? null : Pick(access, LoadAccess, StoreAccess, FetchAccess), isThere ? physical : 0, changed, changedTo);
    }

    /// <summary>Section 3.7.1: each byte looks for its entry; all bytes must have found the same one.</summary>
    public static bool PmpAllows(in HartState s, ulong address, int size, FillAccess access, PrivilegeMode mode)
    {
        // The lowest entry that matches some byte.
        for (int entry = 0; entry < 16; entry++)
        {
            int matching = 0;
            for (int i = 0; i < size; i++)
            {
                if (Matches(in s, entry, address + (ulong)i))
                    matching++;
            }

            if (matching == 0)
                continue;
            if (matching != size)
                return false;
            byte configuration = s.PmpConfiguration[entry];
            return (mode == PrivilegeMode.Machine && !Bit(configuration, 7)) || Bit(configuration, Pick(access, 0, 1, 2));
        }

        return mode == PrivilegeMode.Machine;
    }

    private static bool Matches(in HartState s, int entry, ulong address)
    {
        ulong word = address >> 2;
        ulong register = s.PmpAddress[entry];
        switch (s.PmpConfiguration[entry] >> 3 & 3)
        {
            case 1:
                ulong below = entry == 0 ? 0 : s.PmpAddress[entry - 1];
                return word >= below && word < register;
            case 2:
                return word == register;
            case 3:
                // A register of the form yyy011…1 stands for all words that equal it above its lowest zero.
                int lowestZero = 0;
                while (lowestZero < 62 && Bit(register, lowestZero))
                    lowestZero++;
                return word >> (lowestZero + 1) == register >> (lowestZero + 1);
            default:
                return false;
        }
    }

    private int? Descend(in HartState s, ulong address, FillAccess access, int size, PrivilegeMode mode, int level, ulong table,
        ref ulong physical, ref ulong? changed, ref ulong changedTo)
    {
        int pageFault = Pick(access, LoadPage, StorePage, FetchPage);
        int accessFault = Pick(access, LoadAccess, StoreAccess, FetchAccess);
        if (level < 0)
            return pageFault;
        ulong where = table + ((address >> (12 + (9 * level)) & 511) * 8);
        if (!PmpAllows(in s, where, 8, FillAccess.Read, PrivilegeMode.Supervisor) || where < ramBase || where - ramBase >= ramBytes)
            return accessFault;
        ulong pte = Memory.GetValueOrDefault(where);
        bool v = Bit(pte, 0), r = Bit(pte, 1), w = Bit(pte, 2), x = Bit(pte, 3), u = Bit(pte, 4), a = Bit(pte, 6), d = Bit(pte, 7), n = Bit(pte, 63);
        ulong type = pte >> 61 & 3;
        ulong number = pte >> 10 & ((1UL << 44) - 1);
        if (!v || (w && !r) || (pte >> 54 & 0x7f) != 0 || type == 3 || (type != 0 && !Bit(s.Menvcfg, 62)))
            return pageFault;
        if (!r && !w && !x)
        {
            if (a || d || u || n || type != 0)
                return pageFault;
            return Descend(in s, address, access, size, mode, level - 1, number * 4096, ref physical, ref changed, ref changedTo);
        }

        bool sum = Bit(s.MStatus, 18), mxr = Bit(s.MStatus, 19);
        bool allowed = access switch
        {
            FillAccess.Read => r || (x && mxr),
            FillAccess.Write => w,
            _ => x,
        };
        if (mode == PrivilegeMode.User && !u)
            allowed = false;
        if (mode == PrivilegeMode.Supervisor && u && (access == FillAccess.Fetch || !sum))
            allowed = false;
        ulong pages = 1;
        for (int i = 0; i < level; i++)
            pages *= 512;
        if (n)
        {
            if (level != 0 || number % 16 != 8)
                return pageFault;
            pages = 16;
            number -= 8;
        }

        if (!allowed || number % pages != 0)
            return pageFault;
        physical = ((number + (address / 4096 % pages)) * 4096) + (address % 4096);
        if (!a || (access == FillAccess.Write && !d))
        {
            if (!Bit(s.Menvcfg, 61))
                return pageFault;
            if (!PmpAllows(in s, physical, size, access, mode) || !PmpAllows(in s, where, 8, FillAccess.Write, PrivilegeMode.Supervisor))
                return accessFault;
            changed = where;
            changedTo = pte | (1 << 6) | (access == FillAccess.Write ? 1UL << 7 : 0);
        }

        return null;
    }

    private static Answer Fault(int cause) => new(cause, 0, null, 0);

    private static bool Bit(ulong value, int bit) => (value >> bit & 1) != 0;

    private static int Pick(FillAccess access, int read, int write, int fetch) => access switch
    {
        FillAccess.Read => read,
        FillAccess.Write => write,
        _ => fetch,
    };
}
