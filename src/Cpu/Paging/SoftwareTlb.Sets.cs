using System.Numerics;
using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;

namespace Strata.Cpu.Paging;

public unsafe partial class SoftwareTlb
{
    /// <summary>What a set's translations depend on besides the page tables themselves.</summary>
    /// <param name="Satp">satp, or 0 where addresses are physical.</param>
    /// <param name="Context">PMP epoch in bits 63 to 32, hart in 31 to 8, ADUE 5, PBMTE 4, MXR 3, SUM 2, mode in 1 to 0.</param>
    private readonly record struct SetKey(ulong Satp, ulong Context)
    {
        /// <summary>Matches no hart: the key of a set that was never used.</summary>
        public static SetKey None => new(ulong.MaxValue, ulong.MaxValue);

        public const int Hashes = 64;

        public int HartId => (int)(Context >> 8) & 0xffffff;

        public int Hash => (int)(((Satp ^ (Satp >> 38) ^ (Context << 2)) * 0x9E3779B97F4A7C15) >> 58);

        public ulong HartAndPmp => Context & ~0xffUL;

        public ulong Asid => (Satp >> 44) & 0xffff;

        public static SetKey Of(in HartState s, int hartId, PrivilegeMode mode)
        {
            ulong context = ((ulong)s.PmpEpoch << 32) | ((ulong)(uint)hartId << 8) | (ulong)mode;
            if (mode == PrivilegeMode.Machine || s.Satp >> 60 == 0)
                return new SetKey(0, context);
            if ((s.MStatus & MStatusBits.Mxr) != 0)
                context |= 1 << 3;
            if (mode == PrivilegeMode.Supervisor && (s.MStatus & MStatusBits.Sum) != 0)
                context |= 1 << 2;
            if ((s.Menvcfg & EnvironmentBits.Pbmte) != 0)
                context |= 1 << 4;
            if ((s.Menvcfg & EnvironmentBits.Adue) != 0)
                context |= 1 << 5;
            return new SetKey(s.Satp, context);
        }
    }

    /// <summary>What the sets of all views depend on besides the mode and SUM.</summary>
    private readonly record struct ViewsKey(ulong Satp, ulong Context, uint Epoch)
    {
        // Of a key's context: mode and SUM.
        private const ulong Varying = 7;

        // Where MPRV is set loads and fetches see different things.
        private const ulong IsDivided = 1 << 6;

        public int HartId => (int)(Context >> 8) & 0xffffff;

        public static ViewsKey Of(in HartState s, SetKey key, uint epoch)
        {
            ulong context = key.HartAndPmp;
            if ((s.MStatus & MStatusBits.Mxr) != 0)
                context |= 1 << 3;
            if ((s.Menvcfg & EnvironmentBits.Pbmte) != 0)
                context |= 1 << 4;
            if ((s.Menvcfg & EnvironmentBits.Adue) != 0)
                context |= 1 << 5;
            if ((s.MStatus & MStatusBits.Mprv) != 0)
                context |= IsDivided;
            return new ViewsKey(s.Satp, context & ~Varying, epoch);
        }

        public int ViewOf(in HartState s)
        {
            if (s.Privilege == PrivilegeMode.Machine || (Context & IsDivided) != 0)
                return -1;
            if (s.Privilege == PrivilegeMode.User)
                return 0;
            return (s.MStatus & MStatusBits.Sum) != 0 ? 2 : 1;
        }
    }

    /// <summary>Of the promise behind an entry; the other half is its guest-physical page (bit 0: the entry is valid and in its chain; bit 1: its index is in the set's log).</summary>
    private struct ChainLinks
    {
        /// <summary>Next and previous record of the chain, as index + 1; 0 is none.</summary>
        public int Next;
        public int Previous;
    }

    /// <summary>What is known of a set as a whole.</summary>
    private sealed class SetState
    {
        private const int RegionBits = 12;

        // Mappings wider than a page, by a hash of where they start: a bit that is set says that there may be one. _regionSizes has their sizes' logarithms.
        private readonly ulong[] _regions = new ulong[(1 << RegionBits) / 64];
        private ulong _regionSizes;

        public SetKey Key { get; set; } = SetKey.None;

        public uint Epoch { get; set; }

        public ulong LastUse { get; set; }

        public int LogCount { get; set; }

        /// <summary>Holds fills that are not global.</summary>
        public bool HasLocalFills { get; set; }

        public void Reset()
        {
            LogCount = 0;
            HasLocalFills = false;
            if (_regionSizes == 0)
                return;
            _regionSizes = 0;
            Array.Clear(_regions);
        }

        /// <summary>Remembers that fills were made from a mapping wider than a page.</summary>
        public void AddRegion(ulong start, int bits)
        {
            int hash = HashOf(start, bits);
            _regions[hash / 64] |= 1UL << (hash % 64);
            _regionSizes |= 1UL << bits;
        }

        /// <summary>Some fill of another page may come from a mapping that holds <paramref name="virtualAddress"/> too.</summary>
        public bool MayShareMapping(ulong virtualAddress)
        {
            for (ulong sizes = _regionSizes; sizes != 0; sizes &= sizes - 1)
            {
                int hash = HashOf(virtualAddress, BitOperations.TrailingZeroCount(sizes));
                if ((_regions[hash / 64] >> (hash % 64) & 1) != 0)
                    return true;
            }

            return false;
        }

        private static int HashOf(ulong address, int bits) => (int)((((address >> bits) + ((ulong)bits << 56)) * 0x9E3779B97F4A7C15) >> (64 - RegionBits));
    }
}
