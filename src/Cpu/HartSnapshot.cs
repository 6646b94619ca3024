using Strata.Cpu.RiscV;
using Strata.Guest.State;

namespace Strata.Cpu;

/// <summary>Writes down what a hart is, and takes it back: everything but what only the run loop needs (exit word, epochs of fills).</summary>
internal static class HartSnapshot
{
    public static void Save(in HartState s, StateWriter writer)
    {
        for (int i = 0; i < 32; i++)
            writer.U64(s.X[i]);
        for (int i = 0; i < 32; i++)
            writer.U64(s.F[i]);
        writer.U8((byte)s.Privilege);
        writer.U8(s.Frm);
        writer.U8(s.Fflags);
        foreach (ulong value in (ReadOnlySpan<ulong>)
            [
                s.Pc, s.InstructionsRetired, s.Mip, s.InterruptInputs, s.Mie, s.MStatus, s.Misa, s.Medeleg, s.Mideleg, s.Mtvec, s.Mepc, s.Mcause, s.Mtval,
                s.Mscratch, s.Mcounteren, s.Mcountinhibit, s.Menvcfg, s.Mseccfg, s.Stvec, s.Sepc, s.Scause, s.Stval, s.Sscratch, s.Scounteren, s.Senvcfg,
                s.Satp, s.Stimecmp, s.McycleOffset, s.MinstretOffset, s.ReservationAddress, s.ReservationVirtualAddress,
                s.ReservationValue,
            ])
        {
            writer.U64(value);
        }

        for (int i = 0; i < 16; i++)
        {
            writer.U8(s.PmpConfiguration[i]);
            writer.U64(s.PmpAddress[i]);
        }

        writer.U8(s.ReservationIsValid);
        writer.U8(s.IsWaiting);
        writer.U8(s.IsStopped);
    }

    public static void Restore(ref HartState s, ref StateReader reader)
    {
        for (int i = 0; i < 32; i++)
            s.X[i] = reader.U64();
        for (int i = 0; i < 32; i++)
            s.F[i] = reader.U64();
        s.Privilege = (PrivilegeMode)reader.U8();
        if (s.Privilege is not (PrivilegeMode.User or PrivilegeMode.Supervisor or PrivilegeMode.Machine) || s.X[0] != 0)
            throw new InvalidStateException("the saved state of a hart contradicts itself");
        s.Frm = (byte)(reader.U8() & 7);
        s.Fflags = (byte)(reader.U8() & 31);
        s.Pc = reader.U64();
        s.InstructionsRetired = reader.U64();
        s.Mip = reader.U64();
        s.InterruptInputs = reader.U64();
        s.Mie = reader.U64();
        s.MStatus = reader.U64();
        s.Misa = reader.U64();
        s.Medeleg = reader.U64();
        s.Mideleg = reader.U64();
        s.Mtvec = reader.U64();
        s.Mepc = reader.U64();
        s.Mcause = reader.U64();
        s.Mtval = reader.U64();
        s.Mscratch = reader.U64();
        s.Mcounteren = reader.U64();
        s.Mcountinhibit = reader.U64();
        s.Menvcfg = reader.U64();
        s.Mseccfg = reader.U64();
        s.Stvec = reader.U64();
        s.Sepc = reader.U64();
        s.Scause = reader.U64();
        s.Stval = reader.U64();
        s.Sscratch = reader.U64();
        s.Scounteren = reader.U64();
        s.Senvcfg = reader.U64();
        s.Satp = reader.U64();
        s.Stimecmp = reader.U64();
        s.McycleOffset = reader.U64();
        s.MinstretOffset = reader.U64();
        s.ReservationAddress = reader.U64();
        s.ReservationVirtualAddress = reader.U64();
        s.ReservationValue = reader.U64();
        for (int i = 0; i < 16; i++)
        {
            s.PmpConfiguration[i] = reader.U8();
            s.PmpAddress[i] = reader.U64();
        }

        // Nothing that a guest does sets their lowest bit, and nothing would run there.
        if (((s.Pc | s.Mepc | s.Sepc) & 1) != 0)
            throw new InvalidStateException("the saved state of a hart contradicts itself");
        s.ReservationIsValid = Flag(ref reader);
        s.IsWaiting = Flag(ref reader);
        s.IsStopped = Flag(ref reader);
        s.PmpEpoch++;
        s.TranslationChanged = 1;
    }

    private static byte Flag(ref StateReader reader) => reader.Bool() ? (byte)1 : (byte)0;
}
