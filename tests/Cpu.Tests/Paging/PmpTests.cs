using Strata.Cpu.Paging;
using Strata.Cpu.RiscV;
using Strata.Guest.Memory;

namespace Strata.Cpu.Tests.Paging;

/// <summary>Section 3.7: random entries against a check of each byte, and the corners that random ones miss.</summary>
public sealed class PmpTests
{
    [Fact]
    public void Section_3_7_1_RandomEntriesAgreeWithACheckOfEachByte()
    {
        int seed = Seed.Take();
        Random random = new(seed);
        HartState s = default;
        Pmp pmp = new();
        for (int round = 0; round < 4_000; round++)
        {
            for (int i = 0; i < Pmp.EntryCount; i++)
            {
                s.PmpConfiguration[i] = (byte)(random.Next(3) == 0 ? 0 : random.Next(256));
                ulong around = (ulong)random.Next(0x3fe0, 0x4020);
                s.PmpAddress[i] = random.Next(16) switch
                {
                    0 => (1UL << 54) - 1,
                    1 => 0,
                    _ => (around << 4) + (ulong)random.Next(-9, 9),
                };
            }

            s.PmpEpoch++;
            pmp.Follow(in s);
            for (int i = 0; i < 60; i++)
            {
                ulong address = ((ulong)random.Next(0x3fe0, 0x4020) << 6) + (ulong)random.Next(64);
                int size = 1 << random.Next(4);
                FillAccess access = (FillAccess)random.Next(3);
                PrivilegeMode mode = random.Next(2) == 0 ? PrivilegeMode.Machine : PrivilegeMode.Supervisor;
                bool expected = PageWalkOracle.PmpAllows(in s, address, size, access, mode);
                Assert.True(expected == pmp.Allows(address, size, access, mode), $"seed {seed} round {round}: {access} of {size} at {address:x} in {mode}");

                // A page that is called uniform has one verdict for each of its words.
                ulong page = address & ~0xfffUL;
                if (i % 20 == 0 && pmp.IsUniform(page))
                {
                    bool whole = pmp.Allows(page, 1, access, mode);
                    for (ulong offset = 0; offset < 4096; offset += 4)
                        Assert.Equal(whole, PageWalkOracle.PmpAllows(in s, page + offset, 4, access, mode));
                }
            }
        }
    }

    /// <summary>What is remembered of the pages around the last one, in any order of pages, is what the entries say.</summary>
    [Fact]
    public void Section_3_7_1_VerdictsOfPagesAreThoseOfTheirEntries()
    {
        int seed = Seed.Take();
        Random random = new(seed);
        HartState s = default;
        Pmp pmp = new();
        int allowed = 0;
        for (int round = 0; round < 4_000; round++)
        {
            for (int i = 0; i < Pmp.EntryCount; i++)
            {
                s.PmpConfiguration[i] = (byte)(random.Next(3) != 0 ? 0 : random.Next(256));
                s.PmpAddress[i] = random.Next(8) switch
                {
                    0 => (1UL << 54) - 1,
                    1 => ((ulong)random.Next(64) << 10) + (ulong)random.Next(-2, 3),
                    _ => ((ulong)random.Next(64) << 10) | ((1UL << random.Next(14)) - 1),
                };
            }

            s.PmpEpoch++;
            pmp.Follow(in s);
            for (int i = 0; i < 60; i++)
            {
                ulong page = random.Next(20) == 0 ? (1UL << 56) - 4096 : (ulong)random.Next(66) << 12;
                FillAccess access = (FillAccess)random.Next(3);
                bool expected = pmp.IsUniform(page) && pmp.Allows(page, 1, access, PrivilegeMode.User) && pmp.Allows(page, 1, FillAccess.Read, PrivilegeMode.User);
                Assert.True(expected == pmp.AllowsPage(page, access), $"seed {seed} round {round}: {access} of {page:x}");
                allowed += expected ? 1 : 0;
            }
        }

        Assert.InRange(allowed, 10_000, 200_000);
    }

    [Theory]
    [InlineData(0x1f, 0x3fffffffffffffUL, 0xff_ffff_ffff_ffffUL, true)]
    [InlineData(0x1f, 0x1fffffffffffffUL, 0xff_ffff_ffff_ffffUL, true)]
    [InlineData(0x1f, 0x0fffffffffffffUL, 0x80_0000_0000_0000UL, false)]
    [InlineData(0x18, 0x3fffffffffffffUL, 0x8000_0000UL, false)]
    [InlineData(0x17, 0x20000000UL, 0x8000_0003UL, true)]
    [InlineData(0x17, 0x20000000UL, 0x8000_0004UL, false)]
    [InlineData(0x0f, 0x20000000UL, 0x7fff_ffffUL, true)]
    [InlineData(0x0f, 0x20000000UL, 0x8000_0000UL, false)]
    [InlineData(0x0f, 0UL, 0UL, false)]
    public void Section_3_7_1_1_OneEntryForSupervisor(byte configuration, ulong addressRegister, ulong address, bool isAllowed)
    {
        HartState s = default;
        s.PmpConfiguration[0] = configuration;
        s.PmpAddress[0] = addressRegister;
        Pmp pmp = new();
        pmp.Follow(in s);
        Assert.Equal(isAllowed, pmp.Allows(address, 1, FillAccess.Read, PrivilegeMode.Supervisor));
    }

    [Fact]
    public void Section_3_7_1_3_WithoutAnyEntryOnlyMachineModePasses()
    {
        HartState s = default;
        Pmp pmp = new();
        pmp.Follow(in s);
        Assert.True(pmp.Allows(0x8000_0000, 8, FillAccess.Write, PrivilegeMode.Machine));
        Assert.False(pmp.Allows(0x8000_0000, 8, FillAccess.Write, PrivilegeMode.Supervisor));
        Assert.False(pmp.Allows(0x8000_0000, 8, FillAccess.Fetch, PrivilegeMode.User));
    }

    [Fact]
    public void Section_3_7_1_3_APartialMatchFailsInMachineModeToo()
    {
        HartState s = default;
        s.PmpConfiguration[0] = 0x17;
        s.PmpAddress[0] = 0x8000_0000 >> 2;
        Pmp pmp = new();
        pmp.Follow(in s);
        Assert.True(pmp.Allows(0x8000_0000, 4, FillAccess.Read, PrivilegeMode.Machine));
        Assert.False(pmp.Allows(0x8000_0000, 8, FillAccess.Read, PrivilegeMode.Machine));
    }

    [Fact]
    public void Section_3_7_1_2_OnlyLockedEntriesBindMachineMode()
    {
        HartState s = default;
        s.PmpAddress[0] = (1UL << 54) - 1;
        foreach ((byte configuration, bool isAllowed) in ((byte, bool)[])[(0x18, true), (0x98, false), (0x99, true)])
        {
            s.PmpConfiguration[0] = configuration;
            s.PmpEpoch++;
            Pmp pmp = new();
            pmp.Follow(in s);
            Assert.Equal(isAllowed, pmp.Allows(0x8000_0000, 8, FillAccess.Read, PrivilegeMode.Machine));
        }
    }
}
