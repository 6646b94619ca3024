using Strata.Cpu.Paging;
using Strata.Cpu.RiscV;
using Strata.Guest.Memory;

namespace Strata.Cpu.Tests.Paging;

/// <summary>What random walks do not reach: devices, absent pages, deterministic machines, PMP inside a page, priorities.</summary>
public sealed class AddressTranslationTests
{
    private const ulong Root = TestMachine.RamBase;
    private const ulong Middle = TestMachine.RamBase + 0x2000;
    private const ulong Last = TestMachine.RamBase + 0x3000;
    private const ulong Data = TestMachine.RamBase + 0x10000;
    private const ulong Virtual = 0x1000_3000;
    private const ulong Kernel = 0xcf;

    [Fact]
    public void Section_4_3_2_DeviceRegistersAreNeverCached()
    {
        using TestMachine machine = Mapped(Kernel, TestMachine.DevicePage);
        Translation translation = machine.Translate(Virtual + 8, FillAccess.Write, 4);
        Assert.Equal((TranslationKind.Mmio, TestMachine.DevicePage + 8), (translation.Kind, translation.PhysicalAddress));
        Assert.Equal(0, machine.Hit(Virtual + 8, FillAccess.Write, 4));
    }

    [Fact]
    public void Section_3_1_15_APageFaultComesBeforePmp()
    {
        // Readable, not writable, and PMP allows neither.
        using TestMachine machine = Mapped(0xc3, Data);
        ref HartState s = ref machine.State;
        s.PmpConfiguration[1] = s.PmpConfiguration[0];
        s.PmpAddress[1] = s.PmpAddress[0];
        s.PmpAddress[0] = (Data >> 2) | 0x1ff;
        s.PmpConfiguration[0] = 0x18;
        s.PmpEpoch++;
        Assert.Equal(TrapCause.StorePageFault, machine.Translate(Virtual, FillAccess.Write).Cause);
        Assert.Equal(TrapCause.LoadAccessFault, machine.Translate(Virtual, FillAccess.Read).Cause);
    }

    [Fact]
    public void Section_3_7_2_APageThatPmpDividesIsCheckedOnEachAccess()
    {
        using TestMachine machine = Mapped(Kernel, Data);
        ref HartState s = ref machine.State;
        s.PmpConfiguration[1] = s.PmpConfiguration[0];
        s.PmpAddress[1] = s.PmpAddress[0];
        s.PmpAddress[0] = (Data + 0x800) >> 2;
        s.PmpConfiguration[0] = 0x10;
        s.PmpEpoch++;
        Assert.Equal(TranslationKind.Ram, machine.Translate(Virtual + 0x7f8, FillAccess.Read, 8).Kind);
        Assert.Equal(0, machine.Hit(Virtual + 0x7f8, FillAccess.Read, 8));
        Assert.Equal(TrapCause.LoadAccessFault, machine.Translate(Virtual + 0x800, FillAccess.Read, 4).Cause);
        Assert.Equal(TrapCause.LoadAccessFault, machine.Translate(Virtual + 0x7fc, FillAccess.Read, 8).Cause);
        Assert.Equal(TranslationKind.Ram, machine.Translate(Virtual + 0x804, FillAccess.Read, 4).Kind);
    }

    [Fact]
    public void Cmo_2_5_2_CacheBlockFaultsAreStoreFaults()
    {
        using TestMachine machine = Mapped(0xc3, Data);
        machine.Tlb.Activate(ref machine.State, 0);
        machine.Translation.TranslateForCacheBlock(ref machine.State, Virtual, 64, machine.Tlb, out Translation translation);
        Assert.Equal(TranslationKind.Ram, translation.Kind);
        machine.Translation.TranslateForCacheBlock(ref machine.State, Virtual + 0x1000, 64, machine.Tlb, out translation);
        Assert.Equal((TrapCause.StorePageFault, Virtual + 0x1000), (translation.Cause, translation.TrapValue));
    }

    [Theory]
    [InlineData(Root)]
    [InlineData(Last)]
    [InlineData(Data)]
    public void NotPresent_AnAbsentPageAnywhereOnTheWayIsWaitedFor(ulong absentPage)
    {
        using TestMachine machine = Mapped(0x0f, Data);
        MemoryWait wait = new();
        machine.Memory.Absence = (page, _) => page == absentPage ? wait : null;
        Translation translation = machine.Translate(Virtual, FillAccess.Write);
        Assert.Equal(TranslationKind.NotPresent, translation.Kind);
        Assert.Same(wait, translation.Wait);
        machine.Memory.Absence = null;
        Assert.Equal(TranslationKind.Ram, machine.Translate(Virtual, FillAccess.Write).Kind);
        Assert.Equal(0xcfUL, machine.ReadDoubleword(Last + ((Virtual >> 12 & 0x1ff) * 8)) & 0xff);
    }

    [Fact]
    public void Svadu_UpdatesWhatTheAccessNeedsAndFillsOnlyThat()
    {
        using TestMachine machine = Mapped(0x0f, Data);
        ulong entry = Last + ((Virtual >> 12 & 0x1ff) * 8);
        machine.Translate(Virtual, FillAccess.Read);
        Assert.Equal(0x4fUL, machine.ReadDoubleword(entry) & 0xff);
        Assert.Equal(0, machine.Hit(Virtual, FillAccess.Write));
        machine.Translate(Virtual, FillAccess.Write);
        Assert.Equal(0xcfUL, machine.ReadDoubleword(entry) & 0xff);
        Assert.NotEqual(0, machine.Hit(Virtual, FillAccess.Write));
    }

    [Fact]
    public void Svade_FaultsInsteadAndChangesNothing()
    {
        using TestMachine machine = Mapped(0x0f, Data);
        machine.State.Menvcfg = 0;
        Assert.Equal(TrapCause.LoadPageFault, machine.Translate(Virtual, FillAccess.Read).Cause);
        Assert.Equal(TrapCause.InstructionPageFault, machine.Translate(Virtual, FillAccess.Fetch).Cause);
        Assert.Equal(0x0fUL, machine.ReadDoubleword(Last + ((Virtual >> 12 & 0x1ff) * 8)) & 0xff);
    }

    [Fact]
    public void Deterministic_AStoreToAPageTableDropsWhatWasDerivedFromIt()
    {
        using TestMachine machine = new(deterministic: true);
        machine.EnterSupervisor(3, Root, 1);
        machine.MapSv39(Root, Middle, Last, Virtual, Data, Kernel);
        machine.MapSv39(Root, Middle, Last, Virtual + 0x1000, Last, Kernel);
        Assert.Equal(Data, machine.Translate(Virtual, FillAccess.Read).PhysicalAddress);

        // The table is mapped too: a store to it must be reported, and no write entry lets one slip by.
        Translation store = machine.Translate(Virtual + 0x1000, FillAccess.Write, 8);
        Assert.True(store.MustReportStore);
        Assert.Equal(0, machine.Hit(Virtual + 0x1000, FillAccess.Write, 8));
        Assert.NotEqual(0, machine.Hit(Virtual, FillAccess.Read));
        machine.Memory.StoredTo(store.PhysicalAddress, 8, machine.Tlb);
        Assert.Equal(0, machine.Hit(Virtual, FillAccess.Read));
    }

    [Fact]
    public void Deterministic_AnUpdatedEntryIsWalkedAgainSoThatItsTableStaysWatched()
    {
        using TestMachine machine = new(deterministic: true);
        machine.EnterSupervisor(3, Root, 1);
        machine.MapSv39(Root, Middle, Last, Virtual, Data, 0x0f);
        machine.MapSv39(Root, Middle, Last, Virtual + 0x1000, Last, Kernel);
        machine.Translate(Virtual, FillAccess.Write);
        Assert.NotEqual(0, machine.Hit(Virtual, FillAccess.Write));
        Assert.True(machine.Translate(Virtual + 0x1000, FillAccess.Write, 8).MustReportStore);
    }

    [Fact]
    public void Allocation_AMillionWalksAllocateNothing()
    {
        using TestMachine machine = Mapped(Kernel, Data);
        machine.Tlb.Activate(ref machine.State, 0);
        machine.Translation.Translate(ref machine.State, Virtual, FillAccess.Read, 8, machine.Tlb, out _);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000_000; i++)
        {
            machine.Tlb.Activate(ref machine.State, 0);
            machine.Translation.Translate(ref machine.State, Virtual, FillAccess.Read, 8, machine.Tlb, out _);
        }

        // The runtime allocates a few bytes of its own now and then, as it compiles the loop anew under way; a walk that allocates would show a million times.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000);
    }

    private static TestMachine Mapped(ulong flags, ulong physicalAddress)
    {
        TestMachine machine = new();
        machine.EnterSupervisor(3, Root, 1);
        machine.MapSv39(Root, Middle, Last, Virtual, physicalAddress, flags);
        return machine;
    }
}
