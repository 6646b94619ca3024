namespace Strata.Cpu.RiscV.Csr;

/// <content>CSRs of S-mode, numbers 0x100 to 0x1ff, and pending interrupts.</content>
public sealed partial class CsrFile
{
    internal const ulong SstatusWritable = MStatusBits.Sie | MStatusBits.Spie | MStatusBits.Spp | MStatusBits.Fs | MStatusBits.Sum | MStatusBits.Mxr;
    internal const ulong SstatusReadable = SstatusWritable | (3UL << 32);
    private const ulong SenvcfgWritable = EnvironmentBits.Fiom | EnvironmentBits.Cbie | EnvironmentBits.Cbcfe | EnvironmentBits.Cbze;

    private static bool ReadSupervisor(ref HartState s, int csr, out ulong value)
    {
        switch (csr)
        {
            case CsrNumber.Sstatus:
                value = (s.MStatus & SstatusReadable) | Dirty(in s);
                return true;
            case CsrNumber.Sie:
                value = s.Mie & s.Mideleg;
                return true;
            case CsrNumber.Stvec:
                value = s.Stvec;
                return true;
            case CsrNumber.Scounteren:
                value = s.Scounteren;
                return true;
            case CsrNumber.Senvcfg:
                value = s.Senvcfg;
                return true;
            case CsrNumber.Sscratch:
                value = s.Sscratch;
                return true;
            case CsrNumber.Sepc:
                value = s.Sepc;
                return true;
            case CsrNumber.Scause:
                value = s.Scause;
                return true;
            case CsrNumber.Stval:
                value = s.Stval;
                return true;
            case CsrNumber.Sip:
                value = Traps.Pending(ref s) & s.Mideleg;
                return true;
            case CsrNumber.Stimecmp:
                value = s.Stimecmp;
                return true;
            case CsrNumber.Satp:
                value = s.Satp;
                return true;
            default:
                return Absent(out value);
        }
    }

    private bool WriteSupervisor(ref HartState s, int csr, ulong value)
    {
        switch (csr)
        {
            case CsrNumber.Sstatus:
                WriteStatus(ref s, value, SstatusWritable);
                return true;
            case CsrNumber.Sie:
                s.Mie = (s.Mie & ~s.Mideleg) | (value & s.Mideleg);
                Traps.RequestInterrupt(ref s);
                return true;
            case CsrNumber.Stvec:
                WriteTrapVector(ref s.Stvec, value);
                return true;
            case CsrNumber.Scounteren:
                s.Scounteren = value & CounterMask;
                return true;
            case CsrNumber.Senvcfg:
                s.Senvcfg = value & SenvcfgWritable;
                return true;
            case CsrNumber.Sscratch:
                s.Sscratch = value;
                return true;
            case CsrNumber.Sepc:
                s.Sepc = value & ~1UL;
                return true;
            case CsrNumber.Scause:
                s.Scause = value;
                return true;
            case CsrNumber.Stval:
                s.Stval = value;
                return true;
            case CsrNumber.Stimecmp:
                s.Stimecmp = value;
                UpdateTimer(ref s);
                return true;
            case CsrNumber.Satp:
                WriteSatp(ref s, value);
                return true;
            default:
                return false;
        }
    }

    /// <summary>satp: bare, and Sv39 up to what the hart offers, with 16 bits of ASID; a write of any other mode changes nothing.</summary>
    private void WriteSatp(ref HartState s, ulong value)
    {
        bool isSupported = (value >> 60) switch
        {
            0 => true,
            8 => _configuration.VirtualAddressBits >= 39,
            9 => _configuration.VirtualAddressBits >= 48,
            10 => _configuration.VirtualAddressBits >= 57,
            _ => false,
        };
        if (!isSupported)
            return;
        s.Satp = value;
        s.TranslationChanged = 1;
    }

    /// <summary>Writes mip or sip: only what software may, and of SEIP only software's own bit, whatever the line's level (section 3.1.9).</summary>
    private static void ChangePending(ref HartState s, int csr, CsrOperation operation, ulong operand)
    {
        ulong writable = csr == CsrNumber.Sip
            ? InterruptBits.SupervisorSoftware & s.Mideleg
            : (s.Menvcfg & EnvironmentBits.Stce) != 0 ? InterruptBits.Supervisor & ~InterruptBits.SupervisorTimer : InterruptBits.Supervisor;
        ulong set = operation == CsrOperation.Clear ? 0 : operand & writable;
        ulong clear = operation switch
        {
            CsrOperation.Set => 0,
            CsrOperation.Clear => operand & writable,
            _ => writable & ~operand,
        };
        if (clear != 0)
            Interlocked.And(ref s.Mip, ~clear);
        if (set != 0)
            Interlocked.Or(ref s.Mip, set);
        Traps.RequestInterrupt(ref s);
    }

    internal void UpdateTimer(ref HartState s)
    {
        bool isEnabled = (s.Menvcfg & EnvironmentBits.Stce) != 0;

        // With Sstc STIP is the comparator's output alone.
        if (isEnabled)
            Interlocked.And(ref s.Mip, ~InterruptBits.SupervisorTimer);
        _timer.Set(isEnabled ? s.Stimecmp : ulong.MaxValue);
        Traps.RequestInterrupt(ref s);
    }
}
