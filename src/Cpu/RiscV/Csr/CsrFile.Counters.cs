// Privileged specification 1.13, sections 3.1.10 to 3.1.12; one cycle per instruction.
namespace Strata.Cpu.RiscV.Csr;

/// <content>Counters: numbers 0xb00 to 0xbff and 0xc00 to 0xcff.</content>
public sealed partial class CsrFile
{
    private const ulong InhibitCycle = 1;
    private const ulong InhibitInstret = 4;

    private bool ReadCounter(in HartState s, int csr, out ulong value)
    {
        switch (csr)
        {
            case CsrNumber.Mcycle or CsrNumber.Cycle:
                value = s.McycleOffset + ((s.Mcountinhibit & InhibitCycle) == 0 ? s.InstructionsRetired : 0);
                return true;
            case CsrNumber.Minstret or CsrNumber.Instret:
                value = s.MinstretOffset + ((s.Mcountinhibit & InhibitInstret) == 0 ? s.InstructionsRetired : 0);
                return true;
            case CsrNumber.Time:
                value = _clock.MachineTime;
                return true;
            case (>= CsrNumber.Mhpmcounter3 and <= CsrNumber.Mhpmcounter31) or (>= CsrNumber.Hpmcounter3 and <= CsrNumber.Hpmcounter31):
                value = 0;
                return true;
            default:
                return Absent(out value);
        }
    }

    private static bool WriteCounter(ref HartState s, int csr, ulong value)
    {
        // What is written is what the next instruction reads: the writing one does not count.
        ulong next = s.InstructionsRetired + 1;
        switch (csr)
        {
            case CsrNumber.Mcycle:
                s.McycleOffset = (s.Mcountinhibit & InhibitCycle) == 0 ? value - next : value;
                return true;
            case CsrNumber.Minstret:
                s.MinstretOffset = (s.Mcountinhibit & InhibitInstret) == 0 ? value - next : value;
                return true;
            default:
                return csr is >= CsrNumber.Mhpmcounter3 and <= CsrNumber.Mhpmcounter31;
        }
    }

    private static void WriteInhibit(ref HartState s, ulong value)
    {
        // An offset means "plus what was retired" while its counter runs, and is the counter itself while it stands still.
        ulong next = s.InstructionsRetired + 1;
        ulong changed = s.Mcountinhibit ^ value;
        if ((changed & InhibitCycle) != 0)
            s.McycleOffset += (value & InhibitCycle) != 0 ? next : 0 - next;
        if ((changed & InhibitInstret) != 0)
            s.MinstretOffset += (value & InhibitInstret) != 0 ? next : 0 - next;
        s.Mcountinhibit = value & (InhibitCycle | InhibitInstret);
    }
}
