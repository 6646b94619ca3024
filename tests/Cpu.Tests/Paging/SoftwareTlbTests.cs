using System.Numerics;
using Strata.Cpu.Paging;
using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;
using Strata.Guest.Memory;

namespace Strata.Cpu.Tests.Paging;

/// <summary>The promises listed at the head of SoftwareTlb.cs: what is cached, for whom, and what takes it back.</summary>
public sealed class SoftwareTlbTests
{
    private const ulong Root = TestMachine.RamBase;
    private const ulong OtherRoot = TestMachine.RamBase + 0x1000;
    private const ulong Middle = TestMachine.RamBase + 0x2000;
    private const ulong Last = TestMachine.RamBase + 0x3000;
    private const ulong Data = TestMachine.RamBase + 0x10000;
    private const ulong OtherData = TestMachine.RamBase + 0x11000;
    private const ulong Virtual = 0x40_0000_1000 - 0x20_0000_0000;
    private const ulong Kernel = 0xcf;
    private const ulong User = 0xdf;
    private const ulong Global = 0xef;

    [Theory]
    [InlineData(SoftwareTlb.FewEntries)]
    [InlineData(SoftwareTlb.ManyEntries)]
    public unsafe void EveryEntryOfEverySetIsFoundAndForgotten(int entries)
    {
        using SoftwareTlb tlb = new(entries);
        HartState s = default;
        s.Privilege = PrivilegeMode.Machine;
        for (int hart = 0; hart < SoftwareTlb.SetCount; hart++)
        {
            tlb.Activate(ref s, hart);
            for (ulong page = 0; page < (ulong)entries; page++)
            {
                for (int access = 0; access < 3; access++)
                    tlb.Fill((FillAccess)access, page << 12, 0x8000_0000 + (page << 12), (nint)((page << 12) + (uint)hart), 12, isGlobal: false);
            }
        }

        foreach (bool isThere in (bool[])[true, false])
        {
            for (int hart = 0; hart < SoftwareTlb.SetCount; hart++)
            {
                tlb.Activate(ref s, hart);
                for (ulong address = 0; address < (ulong)entries << 12; address += 4096)
                {
                    TlbEntry* entry = tlb.Find(tlb.Write, address);
                    if (SoftwareTlb.Hits(entry, address, 8) != isThere || (isThere && (entry->Addend != hart || tlb.GuestPageOf(entry) != 0x8000_0000 + address)))
                        Assert.Fail($"hart {hart}, {address:x}: there {!isThere}");
                }
            }

            tlb.DropAll();
        }
    }

    /// <summary>One register of emitted code leads to the tables, takes indexes out of addresses and finds out who wants the hart.</summary>
    [Theory]
    [InlineData(SoftwareTlb.FewEntries)]
    [InlineData(SoftwareTlb.ManyEntries)]
    public unsafe void Selector_is_what_emitted_code_relies_on(int entries)
    {
        using SoftwareTlb tlb = new(entries);
        HartState s = new() { Privilege = PrivilegeMode.Supervisor };
        for (int hart = 0; hart < SoftwareTlb.SetCount; hart++)
        {
            tlb.Activate(ref s, hart);
            nint selector = tlb.Selector;
            Assert.Equal((nint)tlb.Read, selector + SoftwareTlb.SelectorDistance);
            Assert.Equal((12, BitOperations.Log2((uint)entries)), ((int)(selector & 0xff), (int)(selector >> 8 & 0xff)));
        }

        uint ones = SoftwareTlb.SelectorBits(SoftwareTlb.ManyEntries);
        Assert.All(Enum.GetValues<ExitRequest>(), request => Assert.Equal((uint)request, (uint)request & ones));
    }

    [Theory]
    [InlineData("fence of the page")]
    [InlineData("fence of another page")]
    [InlineData("fence of everything")]
    [InlineData("the frame's page is dropped")]
    [InlineData("all is dropped")]
    [InlineData("another address space")]
    [InlineData("another carrier")]
    public void Watched_APageThatIsStoredToWithNoticeIsForgottenLikeAWriteEntry(string what)
    {
        using TestMachine machine = Mapped(Kernel);
        Assert.Equal(TranslationKind.Ram, machine.Translate(Virtual, FillAccess.Fetch).Kind);
        Translation store = machine.Translate(Virtual, FillAccess.Write, 8);
        Assert.True(store.MustReportStore);
        Assert.True(machine.Tlb.FindWatched(Virtual + 8, out nint host, out ulong physical));
        Assert.Equal((store.HostAddress + 8, Data + 8), (host, physical));
        Assert.False(machine.Tlb.FindWatched(Virtual + 0x1000, out _, out _));
        switch (what)
        {
            case "fence of the page":
                machine.Fence(Virtual, null);
                break;
            case "fence of another page":
                machine.Fence(Virtual + 0x1000, null);
                break;
            case "fence of everything":
                machine.Fence(null, null);
                break;
            case "the frame's page is dropped":
                machine.Tlb.DropPage(Data);
                break;
            case "all is dropped":
                machine.Tlb.DropAll();
                break;
            case "another address space":
                machine.EnterSupervisor(3, OtherRoot);
                machine.Tlb.Activate(ref machine.State, 0);
                break;
            default:
                machine.Carrier = 1;
                break;
        }

        Assert.False(machine.Tlb.FindWatched(Virtual + 8, out _, out _));
    }

    [Fact]
    public void Hit_IsExactAtEveryOffsetAndSize()
    {
        using TestMachine machine = Mapped(Kernel);
        nint host = machine.Translate(Virtual, FillAccess.Read).HostAddress;
        foreach (int size in (int[])[1, 2, 4, 8])
        {
            for (long offset = -16; offset < 4112; offset++)
            {
                bool isInside = offset >= 0 && offset + size <= 4096;
                ulong address = Virtual + (ulong)offset;
                Assert.Equal(isInside ? host + (nint)offset : 0, machine.Hit(address, FillAccess.Read, size));
            }
        }

        for (int bit = 12; bit < 64; bit++)
            Assert.Equal(0, machine.Hit(Virtual ^ (1UL << bit), FillAccess.Read, 1));
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(0x1000UL)]
    [InlineData(0x3ff000UL)]
    [InlineData(0x400000UL)]
    [InlineData(0xffff_ffff_ffff_f000UL)]
    public void Hit_AnEmptyTableServesNoAddress(ulong page)
    {
        using TestMachine machine = new();
        foreach (FillAccess access in Enum.GetValues<FillAccess>())
        {
            for (ulong offset = 0; offset < 4096; offset++)
                Assert.Equal(0, machine.Hit(page + offset, access));
        }
    }

    [Fact]
    public void Fill_EachKindOfAccessHasItsOwnTable()
    {
        using TestMachine machine = Mapped(Kernel);
        foreach (FillAccess access in Enum.GetValues<FillAccess>())
        {
            Assert.Equal(0, machine.Hit(Virtual, access));
            Assert.NotEqual(0, machine.Translate(Virtual, access).HostAddress);
        }

        // The fetch made the page code: its write entry is gone, and there will be no other before the code is released.
        Assert.NotEqual(0, machine.Hit(Virtual, FillAccess.Fetch));
        Assert.Equal(0, machine.Hit(Virtual, FillAccess.Write));
        Assert.True(machine.Translate(Virtual, FillAccess.Write).MustReportStore);
        Assert.Equal(0, machine.Hit(Virtual, FillAccess.Write));
    }

    [Fact]
    public void Key_ModesSumAndMxrHaveSetsOfTheirOwnThatSurviveEachOther()
    {
        using TestMachine machine = Mapped(Kernel);
        ref HartState s = ref machine.State;
        nint host = machine.Translate(Virtual, FillAccess.Read).HostAddress;
        Assert.Equal(host, machine.Hit(Virtual, FillAccess.Read));
        s.Privilege = PrivilegeMode.User;
        Assert.Equal(0, machine.Hit(Virtual, FillAccess.Read));
        s.Privilege = PrivilegeMode.Machine;
        Assert.Equal(0, machine.Hit(Virtual, FillAccess.Read));
        s.MStatus |= MStatusBits.Mprv | (1UL << MStatusBits.MppShift);
        Assert.Equal(host, machine.Hit(Virtual, FillAccess.Read));
        s.MStatus = 0;
        s.Privilege = PrivilegeMode.Supervisor;
        foreach (ulong bit in (ulong[])[MStatusBits.Sum, MStatusBits.Mxr])
        {
            s.MStatus = bit;
            Assert.Equal(0, machine.Hit(Virtual, FillAccess.Read));
        }

        s.MStatus = 0;
        s.Menvcfg ^= EnvironmentBits.Adue;
        Assert.Equal(0, machine.Hit(Virtual, FillAccess.Read));
        s.Menvcfg ^= EnvironmentBits.Adue;
        Assert.Equal(host, machine.Hit(Virtual, FillAccess.Read));
    }

    [Fact]
    public void Key_ChangedPmpRegistersLeaveNothingBehind()
    {
        using TestMachine machine = Mapped(Kernel);
        machine.Translate(Virtual, FillAccess.Read);
        machine.State.PmpConfiguration[0] = 0x18;
        machine.State.PmpEpoch++;
        Assert.Equal(0, machine.Hit(Virtual, FillAccess.Read));
        Assert.Equal(TrapCause.LoadAccessFault, machine.Translate(Virtual, FillAccess.Read).Cause);
    }

    [Fact]
    public void Key_AddressSpacesKeepTheirFills()
    {
        using TestMachine machine = Mapped(Kernel);
        machine.MapSv39(OtherRoot, Middle + 0x4000, Last + 0x4000, Virtual, OtherData, Kernel);
        nint first = machine.Translate(Virtual, FillAccess.Write).HostAddress;
        machine.EnterSupervisor(3, OtherRoot, 2);
        Assert.Equal(0, machine.Hit(Virtual, FillAccess.Write));
        nint second = machine.Translate(Virtual, FillAccess.Write).HostAddress;
        Assert.NotEqual(first, second);
        machine.EnterSupervisor(3, Root, 1);
        Assert.Equal(first, machine.Hit(Virtual, FillAccess.Write));
    }

    [Fact]
    public void Key_MoreAddressSpacesThanSetsAreStillRight()
    {
        using TestMachine machine = Mapped(Kernel);
        for (ulong round = 0; round < 3; round++)
        {
            for (ulong asid = 1; asid < 40; asid++)
            {
                machine.EnterSupervisor(3, Root, asid);
                machine.Translate(Virtual, FillAccess.Read);
                Assert.NotEqual(0, machine.Hit(Virtual, FillAccess.Read));
            }
        }

        machine.Tlb.DropAll();
        for (ulong asid = 1; asid < 40; asid++)
        {
            machine.EnterSupervisor(3, Root, asid);
            Assert.Equal(0, machine.Hit(Virtual, FillAccess.Read));
        }
    }

    [Fact]
    public void Fence_AnAddressDropsThatPageInEveryTableAndModeAndNoOther()
    {
        using TestMachine machine = Mapped(User);
        machine.MapSv39(Root, Middle, Last, Virtual + 0x1000, OtherData, User);
        machine.State.Privilege = PrivilegeMode.User;
        foreach (PrivilegeMode mode in (PrivilegeMode[])[PrivilegeMode.User, PrivilegeMode.Supervisor])
        {
            machine.State.Privilege = mode;
            machine.State.MStatus = MStatusBits.Sum;
            machine.Translate(Virtual, FillAccess.Read);
            machine.Translate(Virtual, FillAccess.Write);
            machine.Translate(Virtual + 0x1000, FillAccess.Read);
        }

        machine.Tlb.Fence(0, Virtual + 0x234, null);
        foreach (PrivilegeMode mode in (PrivilegeMode[])[PrivilegeMode.User, PrivilegeMode.Supervisor])
        {
            machine.State.Privilege = mode;
            Assert.Equal(0, machine.Hit(Virtual, FillAccess.Read));
            Assert.Equal(0, machine.Hit(Virtual, FillAccess.Write));
            Assert.NotEqual(0, machine.Hit(Virtual + 0x1000, FillAccess.Read));
        }
    }

    [Fact]
    public void Fence_AnAsidDropsThatSpaceAndKeepsOthersAndGlobalPages()
    {
        using TestMachine machine = Mapped(Kernel);
        machine.Translate(Virtual, FillAccess.Read);
        machine.EnterSupervisor(3, Root, 2);
        machine.Translate(Virtual, FillAccess.Read);
        machine.Tlb.Fence(0, null, 1);
        Assert.NotEqual(0, machine.Hit(Virtual, FillAccess.Read));
        machine.EnterSupervisor(3, Root, 1);
        Assert.Equal(0, machine.Hit(Virtual, FillAccess.Read));

        machine.MapSv39(Root, Middle, Last, Virtual, Data, Global);
        machine.Translate(Virtual, FillAccess.Read);
        machine.Tlb.Fence(0, Virtual, 1);
        machine.Tlb.Fence(0, null, 1);
        Assert.NotEqual(0, machine.Hit(Virtual, FillAccess.Read));
        machine.Tlb.Fence(0, Virtual, null);
        Assert.Equal(0, machine.Hit(Virtual, FillAccess.Read));
        machine.Translate(Virtual, FillAccess.Read);
        machine.Tlb.Fence(0, null, null);
        Assert.Equal(0, machine.Hit(Virtual, FillAccess.Read));
    }

    [Theory]
    [InlineData(1, 0x1f_f000UL)]
    [InlineData(2, 0x3fff_f000UL)]
    public void Fence_AnyAddressInASuperpageDropsEveryPageMadeFromIt(int level, ulong farOffset)
    {
        using TestMachine machine = new();
        machine.EnterSupervisor(3, Root, 1);
        ulong superpage = 0x40_0000_0000 - 0x20_0000_0000;
        ulong table = Root;
        if (level == 1)
        {
            machine.WriteDoubleword(Root + ((superpage >> 30 & 0x1ff) * 8), (Middle >> 2) | 1);
            table = Middle;
        }

        machine.WriteDoubleword(table + ((superpage >> (12 + (9 * level)) & 0x1ff) * 8), (TestMachine.RamBase >> 2) | Kernel);
        machine.Translate(superpage + 0x10000, FillAccess.Read);
        Assert.NotEqual(0, machine.Hit(superpage + 0x10000, FillAccess.Read));
        machine.Tlb.Fence(0, superpage + farOffset, null);
        Assert.Equal(0, machine.Hit(superpage + 0x10000, FillAccess.Read));
    }

    [Fact]
    public void Fence_AnAddressOutsideOfManySuperpagesDropsNothingElse()
    {
        using TestMachine machine = Mapped(Kernel);
        ulong first = Virtual & ~0x3fff_ffffUL;
        for (ulong i = 200; i < 240; i++)
        {
            machine.WriteDoubleword(Middle + (i * 8), (TestMachine.RamBase >> 2) | Kernel);
            machine.Translate(first + (i << 21), FillAccess.Read);
        }

        machine.Translate(Virtual, FillAccess.Read);
        machine.Tlb.Fence(0, Virtual, null);
        Assert.Equal(0, machine.Hit(Virtual, FillAccess.Read));
        Assert.NotEqual(0, machine.Hit(first + (239UL << 21), FillAccess.Read));
    }

    [Fact]
    public void Fence_OfAnotherHartTouchesNothing()
    {
        using TestMachine machine = Mapped(Kernel);
        machine.Translate(Virtual, FillAccess.Read);
        machine.Tlb.Fence(1, null, null);
        Assert.NotEqual(0, machine.Hit(Virtual, FillAccess.Read));
    }

    [Fact]
    public void Epoch_ARemoteFenceDropsWhatTheHartHadOnThisCarrier()
    {
        using TestMachine machine = Mapped(Kernel);
        machine.Translate(Virtual, FillAccess.Read);
        machine.EnterSupervisor(3, Root, 2);
        machine.Translate(Virtual, FillAccess.Read);
        machine.State.FenceEpoch++;
        Assert.Equal(0, machine.Hit(Virtual, FillAccess.Read));
        machine.EnterSupervisor(3, Root, 1);
        Assert.Equal(0, machine.Hit(Virtual, FillAccess.Read));
    }

    [Fact]
    public void FenceElsewhere_DropsWhatTheHartLeftOnAnotherCarrierAndKeepsTheRestHere()
    {
        using TestMachine machine = Mapped(Kernel);
        machine.MapSv39(Root, Middle, Last, Virtual + 0x1000, OtherData, Kernel);
        foreach (int carrier in (int[])[1, 0])
        {
            machine.Carrier = carrier;
            machine.Translate(Virtual, FillAccess.Read);
            machine.Translate(Virtual + 0x1000, FillAccess.Read);
        }

        machine.Fence(Virtual, null);
        Assert.Equal(0, machine.Hit(Virtual, FillAccess.Read));
        Assert.NotEqual(0, machine.Hit(Virtual + 0x1000, FillAccess.Read));
        machine.Carrier = 1;
        Assert.Equal(0, machine.Hit(Virtual, FillAccess.Read));
    }

    [Fact]
    public void FenceElsewhere_HidesNoRemoteFenceThatCameBefore()
    {
        using TestMachine machine = Mapped(Kernel);
        machine.Translate(Virtual, FillAccess.Read);
        machine.State.FenceEpoch++;
        machine.Fence(Virtual + 0x1000, null);
        Assert.Equal(0, machine.Hit(Virtual, FillAccess.Read));
    }

    [Fact]
    public void DropPage_FindsEveryAliasInEverySet()
    {
        using TestMachine machine = Mapped(User);
        ulong[] aliases = [Virtual, Virtual + 0x1000, Virtual + 0x40_0000];
        machine.State.MStatus = MStatusBits.Sum;
        foreach (ulong alias in aliases)
            machine.MapSv39(Root, Middle, Last, alias, Data, User);
        machine.MapSv39(Root, Middle, Last, Virtual + 0x2000, OtherData, User);
        foreach (PrivilegeMode mode in (PrivilegeMode[])[PrivilegeMode.User, PrivilegeMode.Supervisor])
        {
            machine.State.Privilege = mode;
            foreach (ulong alias in aliases)
            {
                machine.Translate(alias, FillAccess.Read);
                machine.Translate(alias, FillAccess.Write);
            }

            machine.Translate(Virtual + 0x2000, FillAccess.Read);
        }

        machine.Tlb.DropPage(Data);
        foreach (PrivilegeMode mode in (PrivilegeMode[])[PrivilegeMode.User, PrivilegeMode.Supervisor])
        {
            machine.State.Privilege = mode;
            foreach (ulong alias in aliases)
            {
                Assert.Equal(0, machine.Hit(alias, FillAccess.Read));
                Assert.Equal(0, machine.Hit(alias, FillAccess.Write));
            }

            Assert.NotEqual(0, machine.Hit(Virtual + 0x2000, FillAccess.Read));
        }
    }

    [Fact]
    public void DropPage_AFrameReplacedUnderAReadEntryIsSeenByTheNextAccess()
    {
        using TestMachine machine = Mapped(Kernel);

        // Untouched RAM is the shared zero frame until the first store.
        nint zero = machine.Translate(Virtual, FillAccess.Read).HostAddress;
        nint own = machine.Translate(Virtual, FillAccess.Write).HostAddress;
        Assert.NotEqual(zero, own);
        Assert.Equal(0, machine.Hit(Virtual, FillAccess.Read));
        Assert.Equal(own, machine.Translate(Virtual, FillAccess.Read).HostAddress);
    }

    [Fact]
    public void DropPage_APageTableThatMovesToAnotherFrameIsReadThere()
    {
        using TestMachine machine = Mapped(Kernel);
        machine.Translate(Virtual, FillAccess.Read);
        MemoryWait? wait = machine.Memory.ReplaceFrame(Last, out bool begun);
        Assert.True(begun && wait is null);
        machine.Memory.Revocations.Enter(machine.Slot, new NoProcessor());
        machine.WriteDoubleword(Last + ((Virtual >> 12 & 0x1ff) * 8), (OtherData >> 2) | Kernel);
        machine.Tlb.Fence(0, null, null);
        Assert.Equal(OtherData, machine.Translate(Virtual, FillAccess.Read).PhysicalAddress);
        machine.Memory.Revocations.Leave(machine.Slot);
    }

    private static TestMachine Mapped(ulong flags)
    {
        TestMachine machine = new();
        machine.EnterSupervisor(3, Root, 1);
        machine.MapSv39(Root, Middle, Last, Virtual, Data, flags);
        return machine;
    }
}
