using Strata.Cpu.Paging;
using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;
using Strata.Guest.Memory;

namespace Strata.Cpu.Tests.Paging;

/// <summary>
/// Section 4.2.1: random edits of page tables, accesses, fences and moves to the other carrier. What a fence has named must be new after it; what was not edited since must never be wrong.
/// </summary>
public sealed class RandomFenceTests
{
    private const int Spaces = 3;
    private const int Pages = 8;
    private const ulong UserBase = 0x4000_0000;
    private const ulong GlobalBase = 0xffff_ffff_c000_0000;
    private const ulong SuperpageBase = 0x4020_0000;

    // Tables: roots of the spaces, then per space a middle and a last one, then those of the global half.
    private static ulong Table(int index) => TestMachine.RamBase + ((ulong)index << 12);

    [Theory]
    [InlineData(SoftwareTlb.FewEntries)]
    [InlineData(SoftwareTlb.ManyEntries)]
    public void Section_4_2_1_WhatAFenceNamesIsNewAfterIt(int tlbEntries)
    {
        int seed = Seed.Take();
        Random random = new(seed);
        using TestMachine machine = new(tlbEntries: tlbEntries);
        ref HartState s = ref machine.State;
        s.MStatus = MStatusBits.Sum;
        Link(machine);

        // Edited since the last fence that covered it: by space and virtual page (the global half: by page in every space).
        HashSet<(int Space, ulong Page)> stale = [];
        Dictionary<(int Space, ulong Page), ulong> mapping = [];
        int hits = 0;
        for (int step = 0; step < 400_000; step++)
        {
            int space = random.Next(Spaces);
            ulong page = RandomPage(random);
            switch (random.Next(24))
            {
                case 0:
                    Edit(random, machine, space, page, mapping, stale);
                    break;
                case 1:
                    Fence(random, machine, space, page, stale);
                    break;
                case 2 when random.Next(20) == 0:
                    s.FenceEpoch++;
                    stale.Clear();
                    break;
                case 3 when random.Next(5) == 0:
                    machine.Carrier ^= 1;
                    break;
                default:
                    machine.EnterSupervisor(3, Table(space), (ulong)space + 1);
                    s.Privilege = page < GlobalBase && random.Next(2) == 0 ? PrivilegeMode.User : PrivilegeMode.Supervisor;
                    FillAccess access = (FillAccess)random.Next(2);
                    nint host = machine.Hit(page, access);
                    if (host != 0)
                        hits++;
                    if (stale.Contains((space, page)))
                        break;
                    bool wasCached = host != 0;
                    if (!wasCached)
                        host = machine.Translate(page, access) is var answer && answer.Kind == TranslationKind.Ram ? answer.HostAddress : 0;
                    ulong expected = mapping.GetValueOrDefault((space, page));
                    nint there = expected == 0 ? 0 : machine.Memory.Resolve(expected, FillAccess.Write, machine.Tlb).HostAddress;
                    Assert.True(host == there, $"seed {seed} step {step}: {access} at {page:x} in space {space} and {s.Privilege} (cached: {wasCached}) goes to {host:x}, not to {there:x} ({expected:x})");
                    break;
            }
        }

        Assert.True(hits > 40_000, $"only {hits} accesses hit");
    }

    private static void Link(TestMachine machine)
    {
        for (int space = 0; space < Spaces; space++)
        {
            machine.WriteDoubleword(Table(space) + ((UserBase >> 30 & 0x1ff) * 8), (Table(8 + (2 * space)) >> 2) | 1);
            machine.WriteDoubleword(Table(8 + (2 * space)) + ((UserBase >> 21 & 0x1ff) * 8), (Table(9 + (2 * space)) >> 2) | 1);
            machine.WriteDoubleword(Table(space) + ((GlobalBase >> 30 & 0x1ff) * 8), (Table(20) >> 2) | 1);
        }

        machine.WriteDoubleword(Table(20) + ((GlobalBase >> 21 & 0x1ff) * 8), (Table(21) >> 2) | 1);

        // Frames of their own, so that each page is told from the others.
        for (int i = 0; i < 256; i++)
            machine.WriteDoubleword(Table(i) + 0x800, 2);
    }

    private static ulong RandomPage(Random random) => random.Next(3) switch
    {
        0 => UserBase + ((ulong)random.Next(Pages) << 12),
        1 => GlobalBase + ((ulong)random.Next(Pages) << 12),
        _ => SuperpageBase + ((ulong)random.Next(Pages) << 12),
    };

    /// <summary>Gives a page, or all pages of the superpage, another place or none.</summary>
    private static void Edit(Random random, TestMachine machine, int space, ulong page, Dictionary<(int, ulong), ulong> mapping, HashSet<(int, ulong)> stale)
    {
        ulong index = page >> 12 & 0x1ff;
        if (page >= SuperpageBase && page < GlobalBase)
        {
            // Either a superpage over all RAM, or a table that holds other places for the first pages.
            bool isSuperpage = random.Next(2) == 0;
            ulong table = Table(14 + (2 * space) + random.Next(2));
            ulong entry = isSuperpage ? (TestMachine.RamBase >> 2) | 0xdf : (table >> 2) | 1;
            machine.WriteDoubleword(Table(8 + (2 * space)) + ((SuperpageBase >> 21 & 0x1ff) * 8), entry);
            for (ulong i = 0; i < Pages; i++)
            {
                ulong place = isSuperpage ? TestMachine.RamBase + (i << 12) : Data(random);
                if (!isSuperpage)
                    machine.WriteDoubleword(table + (i * 8), (place >> 2) | 0xdf);
                mapping[(space, SuperpageBase + (i << 12))] = place;
                stale.Add((space, SuperpageBase + (i << 12)));
            }

            return;
        }

        ulong where = random.Next(6) == 0 ? 0 : Data(random);
        if (page >= GlobalBase)
        {
            machine.WriteDoubleword(Table(21) + (index * 8), where == 0 ? 0 : (where >> 2) | 0xef);
            for (int each = 0; each < Spaces; each++)
            {
                mapping[(each, page)] = where;
                stale.Add((each, page));
            }
        }
        else
        {
            machine.WriteDoubleword(Table(9 + (2 * space)) + (index * 8), where == 0 ? 0 : (where >> 2) | 0xdf);
            mapping[(space, page)] = where;
            stale.Add((space, page));
        }
    }

    private static void Fence(Random random, TestMachine machine, int space, ulong page, HashSet<(int Space, ulong Page)> stale)
    {
        bool byPage = random.Next(3) != 0;
        bool bySpace = random.Next(3) != 0;
        machine.Fence(byPage ? page + (ulong)random.Next(4096) : null, bySpace ? (ulong)space + 1 : null);
        stale.RemoveWhere(edited => (!byPage || edited.Page == page) && (!bySpace || (edited.Space == space && edited.Page < GlobalBase)));
    }

    private static ulong Data(Random random) => Table(32 + random.Next(200));
}
