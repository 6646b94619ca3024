using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;

namespace Strata.Cpu.Tests.Csr;

/// <summary>What CSR accesses do beyond reading back what was written.</summary>
public sealed class CsrTests
{
    [Fact]
    public void Section_2_1_TheSetOfReadableCsrsInEachModeIsExact()
    {
        using TestHart hart = new();
        ref HartState s = ref hart.State;
        s.MStatus |= 1 << MStatusBits.FsShift;
        s.Mcounteren = s.Scounteren = 0xffffffff;
        s.Menvcfg = EnvironmentBits.Stce;

        // As QEMU's rv64 without H lists them, except for its triggers (0x7a0 and up), which are optional.
        HashSet<int> user = [1, 2, 3, .. Enumerable.Range(0xc00, 32)];
        HashSet<int> supervisor = [.. user, 0x100, 0x104, 0x105, 0x106, 0x10a, 0x140, 0x141, 0x142, 0x143, 0x144, 0x14d, 0x180];
        HashSet<int> machine =
        [
            .. supervisor, 0x300, 0x301, 0x302, 0x303, 0x304, 0x305, 0x306, 0x30a, 0x320, .. Enumerable.Range(0x323, 29),
            0x340, 0x341, 0x342, 0x343, 0x344, 0x3a0, 0x3a2, .. Enumerable.Range(0x3b0, 16), 0xb00, 0xb02, .. Enumerable.Range(0xb03, 29),
            0xf11, 0xf12, 0xf13, 0xf14, 0xf15,
        ];
        foreach ((PrivilegeMode mode, HashSet<int> expected) in
            new[] { (PrivilegeMode.User, user), (PrivilegeMode.Supervisor, supervisor), (PrivilegeMode.Machine, machine) })
        {
            s.Privilege = mode;
            int[] readable = [.. Enumerable.Range(0, 4096).Where(csr => hart.Csr.Read(ref hart.State, csr, out _))];
            Assert.Equal(expected.Order(), readable);
        }
    }

    [Fact]
    public void Section_2_1_ReadOnlyCsrsAreNeverWritten()
    {
        using TestHart hart = new();
        for (int csr = 0xc00; csr < 0x1000; csr++)
            Assert.False(hart.Csr.Write(ref hart.State, csr, 0), $"{csr:x}");
    }

    [Fact]
    public void Section_3_4_ResetIsAsQemus()
    {
        using TestHart hart = new(new HartConfiguration { HartId = 3, UpdatesAccessedAndDirty = true });
        Assert.Equal(PrivilegeMode.Machine, hart.State.Privilege);
        Assert.Equal(0x1000UL, hart.State.Pc);
        Assert.Equal(0xa_0000_0000UL, hart.Read(CsrNumber.Mstatus));
        Assert.Equal(0x8000_0000_0014_112dUL, hart.Read(CsrNumber.Misa));
        Assert.Equal(0x6000_0000_0000_0000UL, hart.Read(CsrNumber.Menvcfg));
        Assert.Equal(3UL, hart.Read(CsrNumber.Mhartid));
        Assert.Equal(0UL, hart.Read(CsrNumber.Satp));
        Assert.Equal(0UL, hart.Read(CsrNumber.Pmpcfg0));
    }

    [Fact]
    public void Section_3_4_ResetKeepsTheLevelsOfTheInputsAndNothingElse()
    {
        using TestHart hart = new();
        ref HartState s = ref hart.State;
        System.Runtime.InteropServices.MemoryMarshal.AsBytes(new Span<HartState>(ref s)).Fill(0xff);
        s.InterruptInputs = 0xa0;
        HartReset.Apply(ref s, hart.Configuration);
        Assert.Equal(0xa0UL, s.InterruptInputs);
        Assert.Equal((0UL, 0UL, 0UL, 0UL, 0UL), (s.X[1], s.F[31], s.Mip, s.Mie, s.PmpAddress[15]));
        Assert.Equal((0UL, 0UL, 0UL, (byte)0, 0), (s.Satp, s.Stimecmp, s.Mepc, s.ReservationIsValid, s.ExitWord));
    }

    [Theory]
    [InlineData(0x3a0, 0x1f)]
    [InlineData(0x3b0, 0x1000)]
    public void Section_3_7_2_WritesToPmpRaiseItsEpoch(int csr, ulong value)
    {
        using TestHart hart = new();
        hart.State.TranslationChanged = 0;
        uint before = hart.State.PmpEpoch;
        hart.Write(csr, value);
        Assert.NotEqual(before, hart.State.PmpEpoch);
        Assert.Equal(1, hart.State.TranslationChanged);
    }

    [Theory]
    [InlineData(CsrNumber.Mstatus, MStatusBits.Sum)]
    [InlineData(CsrNumber.Mstatus, MStatusBits.Mxr)]
    [InlineData(CsrNumber.Mstatus, MStatusBits.Mprv)]
    [InlineData(CsrNumber.Sstatus, MStatusBits.Sum)]
    [InlineData(CsrNumber.Satp, 8UL << 60)]
    [InlineData(CsrNumber.Menvcfg, EnvironmentBits.Adue)]
    public void Section_4_1_WhatChangesTranslationSaysSo(int csr, ulong value)
    {
        using TestHart hart = new();
        hart.State.TranslationChanged = 0;
        hart.Write(csr, value);
        Assert.Equal(1, hart.State.TranslationChanged);
    }

    [Fact]
    public void Section_3_1_9_SeipReadsTheLineTooButSetAndClearSeeSoftwaresBitAlone()
    {
        using TestHart hart = new();
        const ulong Seip = InterruptBits.SupervisorExternal;
        hart.State.InterruptInputs |= Seip;
        Assert.True(hart.Csr.ReadModifyWrite(ref hart.State, CsrNumber.Mip, CsrOperation.Set, InterruptBits.SupervisorSoftware, out ulong old));
        Assert.Equal(Seip, old & Seip);
        hart.State.InterruptInputs &= ~Seip;
        Assert.Equal(0UL, hart.Read(CsrNumber.Mip) & Seip);

        Assert.True(hart.Csr.ReadModifyWrite(ref hart.State, CsrNumber.Mip, CsrOperation.Set, Seip, out _));
        Assert.Equal(Seip, hart.Read(CsrNumber.Mip) & Seip);
        hart.State.InterruptInputs |= Seip;
        Assert.True(hart.Csr.ReadModifyWrite(ref hart.State, CsrNumber.Mip, CsrOperation.Clear, Seip, out _));
        Assert.Equal(Seip, hart.Read(CsrNumber.Mip) & Seip);
        hart.State.InterruptInputs &= ~Seip;
        Assert.Equal(0UL, hart.Read(CsrNumber.Mip) & Seip);
    }

    [Fact]
    public void Section_3_1_9_SettingAnEnabledInterruptsBitAsksTheRunLoopToLook()
    {
        using TestHart hart = new();
        hart.Write(CsrNumber.Mie, InterruptBits.SupervisorSoftware);
        hart.Write(CsrNumber.Mstatus, MStatusBits.Mie);
        Assert.Equal(0, hart.State.ExitWord);
        hart.Write(CsrNumber.Mip, InterruptBits.SupervisorSoftware);
        Assert.Equal((int)ExitRequest.Interrupt, hart.State.ExitWord);
    }

    [Fact]
    public void Section_3_1_6_6_FcsrMakesTheStatusDirty()
    {
        using TestHart hart = new();
        hart.Write(CsrNumber.Mstatus, 1 << MStatusBits.FsShift);
        _ = hart.Read(CsrNumber.Fcsr);
        Assert.Equal(0UL, hart.Read(CsrNumber.Sstatus) & MStatusBits.Sd);
        Assert.True(hart.Csr.ReadModifyWrite(ref hart.State, CsrNumber.Fcsr, CsrOperation.Set, 0, out _));
        Assert.Equal(0UL, hart.Read(CsrNumber.Sstatus) & MStatusBits.Sd);
        hart.Write(CsrNumber.Frm, 3);
        Assert.Equal(MStatusBits.Sd | MStatusBits.Fs, hart.Read(CsrNumber.Sstatus) & (MStatusBits.Sd | MStatusBits.Fs));
        hart.Write(CsrNumber.Fflags, 0x1f);
        Assert.Equal(0x7fUL, hart.Read(CsrNumber.Fcsr));
    }

    [Fact]
    public void Section_3_1_10_AWrittenCounterReadsThatValueInTheNextInstruction()
    {
        using TestHart hart = new();
        hart.State.InstructionsRetired = 1_000;
        hart.Write(CsrNumber.Minstret, 50);
        hart.State.InstructionsRetired++;
        Assert.Equal(50UL, hart.Read(CsrNumber.Minstret));
        hart.State.InstructionsRetired += 7;
        Assert.Equal(57UL, hart.Read(CsrNumber.Instret));
    }

    [Fact]
    public void Section_3_1_12_AnInhibitedCounterStandsStillAndGoesOnFromThere()
    {
        using TestHart hart = new();
        hart.State.InstructionsRetired = 100;
        hart.Write(CsrNumber.Mcountinhibit, 4);
        hart.State.InstructionsRetired = 500;
        Assert.Equal(101UL, hart.Read(CsrNumber.Minstret));
        Assert.Equal(500UL, hart.Read(CsrNumber.Mcycle));
        hart.Write(CsrNumber.Minstret, 7);
        Assert.Equal(7UL, hart.Read(CsrNumber.Minstret));
        hart.Write(CsrNumber.Mcountinhibit, 0);
        hart.State.InstructionsRetired = 511;
        Assert.Equal(17UL, hart.Read(CsrNumber.Minstret));
    }

    [Theory]
    [InlineData(0UL, 0UL, false, false)]
    [InlineData(2UL, 0UL, true, false)]
    [InlineData(2UL, 2UL, true, true)]
    [InlineData(0UL, 2UL, false, false)]
    public void Section_3_1_11_CountersAreOpenedModeByMode(ulong mcounteren, ulong scounteren, bool inSupervisor, bool inUser)
    {
        using TestHart hart = new();
        hart.Write(CsrNumber.Mcounteren, mcounteren);
        hart.Write(CsrNumber.Scounteren, scounteren);
        hart.State.Privilege = PrivilegeMode.Supervisor;
        Assert.Equal(inSupervisor, hart.Csr.Read(ref hart.State, CsrNumber.Time, out _));
        hart.State.Privilege = PrivilegeMode.User;
        Assert.Equal(inUser, hart.Csr.Read(ref hart.State, CsrNumber.Time, out _));
    }

    [Fact]
    public void Sstc_StipFollowsTheComparator()
    {
        using TestHart hart = new();
        hart.Write(CsrNumber.Stimecmp, ulong.MaxValue);
        hart.Write(CsrNumber.Menvcfg, EnvironmentBits.Stce);
        hart.Clock.AdvanceTo(100);
        hart.Write(CsrNumber.Stimecmp, 200);
        Assert.Equal(0UL, hart.Read(CsrNumber.Mip));
        hart.Clock.AdvanceTo(199);
        Assert.Equal(0UL, hart.Read(CsrNumber.Mip));
        hart.Clock.AdvanceTo(200);
        Assert.Equal(InterruptBits.SupervisorTimer, hart.Read(CsrNumber.Mip));
        hart.Write(CsrNumber.Stimecmp, 201);
        Assert.Equal(0UL, hart.Read(CsrNumber.Mip));
        hart.Write(CsrNumber.Stimecmp, 150);
        Assert.Equal(InterruptBits.SupervisorTimer, hart.Read(CsrNumber.Mip));
        hart.Write(CsrNumber.Menvcfg, 0);
        Assert.Equal(InterruptBits.SupervisorTimer, hart.Read(CsrNumber.Mip));
        hart.Write(CsrNumber.Mip, 0);
        Assert.Equal(0UL, hart.Read(CsrNumber.Mip));
    }

    [Fact]
    public void Sstc_StimecmpIsComparedWithMovedMachineTime()
    {
        using TestHart hart = new();
        hart.Write(CsrNumber.Menvcfg, EnvironmentBits.Stce);
        hart.Clock.AdvanceTo(100);
        hart.Write(CsrNumber.Stimecmp, 1000);
        hart.Clock.MoveMachineTime(850);
        Assert.Equal((950UL, 0UL), (hart.Read(CsrNumber.Time), hart.Read(CsrNumber.Mip)));
        hart.Clock.AdvanceTo(149);
        Assert.Equal(0UL, hart.Read(CsrNumber.Mip));
        hart.Clock.AdvanceTo(150);
        Assert.Equal(InterruptBits.SupervisorTimer, hart.Read(CsrNumber.Mip));
        hart.Clock.MoveMachineTime(unchecked(0UL - 150));
        Assert.Equal((0UL, 0UL), (hart.Read(CsrNumber.Time), hart.Read(CsrNumber.Mip)));
        hart.Clock.MoveMachineTime(900);
        Assert.Equal(InterruptBits.SupervisorTimer, hart.Read(CsrNumber.Mip));
        hart.Write(CsrNumber.Stimecmp, ulong.MaxValue);
        hart.Clock.MoveMachineTime(ulong.MaxValue - 150);
        Assert.Equal((ulong.MaxValue, 0UL), (hart.Read(CsrNumber.Time), hart.Read(CsrNumber.Mip)));
    }

    [Fact]
    public void Sstc_WithoutItStipIsSoftwaresBit()
    {
        using TestHart hart = new();
        hart.Write(CsrNumber.Menvcfg, 0);
        hart.Write(CsrNumber.Mip, InterruptBits.SupervisorTimer);
        Assert.Equal(InterruptBits.SupervisorTimer, hart.Read(CsrNumber.Mip));
        hart.Write(CsrNumber.Stimecmp, ulong.MaxValue);
        hart.Write(CsrNumber.Menvcfg, EnvironmentBits.Stce);
        Assert.Equal(0UL, hart.Read(CsrNumber.Mip));
    }
}
