using Strata.Cpu.Paging;

namespace Strata.Cpu.RiscV.Csr;

/// <content>CSRs of M-mode: numbers 0x300 to 0x3ff.</content>
public sealed partial class CsrFile
{
    /// <summary>RV64 with A, C, D, F, I, M, S and U, in misa's encoding; nothing in it can be switched off.</summary>
    public const ulong Misa = (2UL << 62) | (1 << ('A' - 'A')) | (1 << ('C' - 'A')) | (1 << ('D' - 'A')) | (1 << ('F' - 'A'))
        | (1 << ('I' - 'A')) | (1 << ('M' - 'A')) | (1 << ('S' - 'A')) | (1 << ('U' - 'A'));

    internal const ulong MStatusWritable = MStatusBits.Sie | MStatusBits.Mie | MStatusBits.Spie | MStatusBits.Mpie | MStatusBits.Spp | MStatusBits.Mpp
        | MStatusBits.Fs | MStatusBits.Mprv | MStatusBits.Sum | MStatusBits.Mxr | MStatusBits.Tvm | MStatusBits.Tw | MStatusBits.Tsr;

    // Every exception but the environment call from M-mode and the double trap; those of extensions that are absent are kept, as QEMU does.
    private const ulong MedelegWritable = 0xf4b7ff;

    private const ulong MenvcfgWritable = SenvcfgWritable | EnvironmentBits.Stce | EnvironmentBits.Pbmte | EnvironmentBits.Adue;

    // All 32 counters exist.
    private const ulong CounterMask = 0xffff_ffff;

    // Bits 6 to 5 of a pmpcfg byte are read-only zero.
    private const byte PmpConfigurationWritable = 0x9f;

    private static bool ReadMachine(ref HartState s, int csr, out ulong value)
    {
        switch (csr)
        {
            case CsrNumber.Mstatus:
                value = s.MStatus | Dirty(in s);
                return true;
            case CsrNumber.Misa:
                value = s.Misa;
                return true;
            case CsrNumber.Medeleg:
                value = s.Medeleg;
                return true;
            case CsrNumber.Mideleg:
                value = s.Mideleg;
                return true;
            case CsrNumber.Mie:
                value = s.Mie;
                return true;
            case CsrNumber.Mtvec:
                value = s.Mtvec;
                return true;
            case CsrNumber.Mcounteren:
                value = s.Mcounteren;
                return true;
            case CsrNumber.Menvcfg:
                value = s.Menvcfg;
                return true;
            case CsrNumber.Mcountinhibit:
                value = s.Mcountinhibit;
                return true;
            case >= CsrNumber.Mhpmevent3 and <= CsrNumber.Mhpmevent31:
                value = 0;
                return true;
            case CsrNumber.Mscratch:
                value = s.Mscratch;
                return true;
            case CsrNumber.Mepc:
                value = s.Mepc;
                return true;
            case CsrNumber.Mcause:
                value = s.Mcause;
                return true;
            case CsrNumber.Mtval:
                value = s.Mtval;
                return true;
            case CsrNumber.Mip:
                value = Traps.Pending(ref s);
                return true;
            case CsrNumber.Pmpcfg0 or CsrNumber.Pmpcfg2:
                value = 0;
                for (int i = 7; i >= 0; i--)
                    value = (value << 8) | s.PmpConfiguration[((csr - CsrNumber.Pmpcfg0) * 4) + i];
                return true;
            case >= CsrNumber.Pmpaddr0 and <= CsrNumber.Pmpaddr15:
                value = s.PmpAddress[csr - CsrNumber.Pmpaddr0];
                return true;
            default:
                return Absent(out value);
        }
    }

    private bool WriteMachine(ref HartState s, int csr, ulong value)
    {
        switch (csr)
        {
            case CsrNumber.Mstatus:
                WriteStatus(ref s, value, MStatusWritable);
                return true;
            case CsrNumber.Misa:
                return true;
            case CsrNumber.Medeleg:
                s.Medeleg = value & MedelegWritable;
                return true;
            case CsrNumber.Mideleg:
                s.Mideleg = value & InterruptBits.Supervisor;
                Traps.RequestInterrupt(ref s);
                return true;
            case CsrNumber.Mie:
                s.Mie = value & InterruptBits.MieWritable;
                Traps.RequestInterrupt(ref s);
                return true;
            case CsrNumber.Mtvec:
                WriteTrapVector(ref s.Mtvec, value);
                return true;
            case CsrNumber.Mcounteren:
                s.Mcounteren = value & CounterMask;
                return true;
            case CsrNumber.Menvcfg:
                WriteEnvironment(ref s, value & MenvcfgWritable);
                return true;
            case CsrNumber.Mcountinhibit:
                WriteInhibit(ref s, value);
                return true;
            case >= CsrNumber.Mhpmevent3 and <= CsrNumber.Mhpmevent31:
                return true;
            case CsrNumber.Mscratch:
                s.Mscratch = value;
                return true;
            case CsrNumber.Mepc:
                s.Mepc = value & ~1UL;
                return true;
            case CsrNumber.Mcause:
                s.Mcause = value;
                return true;
            case CsrNumber.Mtval:
                s.Mtval = value;
                return true;
            case CsrNumber.Pmpcfg0 or CsrNumber.Pmpcfg2:
                for (int i = 0; i < 8; i++)
                    WritePmpConfiguration(ref s, ((csr - CsrNumber.Pmpcfg0) * 4) + i, (byte)(value >> (8 * i)));
                return true;
            case >= CsrNumber.Pmpaddr0 and <= CsrNumber.Pmpaddr15:
                WritePmpAddress(ref s, csr - CsrNumber.Pmpaddr0, value);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Writes mstatus, or the part of it that sstatus shows.</summary>
    private static void WriteStatus(ref HartState s, ulong value, ulong writable)
    {
        ulong next = (s.MStatus & ~writable) | (value & writable);

        // MPP = 2 is no mode: the write leaves MPP alone.
        if ((next & MStatusBits.Mpp) == 2UL << MStatusBits.MppShift)
            next = (next & ~MStatusBits.Mpp) | (s.MStatus & MStatusBits.Mpp);
        const ulong translation = MStatusBits.Mprv | MStatusBits.Mpp | MStatusBits.Sum | MStatusBits.Mxr;
        if (((next ^ s.MStatus) & translation) != 0)
            s.TranslationChanged = 1;
        s.MStatus = next;
        Traps.RequestInterrupt(ref s);
    }

    private void WriteEnvironment(ref HartState s, ulong value)
    {
        // When Sstc is switched off, STIP becomes software's bit and keeps the value that the comparator gave it.
        bool wasPending = (s.Menvcfg & EnvironmentBits.Stce) != 0 && (Volatile.Read(ref s.InterruptInputs) & InterruptBits.SupervisorTimer) != 0;
        s.Menvcfg = value;
        s.TranslationChanged = 1;
        UpdateTimer(ref s);
        if (wasPending && (value & EnvironmentBits.Stce) == 0)
            Interlocked.Or(ref s.Mip, InterruptBits.SupervisorTimer);
    }

    /// <summary>SD: FS is the only field of its kind here.</summary>
    private static ulong Dirty(in HartState s) => (s.MStatus & MStatusBits.Fs) == MStatusBits.Fs ? MStatusBits.Sd : 0;

    /// <summary>mtvec and stvec: modes 0 (direct) and 1 (vectored); a write of another mode changes nothing.</summary>
    private static void WriteTrapVector(ref ulong vector, ulong value)
    {
        if ((value & 3) < 2)
            vector = value;
    }

    private static void WritePmpConfiguration(ref HartState s, int entry, byte value)
    {
        if ((s.PmpConfiguration[entry] & Pmp.Locked) != 0)
            return;

        // W without R is reserved: neither.
        if ((value & (Pmp.Readable | Pmp.Writable)) == Pmp.Writable)
            value &= unchecked((byte)~Pmp.Writable);
        s.PmpConfiguration[entry] = (byte)(value & PmpConfigurationWritable);
        s.PmpEpoch++;
        s.TranslationChanged = 1;
    }

    private static void WritePmpAddress(ref HartState s, int entry, ulong value)
    {
        // A locked TOR entry locks the address below it too: that is where its range begins.
        bool locksBelow = entry + 1 < Pmp.EntryCount && (s.PmpConfiguration[entry + 1] & Pmp.Locked) != 0
            && Pmp.MatchOf(s.PmpConfiguration[entry + 1]) == PmpMatch.TopOfRange;
        if (locksBelow || (s.PmpConfiguration[entry] & Pmp.Locked) != 0)
            return;
        s.PmpAddress[entry] = value & ((1UL << 54) - 1);
        s.PmpEpoch++;
        s.TranslationChanged = 1;
    }
}
