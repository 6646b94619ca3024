// Privileged specification 1.13, sections 3.1.6.1 (privilege and interrupt-enable stack), 3.1.7 to 3.1.9, 3.1.14 to 3.1.16, 3.3.2 (MRET, SRET).
using Strata.Cpu.RiscV.Csr;
using Strata.Guest.Processors;

namespace Strata.Cpu.RiscV;

/// <summary>Takes a hart into a trap handler and back.</summary>
public static class Traps
{
    // Decreasing priority (section 3.1.9).
    private static ReadOnlySpan<HartInterrupt> ByPriority =>
    [
        HartInterrupt.MachineExternal, HartInterrupt.MachineSoftware, HartInterrupt.MachineTimer,
        HartInterrupt.SupervisorExternal, HartInterrupt.SupervisorSoftware, HartInterrupt.SupervisorTimer,
    ];

    /// <summary>Takes an exception: to S-mode if it comes from S or U and is delegated, else to M-mode.</summary>
    /// <param name="s">The hart; its <see cref="HartState.Pc"/> becomes the handler's.</param>
    /// <param name="pc">The instruction that trapped.</param>
    /// <param name="cause">The exception, without <see cref="TrapCause.Interrupt"/>.</param>
    /// <param name="tval">What xtval receives.</param>
    public static void Raise(ref HartState s, ulong pc, TrapCause cause, ulong tval)
    {
        bool isDelegated = s.Privilege != PrivilegeMode.Machine && ((s.Medeleg >> (int)cause) & 1) != 0;
        Enter(ref s, isDelegated, pc, (ulong)cause, tval);
    }

    /// <summary>Takes the most urgent interrupt that is pending and enabled, if there is one; the hart resumes at its present <see cref="HartState.Pc"/> later.</summary>
    public static bool TryTakeInterrupt(ref HartState s)
    {
        ulong takeable = Takeable(ref s);
        if (takeable == 0)
            return false;
        foreach (HartInterrupt interrupt in ByPriority)
        {
            if ((takeable >> (int)interrupt & 1) == 0)
                continue;
            bool isDelegated = (s.Mideleg >> (int)interrupt & 1) != 0;
            s.IsWaiting = 0;
            Enter(ref s, isDelegated, s.Pc, (ulong)TrapCause.Interrupt | (ulong)interrupt, 0);
            return true;
        }

        return false;
    }

    /// <summary>An interrupt is pending that mie enables: what ends WFI, whether it can be taken or not (section 3.3.3).</summary>
    public static bool HasPendingInterrupt(in HartState s) =>
        ((Volatile.Read(in s.Mip) | Volatile.Read(in s.InterruptInputs)) & s.Mie) != 0;

    /// <summary>mip: what software set or what the lines say.</summary>
    public static ulong Pending(ref HartState s) => Volatile.Read(ref s.Mip) | Volatile.Read(ref s.InterruptInputs);

    /// <summary>MRET, which is legal in M-mode alone (<see cref="PrivilegedInstructions"/>).</summary>
    public static void Mret(ref HartState s)
    {
        PrivilegeMode mode = (PrivilegeMode)((s.MStatus & MStatusBits.Mpp) >> MStatusBits.MppShift);
        ulong status = s.MStatus & ~(MStatusBits.Mie | MStatusBits.Mpp);
        if ((status & MStatusBits.Mpie) != 0)
            status |= MStatusBits.Mie;
        Return(ref s, status | MStatusBits.Mpie, mode, s.Mepc);
    }

    /// <summary>SRET, where it is legal (<see cref="PrivilegedInstructions"/>).</summary>
    public static void Sret(ref HartState s)
    {
        PrivilegeMode mode = (s.MStatus & MStatusBits.Spp) != 0 ? PrivilegeMode.Supervisor : PrivilegeMode.User;
        ulong status = s.MStatus & ~(MStatusBits.Sie | MStatusBits.Spp);
        if ((status & MStatusBits.Spie) != 0)
            status |= MStatusBits.Sie;
        Return(ref s, status | MStatusBits.Spie, mode, s.Sepc);
    }

    /// <summary>Sets <see cref="ExitRequest.Interrupt"/> if an interrupt can be taken now: after whatever changes mip, mie, mideleg, the status or the mode.</summary>
    internal static void RequestInterrupt(ref HartState s)
    {
        if (Takeable(ref s) != 0)
            Interlocked.Or(ref s.ExitWord, (int)ExitRequest.Interrupt);
    }

    /// <summary>The pending and enabled interrupts that trap now: those for M-mode if there are any, else those for S-mode.</summary>
    private static ulong Takeable(ref HartState s)
    {
        ulong pending = Pending(ref s) & s.Mie;
        if (pending == 0)
            return 0;
        ulong forMachine = pending & ~s.Mideleg;
        if (forMachine != 0 && (s.Privilege != PrivilegeMode.Machine || (s.MStatus & MStatusBits.Mie) != 0))
            return forMachine;
        bool supervisorTakes = s.Privilege == PrivilegeMode.User || (s.Privilege == PrivilegeMode.Supervisor && (s.MStatus & MStatusBits.Sie) != 0);
        return supervisorTakes ? pending & s.Mideleg : 0;
    }

    private static void Enter(ref HartState s, bool toSupervisor, ulong pc, ulong cause, ulong tval)
    {
        ulong status = s.MStatus;
        ulong vector;
        if (toSupervisor)
        {
            status &= ~(MStatusBits.Spie | MStatusBits.Spp | MStatusBits.Sie);
            if ((s.MStatus & MStatusBits.Sie) != 0)
                status |= MStatusBits.Spie;
            if (s.Privilege == PrivilegeMode.Supervisor)
                status |= MStatusBits.Spp;
            s.Sepc = pc;
            s.Scause = cause;
            s.Stval = tval;
            s.Privilege = PrivilegeMode.Supervisor;
            vector = s.Stvec;
        }
        else
        {
            status &= ~(MStatusBits.Mpie | MStatusBits.Mpp | MStatusBits.Mie);
            if ((s.MStatus & MStatusBits.Mie) != 0)
                status |= MStatusBits.Mpie;
            status |= (ulong)s.Privilege << MStatusBits.MppShift;
            s.Mepc = pc;
            s.Mcause = cause;
            s.Mtval = tval;
            s.Privilege = PrivilegeMode.Machine;
            vector = s.Mtvec;
        }

        s.MStatus = status;
        s.TranslationChanged = 1;

        // Mode 1, vectored: interrupts enter at 4 × their number, exceptions at the base.
        bool isVectored = (vector & 1) != 0 && (cause & (ulong)TrapCause.Interrupt) != 0;
        s.Pc = (vector & ~3UL) + (isVectored ? 4 * (cause & ~(ulong)TrapCause.Interrupt) : 0);
    }

    private static void Return(ref HartState s, ulong status, PrivilegeMode mode, ulong pc)
    {
        if (mode != PrivilegeMode.Machine)
            status &= ~MStatusBits.Mprv;
        s.MStatus = status;
        s.Privilege = mode;
        s.Pc = pc;
        s.TranslationChanged = 1;
        RequestInterrupt(ref s);
    }
}
