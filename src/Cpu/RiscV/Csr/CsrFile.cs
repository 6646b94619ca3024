// Unprivileged specification, chapter "Zicsr"; privileged specification 1.13, chapters 2, 3.1, 3.7, 4.1 and "Sstc".
// Where these leave a choice (WARL fields, reset values), docs/compatibility.md says what was chosen and why.
using Strata.Guest.Interrupts;
using Strata.Guest.Time;

namespace Strata.Cpu.RiscV.Csr;

/// <summary>How an instruction changes a CSR.</summary>
public enum CsrOperation
{
    /// <summary>CSRRW: the operand replaces the value.</summary>
    Write,

    /// <summary>CSRRS: the operand's bits are set.</summary>
    Set,

    /// <summary>CSRRC: the operand's bits are cleared.</summary>
    Clear,
}

/// <summary>The CSRs of one hart as its instructions see them: who may access which, and what a write leaves behind. The values live in <see cref="HartState"/>.</summary>
/// <remarks>
/// Whatever a write changes besides its register is done here: <see cref="HartState.TranslationChanged"/>, <see cref="HartState.PmpEpoch"/>, the supervisor
/// timer, and <see cref="ExitRequest.Interrupt"/> if an interrupt can be taken now (section 3.1.9 wants that looked at right after the instruction).
/// Used by whichever carrier runs the hart.
/// </remarks>
public sealed partial class CsrFile
{
    private readonly HartConfiguration _configuration;
    private readonly GuestClock _clock;
    private readonly SupervisorTimer _timer;

    /// <summary>Makes the CSRs of a hart.</summary>
    /// <param name="configuration">What the hart is.</param>
    /// <param name="clock">Where time and the supervisor timer come from.</param>
    /// <param name="supervisorTimer">The hart's own STIP input.</param>
    public CsrFile(HartConfiguration configuration, GuestClock clock, IInterruptLine supervisorTimer)
    {
        _configuration = configuration;
        _clock = clock;
        _timer = new SupervisorTimer(clock, $"hart {configuration.HartId} stimecmp", supervisorTimer);
    }

    /// <summary>Reads a CSR for an instruction in the hart's present mode. False: an illegal instruction.</summary>
    public bool Read(ref HartState s, int csr, out ulong value)
    {
        value = 0;
        return IsAccessible(in s, csr) && ReadRegister(ref s, csr, out value);
    }

    /// <summary>Writes a CSR for an instruction in the hart's present mode. False: an illegal instruction, nothing has changed.</summary>
    public bool Write(ref HartState s, int csr, ulong value) => ReadModifyWrite(ref s, csr, CsrOperation.Write, value, out _);

    /// <summary>CSRRW, CSRRS and CSRRC where they write (the latter two with another source than x0). False: an illegal instruction, nothing has changed.</summary>
    /// <param name="s">The hart.</param>
    /// <param name="csr">The CSR's address.</param>
    /// <param name="operation">What the instruction does.</param>
    /// <param name="operand">rs1's value or the immediate.</param>
    /// <param name="old">The value before, for rd.</param>
    public bool ReadModifyWrite(ref HartState s, int csr, CsrOperation operation, ulong operand, out ulong old)
    {
        old = 0;
        if (csr >> 10 == 3 || !IsAccessible(in s, csr) || !ReadRegister(ref s, csr, out old))
            return false;

        // No bits to set or clear: as in QEMU not even FS becomes dirty.
        if (operand == 0 && operation != CsrOperation.Write)
            return true;

        // Other threads set bits of mip meanwhile: it alone is changed bit by bit.
        if (csr is CsrNumber.Mip or CsrNumber.Sip)
        {
            ChangePending(ref s, csr, operation, operand);
        }
        else
        {
            ulong value = operation switch
            {
                CsrOperation.Set => old | operand,
                CsrOperation.Clear => old & ~operand,
                _ => operand,
            };
            if (!WriteRegister(ref s, csr, value))
                return false;
        }

        return true;
    }

    /// <summary>Brings what is outside the state (the timer) in line with it: after a reset and after a restore.</summary>
    public void Synchronize(ref HartState s) => UpdateTimer(ref s);

    private bool IsAccessible(in HartState s, int csr)
    {
        if ((int)s.Privilege < ((csr >> 8) & 3))
            return false;
        return csr switch
        {
            CsrNumber.Fflags or CsrNumber.Frm or CsrNumber.Fcsr => (s.MStatus & MStatusBits.Fs) != 0,
            CsrNumber.Satp => s.Privilege != PrivilegeMode.Supervisor || (s.MStatus & MStatusBits.Tvm) == 0,
            CsrNumber.Stimecmp => s.Privilege == PrivilegeMode.Machine
                || ((s.Menvcfg & EnvironmentBits.Stce) != 0 && (s.Mcounteren & (1 << (CsrNumber.Time - CsrNumber.Cycle))) != 0),
            >= CsrNumber.Cycle and <= CsrNumber.Hpmcounter31 => IsCounterAccessible(in s, csr - CsrNumber.Cycle),
            _ => true,
        };
    }

    private static bool IsCounterAccessible(in HartState s, int counter) => s.Privilege switch
    {
        PrivilegeMode.Machine => true,
        PrivilegeMode.Supervisor => (s.Mcounteren >> counter & 1) != 0,
        _ => (s.Mcounteren & s.Scounteren & (1UL << counter)) != 0,
    };

    private bool ReadRegister(ref HartState s, int csr, out ulong value) => (csr >> 8) switch
    {
        0x0 => ReadFloatingPoint(in s, csr, out value),
        0x1 => ReadSupervisor(ref s, csr, out value),
        0x3 => ReadMachine(ref s, csr, out value),
        0xb or 0xc => ReadCounter(in s, csr, out value),
        0xf => ReadIdentity(csr, out value),
        _ => Absent(out value),
    };

    private bool WriteRegister(ref HartState s, int csr, ulong value) => (csr >> 8) switch
    {
        0x0 => WriteFloatingPoint(ref s, csr, value),
        0x1 => WriteSupervisor(ref s, csr, value),
        0x3 => WriteMachine(ref s, csr, value),
        _ => WriteCounter(ref s, csr, value),
    };

    private bool ReadIdentity(int csr, out ulong value)
    {
        value = csr == CsrNumber.Mhartid ? (ulong)_configuration.HartId : 0;
        return csr is >= CsrNumber.Mvendorid and <= CsrNumber.Mconfigptr;
    }

    private static bool ReadFloatingPoint(in HartState s, int csr, out ulong value)
    {
        value = csr switch
        {
            CsrNumber.Fflags => s.Fflags,
            CsrNumber.Frm => s.Frm,
            _ => ((ulong)s.Frm << 5) | s.Fflags,
        };
        return csr is >= CsrNumber.Fflags and <= CsrNumber.Fcsr;
    }

    private static bool WriteFloatingPoint(ref HartState s, int csr, ulong value)
    {
        if (csr != CsrNumber.Frm)
            s.Fflags = (byte)(value & 0x1f);
        if (csr != CsrNumber.Fflags)
            s.Frm = (byte)((csr == CsrNumber.Frm ? value : value >> 5) & 7);
        s.MStatus |= MStatusBits.Fs;
        return true;
    }

    private static bool Absent(out ulong value)
    {
        value = 0;
        return false;
    }
}
