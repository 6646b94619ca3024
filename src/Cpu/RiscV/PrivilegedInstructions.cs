// Privileged specification 1.13, sections 3.1.6.5 (virtualization support in mstatus) and 3.3; "Zawrs"; "Svinval".
using Strata.Cpu.RiscV.Csr;

namespace Strata.Cpu.RiscV;

/// <summary>Where the privileged instructions are legal; elsewhere they raise an illegal-instruction exception.</summary>
public static class PrivilegedInstructions
{
    /// <summary>MRET.</summary>
    public static bool MayMret(in HartState s) => s.Privilege == PrivilegeMode.Machine;

    /// <summary>SRET: not in U-mode, nor in S-mode with TSR.</summary>
    public static bool MaySret(in HartState s) => IsAllowed(in s, MStatusBits.Tsr);

    /// <summary>SFENCE.VMA and SINVAL.VMA: not in U-mode, nor in S-mode with TVM.</summary>
    public static bool MayFenceAddresses(in HartState s) => IsAllowed(in s, MStatusBits.Tvm);

    /// <summary>SFENCE.W.INVAL and SFENCE.INVAL.IR: not in U-mode.</summary>
    public static bool MayOrderInvalidations(in HartState s) => s.Privilege != PrivilegeMode.User;

    /// <summary>WFI: not in U-mode, nor in S-mode with TW (the time limit is 0).</summary>
    public static bool MayWaitForInterrupt(in HartState s) => IsAllowed(in s, MStatusBits.Tw);

    /// <summary>WRS.NTO: not below M-mode with TW.</summary>
    public static bool MayWaitOnReservation(in HartState s) => s.Privilege == PrivilegeMode.Machine || (s.MStatus & MStatusBits.Tw) == 0;

    /// <summary>CBO.ZERO (<see cref="EnvironmentBits.Cbze"/>), CBO.CLEAN and CBO.FLUSH (<see cref="EnvironmentBits.Cbcfe"/>), CBO.INVAL (<see cref="EnvironmentBits.Cbie"/>).</summary>
    public static bool MayOperateOnCacheBlock(in HartState s, ulong field) => s.Privilege switch
    {
        PrivilegeMode.Machine => true,
        PrivilegeMode.Supervisor => (s.Menvcfg & field) != 0,
        _ => (s.Menvcfg & field) != 0 && (s.Senvcfg & field) != 0,
    };

    private static bool IsAllowed(in HartState s, ulong trapInSupervisor) =>
        s.Privilege == PrivilegeMode.Machine || (s.Privilege == PrivilegeMode.Supervisor && (s.MStatus & trapInSupervisor) == 0);
}
