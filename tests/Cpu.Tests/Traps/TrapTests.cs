using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;
using Strata.Cpu.Tests.Csr;
using Strata.Guest.Processors;
using Strata.Guest.State;

namespace Strata.Cpu.Tests.TrapHandling;

/// <summary>Privileged specification 1.13, sections 3.1.6 to 3.1.9 and 3.3.</summary>
public sealed class TrapTests
{
    private const ulong MachineVector = 0x8000_1000;
    private const ulong SupervisorVector = 0x8020_0000;

    [Theory]
    [InlineData(PrivilegeMode.User, true, PrivilegeMode.Supervisor)]
    [InlineData(PrivilegeMode.Supervisor, true, PrivilegeMode.Supervisor)]
    [InlineData(PrivilegeMode.Machine, true, PrivilegeMode.Machine)]
    [InlineData(PrivilegeMode.User, false, PrivilegeMode.Machine)]
    [InlineData(PrivilegeMode.Supervisor, false, PrivilegeMode.Machine)]
    [InlineData(PrivilegeMode.Machine, false, PrivilegeMode.Machine)]
    public void Section_3_1_8_ADelegatedExceptionNeverLeavesMMode(PrivilegeMode from, bool isDelegated, PrivilegeMode to)
    {
        using TestHart hart = Prepare(from);
        ref HartState s = ref hart.State;
        s.Medeleg = isDelegated ? 1UL << (int)TrapCause.LoadPageFault : 0;
        s.MStatus |= MStatusBits.Sie | MStatusBits.Mie;
        Traps.Raise(ref s, 0x1234, TrapCause.LoadPageFault, 0xdead);
        Assert.Equal(to, s.Privilege);
        Assert.Equal(1, s.TranslationChanged);
        if (to == PrivilegeMode.Supervisor)
        {
            Assert.Equal((SupervisorVector, 0x1234UL, 13UL, 0xdeadUL), (s.Pc, s.Sepc, s.Scause, s.Stval));
            Assert.Equal(MStatusBits.Spie | (from == PrivilegeMode.Supervisor ? MStatusBits.Spp : 0), s.MStatus & (MStatusBits.Sie | MStatusBits.Spie | MStatusBits.Spp));
            Assert.NotEqual(0UL, s.MStatus & MStatusBits.Mie);
        }
        else
        {
            Assert.Equal((MachineVector, 0x1234UL, 13UL, 0xdeadUL), (s.Pc, s.Mepc, s.Mcause, s.Mtval));
            Assert.Equal(MStatusBits.Mpie | ((ulong)from << MStatusBits.MppShift), s.MStatus & (MStatusBits.Mie | MStatusBits.Mpie | MStatusBits.Mpp));
            Assert.NotEqual(0UL, s.MStatus & MStatusBits.Sie);
        }
    }

    [Fact]
    public void Section_3_1_7_VectoredModeMovesInterruptsOnly()
    {
        using TestHart hart = Prepare(PrivilegeMode.Supervisor);
        ref HartState s = ref hart.State;
        s.Mtvec = MachineVector | 1;
        Traps.Raise(ref s, 0, TrapCause.IllegalInstruction, 0);
        Assert.Equal(MachineVector, s.Pc);

        s.Privilege = PrivilegeMode.User;
        s.Mie = s.InterruptInputs = 1UL << (int)HartInterrupt.MachineTimer;
        s.Pc = 0x4444;
        Assert.True(Traps.TryTakeInterrupt(ref s));
        Assert.Equal((MachineVector + 28, 0x4444UL, (1UL << 63) | 7, 0UL), (s.Pc, s.Mepc, s.Mcause, s.Mtval));

        s.Privilege = PrivilegeMode.User;
        s.Stvec = SupervisorVector | 1;
        s.Mideleg = s.Mie = s.Mip = InterruptBits.SupervisorExternal;
        Assert.True(Traps.TryTakeInterrupt(ref s));
        Assert.Equal((SupervisorVector + 36, (1UL << 63) | 9, PrivilegeMode.Supervisor), (s.Pc, s.Scause, s.Privilege));
    }

    [Fact]
    public void Section_3_1_9_PriorityIsMeiMsiMtiSeiSsiSti()
    {
        ulong[] expected = [11, 3, 7, 9, 1, 5];
        using TestHart hart = Prepare(PrivilegeMode.User);
        ref HartState s = ref hart.State;
        s.InterruptInputs = InterruptBits.Machine | InterruptBits.Supervisor;
        s.Mie = ulong.MaxValue;
        foreach (ulong number in expected)
        {
            s.Privilege = PrivilegeMode.User;
            Assert.True(Traps.TryTakeInterrupt(ref s));
            Assert.Equal((1UL << 63) | number, s.Mcause);
            s.InterruptInputs &= ~(1UL << (int)number);
        }

        s.Privilege = PrivilegeMode.User;
        Assert.False(Traps.TryTakeInterrupt(ref s));
    }

    [Fact]
    public void Section_3_1_9_MModesInterruptsComeBeforeDelegatedOnes()
    {
        using TestHart hart = Prepare(PrivilegeMode.User);
        ref HartState s = ref hart.State;
        s.Mideleg = InterruptBits.Supervisor;
        s.Mie = ulong.MaxValue;
        s.InterruptInputs = InterruptBits.SupervisorExternal | (1UL << (int)HartInterrupt.MachineTimer);
        Assert.True(Traps.TryTakeInterrupt(ref s));
        Assert.Equal(PrivilegeMode.Machine, s.Privilege);
    }

    /// <summary>Who takes what, for each mode and each of the two enable bits: the rule of the section, written out.</summary>
    [Theory]
    [InlineData(PrivilegeMode.Machine, false, false, false, false)]
    [InlineData(PrivilegeMode.Machine, true, false, true, false)]
    [InlineData(PrivilegeMode.Machine, false, true, false, false)]
    [InlineData(PrivilegeMode.Machine, true, true, true, false)]
    [InlineData(PrivilegeMode.Supervisor, false, false, true, false)]
    [InlineData(PrivilegeMode.Supervisor, true, true, true, true)]
    [InlineData(PrivilegeMode.Supervisor, false, true, true, true)]
    [InlineData(PrivilegeMode.User, false, false, true, true)]
    public void Section_3_1_9_EnableBitsHoldInTheirOwnModeOnly(PrivilegeMode mode, bool mie, bool sie, bool takesMachine, bool takesSupervisor)
    {
        foreach (bool isDelegated in (bool[])[false, true])
        {
            using TestHart hart = Prepare(mode);
            ref HartState s = ref hart.State;
            s.MStatus |= (mie ? MStatusBits.Mie : 0) | (sie ? MStatusBits.Sie : 0);
            s.Mie = ulong.MaxValue;
            s.Mideleg = isDelegated ? InterruptBits.Supervisor : 0;
            s.Mip = InterruptBits.SupervisorSoftware;
            bool taken = Traps.TryTakeInterrupt(ref s);
            Assert.Equal(isDelegated ? takesSupervisor : takesMachine, taken);
            if (taken)
                Assert.Equal(isDelegated ? PrivilegeMode.Supervisor : PrivilegeMode.Machine, s.Privilege);
        }
    }

    [Fact]
    public void Section_3_3_3_WfiEndsByAnInterruptThatCannotBeTaken()
    {
        using TestHart hart = Prepare(PrivilegeMode.Machine);
        ref HartState s = ref hart.State;
        s.InterruptInputs = 1UL << (int)HartInterrupt.MachineExternal;
        Assert.False(Traps.HasPendingInterrupt(in s));
        s.Mie = ulong.MaxValue;
        Assert.True(Traps.HasPendingInterrupt(in s));
        Assert.False(Traps.TryTakeInterrupt(ref s));
    }

    [Theory]
    [InlineData(PrivilegeMode.Machine)]
    [InlineData(PrivilegeMode.Supervisor)]
    [InlineData(PrivilegeMode.User)]
    public void Section_3_3_2_MretPopsTheStackAndClearsMprvBelowMMode(PrivilegeMode to)
    {
        using TestHart hart = Prepare(PrivilegeMode.Machine);
        ref HartState s = ref hart.State;
        s.MStatus |= MStatusBits.Mprv | MStatusBits.Mpie | ((ulong)to << MStatusBits.MppShift);
        s.Mepc = 0x8000_0002;
        s.TranslationChanged = 0;
        Traps.Mret(ref s);
        Assert.Equal((to, 0x8000_0002UL, 1), (s.Privilege, s.Pc, s.TranslationChanged));
        Assert.Equal(MStatusBits.Mie | MStatusBits.Mpie, s.MStatus & (MStatusBits.Mie | MStatusBits.Mpie | MStatusBits.Mpp));
        Assert.Equal(to == PrivilegeMode.Machine, (s.MStatus & MStatusBits.Mprv) != 0);
    }

    [Theory]
    [InlineData(PrivilegeMode.Supervisor, true)]
    [InlineData(PrivilegeMode.User, false)]
    public void Section_3_3_2_SretPopsTheStackAndClearsMprv(PrivilegeMode to, bool spie)
    {
        using TestHart hart = Prepare(PrivilegeMode.Supervisor);
        ref HartState s = ref hart.State;
        s.MStatus |= MStatusBits.Mprv | MStatusBits.Sie | (spie ? MStatusBits.Spie : 0) | (to == PrivilegeMode.Supervisor ? MStatusBits.Spp : 0);
        s.Sepc = 0x40;
        Traps.Sret(ref s);
        Assert.Equal((to, 0x40UL), (s.Privilege, s.Pc));
        const ulong fields = MStatusBits.Sie | MStatusBits.Spie | MStatusBits.Spp | MStatusBits.Mprv;
        Assert.Equal(MStatusBits.Spie | (spie ? MStatusBits.Sie : 0), s.MStatus & fields);
    }

    [Fact]
    public void Section_3_1_9_AReturnIntoAModeWithAPendingInterruptAsksTheRunLoopToLook()
    {
        using TestHart hart = Prepare(PrivilegeMode.Machine);
        ref HartState s = ref hart.State;
        s.Mideleg = s.Mie = s.Mip = InterruptBits.SupervisorSoftware;
        Traps.RequestInterrupt(ref s);
        Assert.Equal(0, s.ExitWord);
        Traps.Mret(ref s);
        Assert.Equal((int)ExitRequest.Interrupt, s.ExitWord);
    }

    [Theory]
    [InlineData(PrivilegeMode.Machine, true, true, true, true)]
    [InlineData(PrivilegeMode.Supervisor, true, true, true, false)]
    [InlineData(PrivilegeMode.Supervisor, false, false, false, false)]
    [InlineData(PrivilegeMode.User, false, false, false, false)]
    public void Section_3_1_6_5_TsrTvmTw(PrivilegeMode mode, bool sret, bool fence, bool wfi, bool mret)
    {
        using TestHart hart = Prepare(mode);
        ref HartState s = ref hart.State;
        bool trapping = mode == PrivilegeMode.Machine || (mode == PrivilegeMode.Supervisor && !sret);
        if (trapping)
            s.MStatus |= MStatusBits.Tsr | MStatusBits.Tvm | MStatusBits.Tw;
        Assert.Equal(sret, PrivilegedInstructions.MaySret(in s));
        Assert.Equal(fence, PrivilegedInstructions.MayFenceAddresses(in s));
        Assert.Equal(wfi, PrivilegedInstructions.MayWaitForInterrupt(in s));
        Assert.Equal(mret, PrivilegedInstructions.MayMret(in s));
    }

    /// <summary>hart_start with an odd address, as a hostile kernel may call it: no program counter is odd.</summary>
    [Fact]
    public void SupervisorBoot_AnOddAddressIsTheEvenOneBefore()
    {
        using TestHart hart = new();
        SupervisorBoot.Prepare(ref hart.State, 0x8020_0001, 0, 0);
        Assert.Equal(0x8020_0000UL, hart.State.Pc);
    }

    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(0, 1, 0)]
    [InlineData(0, 0, 1)]
    public void ASavedStateWithAnOddProgramCounterIsRefused(ulong pc, ulong mepc, ulong sepc)
    {
        using TestHart hart = new();
        (hart.State.Pc, hart.State.Mepc, hart.State.Sepc) = (0x8000_0000 + pc, 0x8000_0000 + mepc, 0x8000_0000 + sepc);
        StateWriter writer = new();
        HartSnapshot.Save(in hart.State, writer);
        byte[] saved = writer.Written.ToArray();
        _ = Assert.Throws<InvalidStateException>(() =>
        {
            StateReader reader = new(saved);
            HartState restored = default;
            HartSnapshot.Restore(ref restored, ref reader);
        });
    }

    [Fact]
    public void SupervisorBoot_TheKernelFindsWhatSbiPromises()
    {
        using TestHart hart = new();
        ref HartState s = ref hart.State;
        SupervisorBoot.Prepare(ref s, 0x8020_0000, 5, 0x8800_0000);
        Assert.Equal(7u, s.Scounteren);
        hart.Csr.Synchronize(ref s);
        Assert.Equal((PrivilegeMode.Supervisor, 0x8020_0000UL, 5UL, 0x8800_0000UL), (s.Privilege, s.Pc, s.X[10], s.X[11]));
        Assert.Equal(0UL, hart.Read(CsrNumber.Satp));
        Assert.Equal(0UL, hart.Read(CsrNumber.Sstatus) & MStatusBits.Sie);
        hart.Write(CsrNumber.Stimecmp, ulong.MaxValue);
        _ = hart.Read(CsrNumber.Time);
        _ = hart.Read(CsrNumber.Hpmcounter31);
        Assert.Equal(0UL, hart.Read(CsrNumber.Sip));

        // The environment call from S-mode is the monitor's; everything else is the kernel's.
        Assert.Equal(0UL, s.Medeleg >> (int)TrapCause.SupervisorEnvironmentCall & 1);
        foreach (TrapCause cause in Enum.GetValues<TrapCause>())
        {
            if (cause is not (TrapCause.SupervisorEnvironmentCall or TrapCause.MachineEnvironmentCall or TrapCause.Interrupt))
                Assert.Equal(1UL, s.Medeleg >> (int)cause & 1);
        }
    }

    private static TestHart Prepare(PrivilegeMode mode)
    {
        TestHart hart = new();
        hart.State.Privilege = mode;
        hart.State.Mtvec = MachineVector;
        hart.State.Stvec = SupervisorVector;
        return hart;
    }
}
