// Privileged specification 1.13, sections 3.1.6.1, 3.3.1 (ECALL) and 3.3.2 (SRET), and 4.1.1: between U-mode and S-mode; all else is the interpreter's.
using System.Runtime.CompilerServices;
using Strata.Cpu.RiscV.Csr;
using Strata.Cpu.Translations.Ir;

namespace Strata.Cpu.RiscV.Lowering;

/// <summary>System calls and returns from them: the same as <see cref="Traps"/> does for U-mode and S-mode, whose views are those of <see cref="Paging.SoftwareTlb.View"/>.</summary>
internal static class TrapLowering
{
    /// <summary>U-mode and S-mode.</summary>
    public static GuestModes Modes { get; } = Describe();

    private static GuestModes Describe()
    {
        HartState s = default;
        return new GuestModes
        {
            Modes = ((byte)PrivilegeMode.User, (byte)PrivilegeMode.Supervisor),
            Status = Offset(ref s, ref s.MStatus),
            ViewBit = MStatusBits.Sum,
            Interrupts = (MStatusBits.Sie, MStatusBits.Spie),
            CameFromUpper = MStatusBits.Spp,
            PreventReturn = MStatusBits.Tsr | MStatusBits.Mprv,
            Call = (Offset(ref s, ref s.Sepc), Offset(ref s, ref s.Scause), Offset(ref s, ref s.Stval), Offset(ref s, ref s.Stvec)),
            CallCause = (byte)TrapCause.UserEnvironmentCall,
            Delegated = Offset(ref s, ref s.Medeleg),
        };
    }

    private static int Offset(ref HartState state, ref ulong field) =>
        (int)Unsafe.ByteOffset(ref Unsafe.As<HartState, byte>(ref state), ref Unsafe.As<ulong, byte>(ref field));
}
