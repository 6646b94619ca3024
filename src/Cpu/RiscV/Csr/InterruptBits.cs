// Privileged specification 1.13, section 3.1.9 (mip and mie) and 4.1.3 (sip and sie).
using Strata.Guest.Processors;

namespace Strata.Cpu.RiscV.Csr;

/// <summary>Bits of mip, mie, mideleg, sip and sie.</summary>
public static class InterruptBits
{
    /// <summary>SSIP: a bit that software sets.</summary>
    public const ulong SupervisorSoftware = 1UL << (int)HartInterrupt.SupervisorSoftware;

    /// <summary>STIP: with Sstc the comparator's output, without a bit that M-mode software sets.</summary>
    public const ulong SupervisorTimer = 1UL << (int)HartInterrupt.SupervisorTimer;

    /// <summary>SEIP: M-mode software's bit or the interrupt controller's line.</summary>
    public const ulong SupervisorExternal = 1UL << (int)HartInterrupt.SupervisorExternal;

    /// <summary>The three that exist for S-mode: what mideleg can delegate.</summary>
    public const ulong Supervisor = SupervisorSoftware | SupervisorTimer | SupervisorExternal;

    /// <summary>The three lines of M-mode: MSIP, MTIP, MEIP.</summary>
    public const ulong Machine = (1UL << (int)HartInterrupt.MachineSoftware) | (1UL << (int)HartInterrupt.MachineTimer) | (1UL << (int)HartInterrupt.MachineExternal);

    /// <summary>mie keeps the standard bits and, like QEMU, those for platform use.</summary>
    public const ulong MieWritable = Machine | Supervisor | 0xffff_ffff_ffff_0000;
}
