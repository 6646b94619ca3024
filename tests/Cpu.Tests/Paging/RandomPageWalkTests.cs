using Strata.Cpu.Paging;
using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;
using Strata.Guest.Memory;

namespace Strata.Cpu.Tests.Paging;

/// <summary>Random page tables, PMP entries, modes and addresses against <see cref="PageWalkOracle"/>: sections 3.7 and 4.3.2.</summary>
public sealed class RandomPageWalkTests
{
    private const int PoolPages = 24;
    private const int Cases = 60_000;

    private static readonly ulong[] LeafRights = [0xb, 0xf, 0x7, 0x3, 0x9, 0x5, 0xd, 0x1b, 0x1f, 0x17, 0x13, 0x19, 0x15, 0x1d, 0xcf, 0xdf, 0xc7, 0xd7, 0xc3, 0xd3];

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Section_4_3_2_WalksAgreeWithTheOracle(int levels)
    {
        int seed = Seed.Take();
        Random random = new(seed);
        using TestMachine machine = new();
        int faults = 0;
        int updates = 0;
        int known = 0;
        for (int i = 0; i < Cases; i++)
        {
            PageWalkOracle oracle = new(TestMachine.RamBase, TestMachine.RamBytes, TestMachine.DevicePage);
            ulong address = BuildTables(random, machine, oracle, levels);
            SetMode(random, ref machine.State, levels);
            SetPmp(random, machine);
            FillAccess access = (FillAccess)random.Next(3);
            int size = 1 << random.Next(4);
            if ((address & 0xfff) + (uint)size > 4096)
                address -= (uint)size - 1;

            machine.Tlb.DropAll();
            PageWalkOracle.Answer expected = oracle.Translate(in machine.State, address, access, size);
            Translation actual = machine.Translate(address, access, size);
            string what = $"seed {seed} levels {levels} case {i}: {access} of {size} at {address:x} in {machine.State.Privilege}, expected {expected}, got {actual.Kind} {actual.Cause} {actual.PhysicalAddress:x}";
            if (expected.Cause is { } cause)
            {
                faults++;
                Assert.True(actual.Kind == TranslationKind.Fault && (int)actual.Cause == cause && actual.TrapValue == address, what);
                Assert.True(machine.Hit(address, access, size) == 0, what);
            }
            else
            {
                Assert.True(actual.Kind is TranslationKind.Ram or TranslationKind.Mmio && actual.PhysicalAddress == expected.PhysicalAddress, what);
                nint hit = machine.Hit(address, access, size);
                Assert.True(hit == 0 || hit == actual.HostAddress, what);
            }

            if (expected.ChangedEntry is { } entry)
            {
                updates++;
                oracle.Memory[entry] = expected.ChangedTo;
            }

            // Nothing else in the tables has changed.
            foreach ((ulong place, ulong value) in oracle.Memory)
                Assert.True(machine.ReadDoubleword(place) == value, $"{what}: {place:x} holds {machine.ReadDoubleword(place):x}, not {value:x}");
            if (access != FillAccess.Fetch && KnowsWay(machine, oracle, address, access, size, what))
                known++;
            CheckNeighbours(random, machine, oracle, address, what);
            Forget(machine, oracle);
        }

        Assert.InRange(faults, Cases / 10, Cases * 9 / 10);
        Assert.True(updates > Cases / 100, $"only {updates} entries were updated");
        Assert.True(known > Cases / 60, $"only {known} were translated the short way");
    }

    /// <summary>The short way, now that the page tables are known: it may not answer, but never otherwise than the oracle.</summary>
    private static bool KnowsWay(TestMachine machine, PageWalkOracle oracle, ulong address, FillAccess access, int size, string what)
    {
        if (!machine.Translation.TryTranslate(ref machine.State, address, access == FillAccess.Write, machine.Tlb, out nint host))
            return false;
        PageWalkOracle.Answer expected = oracle.Translate(in machine.State, address, access, size);
        Assert.True(expected.Cause is null && expected.ChangedEntry is null, $"{what}: then the short way went, but {expected}");
        MemoryFill fill = machine.Memory.Resolve(expected.PhysicalAddress & ~0xfffUL, FillAccess.Read, machine.Tlb);
        Assert.True(host == fill.HostAddress + (nint)(expected.PhysicalAddress & 0xfff) && machine.Hit(address, access, size) == host, $"{what}: then the short way");
        return true;
    }

    /// <summary>Whatever hits after the fill, in any table, must be what the oracle says of that very access.</summary>
    private static void CheckNeighbours(Random random, TestMachine machine, PageWalkOracle oracle, ulong address, string what)
    {
        for (int i = 0; i < 3; i++)
        {
            FillAccess access = (FillAccess)random.Next(3);
            ulong near = (address & ~0xfffUL) + (ulong)random.Next(-64, 4200);
            int size = 1 << random.Next(4);
            if (machine.Hit(near, access, size) is not (not 0 and var host))
                continue;
            PageWalkOracle.Answer expected = oracle.Translate(in machine.State, near, access, size);
            Assert.True(expected.Cause is null && expected.ChangedEntry is null, $"{what}: then {access} of {size} at {near:x} hit, but {expected}");
            MemoryFill fill = machine.Memory.Resolve(expected.PhysicalAddress & ~0xfffUL, FillAccess.Read, machine.Tlb);
            Assert.True(host == fill.HostAddress + (nint)(expected.PhysicalAddress & 0xfff), what);
        }
    }

    private static ulong BuildTables(Random random, TestMachine machine, PageWalkOracle oracle, int levels)
    {
        int width = 12 + (9 * levels);
        ulong address = (ulong)random.NextInt64() ^ ((ulong)random.NextInt64() << 1);
        address = (ulong)((long)(address << (64 - width)) >> (64 - width));
        if (random.Next(24) == 0)
            address ^= 1UL << random.Next(width - 1, 64);
        if (random.Next(4) == 0)
            address = (address | 0xfff) - (uint)random.Next(8);

        // Near the beginning of a gigabyte, where a superpage has RAM.
        if (random.Next(2) == 0)
            address &= ~0x3ff0_0000UL;
        ulong table = Page(random);
        machine.State.Satp = table >> 12;
        int leafLevel = random.Next(3) == 0 ? random.Next(levels) : 0;
        for (int level = levels - 1; level >= 0; level--)
        {
            ulong place = table + ((address >> (12 + (9 * level)) & 0x1ff) * 8);
            ulong next = random.Next(24) == 0 ? OddPage(random) : Page(random);
            ulong entry = level > leafLevel ? (next >> 2) | 1 : Leaf(random, level);
            if (random.Next(24) == 0)
                entry ^= 1UL << random.Next(64);
            machine.WriteDoubleword(place, entry);
            oracle.Memory[place] = entry;

            // Behind the leaf, or a pointer that leads out of RAM, there is no table to write.
            if (level <= leafLevel || !machine.Memory.IsRam(next, 4096))
                break;
            table = next;
        }

        return address;
    }

    private static ulong Leaf(Random random, int level)
    {
        ulong entry = LeafRights[random.Next(LeafRights.Length)];
        if (random.Next(3) != 0)
            entry |= 0x40;
        if (random.Next(3) != 0)
            entry |= 0x80;
        if (random.Next(4) == 0)
            entry |= 0x20;
        if (random.Next(8) == 0)
            entry |= (ulong)random.Next(4) << 61;
        if (random.Next(8) == 0)
            entry |= 1UL << 63;

        // A superpage of any size holds the RAM where it begins; misaligned ones fault.
        ulong page = random.Next(12) == 0 ? OddPage(random) : Page(random);
        if (level > 0 && random.Next(4) != 0)
            page = page >> (12 + (9 * level)) << (12 + (9 * level));
        if ((entry >> 63) != 0 && random.Next(4) != 0)
            page = (page & ~0xffffUL) | 0x8000;
        return entry | (page >> 2);
    }

    private static ulong Page(Random random) => TestMachine.RamBase + ((ulong)random.Next(PoolPages) << 12);

    private static ulong OddPage(Random random) => random.Next(3) switch
    {
        0 => TestMachine.DevicePage,
        1 => TestMachine.RamBase + TestMachine.RamBytes,
        _ => (ulong)random.NextInt64(1L << 44) << 12,
    };

    private static void SetMode(Random random, ref HartState s, int levels)
    {
        s.Satp = (s.Satp & ((1UL << 44) - 1)) | ((ulong)(levels + 5) << 60) | ((ulong)random.Next(4) << 44);
        s.Privilege = random.Next(8) == 0 ? PrivilegeMode.Machine : (PrivilegeMode)random.Next(2);
        s.MStatus = MStatusBits.Uxl64 | MStatusBits.Sxl64;
        if (random.Next(2) == 0)
            s.MStatus |= MStatusBits.Sum;
        if (random.Next(2) == 0)
            s.MStatus |= MStatusBits.Mxr;
        if (s.Privilege == PrivilegeMode.Machine && random.Next(4) != 0)
            s.MStatus |= MStatusBits.Mprv | ((ulong)random.Next(2) << MStatusBits.MppShift);
        s.Menvcfg = (random.Next(2) == 0 ? EnvironmentBits.Adue : 0) | (random.Next(2) == 0 ? EnvironmentBits.Pbmte : 0);
    }

    private static void SetPmp(Random random, TestMachine machine)
    {
        machine.OpenPmp();
        if (random.Next(2) == 0)
            return;

        // The last entry opens everything (mostly); those before it hit the pool.
        ref HartState s = ref machine.State;
        s.PmpConfiguration[0] = 0;
        s.PmpAddress[15] = (1UL << 54) - 1;
        s.PmpConfiguration[15] = (byte)(random.Next(16) == 0 ? 0 : 0x1f);
        int count = random.Next(1, 5);
        for (int i = 0; i < count; i++)
        {
            ulong address = (Page(random) + (ulong)(random.Next(2) == 0 ? random.Next(4096) : 0)) >> 2;
            int ones = random.Next(14);
            byte match = (byte)random.Next(4);
            s.PmpAddress[i] = match == 3 ? (address & ~((1UL << (ones + 1)) - 1)) | ((1UL << ones) - 1) : address;
            byte rights = (byte)random.Next(8);
            if ((rights & 3) == 2)
                rights |= 1;
            s.PmpConfiguration[i] = (byte)(rights | (match << 3) | (random.Next(4) == 0 ? 0x80 : 0));
        }

        s.PmpEpoch++;
    }

    private static void Forget(TestMachine machine, PageWalkOracle oracle)
    {
        foreach (ulong place in oracle.Memory.Keys)
            machine.WriteDoubleword(place, 0);
    }
}
