using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Strata.Cpu.RiscV.Csr;

/// <summary>What a hart is when power comes on (privileged specification 1.13, section 3.4; what it leaves open is as QEMU's <c>rv64</c>).</summary>
public static class HartReset
{
    /// <summary>Writes the reset state; inputs from outside (<see cref="HartState.InterruptInputs"/>) keep their levels.</summary>
    public static void Apply(ref HartState s, HartConfiguration configuration)
    {
        uint pmpEpoch = s.PmpEpoch;
        uint fenceEpoch = s.FenceEpoch;

        // Around the inputs, which other threads drive meanwhile.
        Span<byte> state = MemoryMarshal.AsBytes(new Span<HartState>(ref s));
        int inputs = (int)Unsafe.ByteOffset(ref MemoryMarshal.GetReference(state), ref Unsafe.As<ulong, byte>(ref s.InterruptInputs));
        state[..inputs].Clear();
        state[(inputs + sizeof(ulong))..].Clear();

        // What carriers have derived from the state before is of an older epoch.
        s.PmpEpoch = pmpEpoch + 1;
        s.FenceEpoch = fenceEpoch + 1;
        s.Pc = configuration.ResetPc;
        s.Privilege = PrivilegeMode.Machine;
        s.MStatus = MStatusBits.Uxl64 | MStatusBits.Sxl64;
        s.Misa = CsrFile.Misa;
        s.Menvcfg = EnvironmentBits.Pbmte | (configuration.UpdatesAccessedAndDirty ? EnvironmentBits.Adue : 0);
        s.TranslationChanged = 1;
    }
}
