// SBI specification 2.0, section "Hart State Management", table of the state at the start of a hart; privileged specification 1.13.
using Strata.Cpu.RiscV.Csr;

namespace Strata.Cpu.RiscV;

/// <summary>The state in which an operating system finds a hart where the monitor itself is the SBI implementation: S-mode, and nothing that reaches M-mode.</summary>
public static class SupervisorBoot
{
    /// <summary>Prepares a hart that was reset (<see cref="HartReset"/>).</summary>
    /// <param name="s">The hart.</param>
    /// <param name="entry">Physical address of its first instruction; as after mret, its lowest bit is taken to be 0.</param>
    /// <param name="hartId">Goes to a0.</param>
    /// <param name="deviceTree">Goes to a1: the device tree's physical address, or HSM's opaque value.</param>
    public static void Prepare(ref HartState s, ulong entry, ulong hartId, ulong deviceTree)
    {
        s.Pc = entry & ~1UL;
        s.X[10] = hartId;
        s.X[11] = deviceTree;
        s.Privilege = PrivilegeMode.Supervisor;
        s.MStatus &= ~(MStatusBits.Sie | MStatusBits.Mprv | MStatusBits.Tvm | MStatusBits.Tw | MStatusBits.Tsr);
        s.Satp = 0;

        // Every exception except the environment call from S-mode, which the monitor serves, and every interrupt that S-mode has.
        s.Medeleg = 0xf4b7ff & ~(1UL << (int)TrapCause.SupervisorEnvironmentCall);
        s.Mideleg = InterruptBits.Supervisor;
        s.Mcounteren = 0xffff_ffff;

        // As OpenSBI leaves it: cycle, time and instret for user mode too. Linux sets nothing itself, and its vDSO reads time.
        s.Scounteren = 0x7;
        s.Menvcfg = EnvironmentBits.Stce | EnvironmentBits.Pbmte | EnvironmentBits.Adue
            | EnvironmentBits.Cbie | EnvironmentBits.Cbcfe | EnvironmentBits.Cbze;
        s.Stimecmp = ulong.MaxValue;

        // One PMP entry: all addresses, all accesses.
        s.PmpAddress[0] = (1UL << 54) - 1;
        s.PmpConfiguration[0] = 0x1f;
        s.PmpEpoch++;
        s.TranslationChanged = 1;
    }
}
