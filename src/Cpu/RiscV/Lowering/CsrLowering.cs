// Unprivileged specification 20240411, chapter "Zicsr"; privileged specification 1.13, sections 3.1.6, 3.1.13 to 3.1.16 and 4.1: CSRs that are mere words.
using System.Runtime.CompilerServices;
using Strata.Cpu.RiscV.Csr;
using Strata.Cpu.Translations.Ir;
using Strata.Guest.Time;

namespace Strata.Cpu.RiscV.Lowering;

/// <summary>Lowers the CSR instructions that a kernel's traps and critical sections are made of; all other CSRs are the interpreter's, see <see cref="CsrFile"/>.</summary>
internal static class CsrLowering
{
    private const ulong All = ulong.MaxValue;
    private const ulong SupervisorStatus = MStatusBits.Sie | MStatusBits.Spie | MStatusBits.Spp | MStatusBits.Fs;
    private const ulong MachineStatus = SupervisorStatus | MStatusBits.Mie | MStatusBits.Mpie;

    private static readonly (int Csr, GuestField Field)[] s_rows = Rows();

    /// <summary>The fields, by the number that operations name them with.</summary>
    public static GuestField[] Fields { get; } = [.. s_rows.Select(row => row.Field)];

    /// <summary>CBO.ZERO in S-mode and M-mode, where menvcfg lets S-mode do it.</summary>
    public static GuestBlockZeroing BlockZeroing { get; } = DescribeZeroing();

    /// <summary>rdtime: mcounteren.TM lets S-mode read it, and scounteren.TM with it U-mode.</summary>
    public static GuestTime Time { get; } = DescribeTime();

    /// <summary>Appends a CSR instruction. False: the block ends with it.</summary>
    public static bool Lower(IrBlock block, in Instruction instruction)
    {
        int csr = (int)instruction.Immediate & 0xfff;
        bool isImmediate = instruction.Operation >= Operation.Csrrwi;
        IrOpcode opcode = instruction.Operation switch
        {
            Operation.Csrrw or Operation.Csrrwi => IrOpcode.FieldExchange,
            _ when instruction.Rs1 == 0 => IrOpcode.FieldRead,
            Operation.Csrrs or Operation.Csrrsi => IrOpcode.FieldSet,
            _ => IrOpcode.FieldClear,
        };
        int number = Array.FindIndex(s_rows, row => row.Csr == csr);
        if (number >= 0)
        {
            block.Add(new IrInstruction
            {
                Opcode = opcode,
                Length = (byte)instruction.Length,
                Destination = instruction.Rd == 0 ? IrSlot.None : instruction.Rd,
                Right = isImmediate ? IrSlot.Immediate : instruction.Rs1,
                Third = (byte)number,
                Immediate = instruction.Rs1,
                Bits = instruction.Bits,
            });
            return true;
        }

        if (LowerFloat(block, in instruction, csr, opcode))
            return true;

        if (csr == CsrNumber.Time && opcode == IrOpcode.FieldRead)
        {
            block.Add(new IrInstruction
            {
                Opcode = IrOpcode.TimeRead,
                Length = (byte)instruction.Length,
                Destination = IrSlot.None,
                Third = instruction.Rd,
                Immediate = instruction.Bits,
                Bits = instruction.Bits,
            });
            return true;
        }

        // Counters: reading them changes nothing that the block relies on.
        bool isCounter = opcode == IrOpcode.FieldRead && csr is >= CsrNumber.Cycle and <= CsrNumber.Hpmcounter31;
        block.Add(isCounter ? IrOpcode.Interpret : IrOpcode.InterpretAndLeave, instruction.Length, IrSlot.None, 0, 0, instruction.Bits);
        return isCounter;
    }

    // fflags read and written, frm read: what compilers put around comparisons and roundings that must not raise flags.
    private static bool LowerFloat(IrBlock block, in Instruction instruction, int csr, IrOpcode opcode)
    {
        IrOpcode lowered = (csr, opcode) switch
        {
            (CsrNumber.Fflags, IrOpcode.FieldRead) => IrOpcode.FloatFlagsRead,
            (CsrNumber.Fflags, IrOpcode.FieldExchange) => IrOpcode.FloatFlagsExchange,
            (CsrNumber.Frm, IrOpcode.FieldRead) => IrOpcode.FloatRoundingRead,
            _ => IrOpcode.None,
        };
        if (lowered == IrOpcode.None)
            return false;
        block.Add(new IrInstruction
        {
            Opcode = lowered,
            Length = (byte)instruction.Length,
            Destination = instruction.Rd == 0 ? IrSlot.None : instruction.Rd,
            Right = instruction.Operation >= Operation.Csrrwi ? IrSlot.Immediate : instruction.Rs1,
            Immediate = instruction.Rs1,
            Bits = instruction.Bits,
        });
        return true;
    }

    // What a write to the status may change inline concerns the next trap or return only, or lets interrupts in, or switches floating point on or off while no
    // numbers are loaded, or (SUM) chooses another view.
    private static (int Csr, GuestField Field)[] Rows()
    {
        HartState s = default;
        return
        [
            (CsrNumber.Sstatus,  new(Offset(ref s, ref s.MStatus),  1, CsrFile.SstatusReadable, CsrFile.SstatusWritable, SupervisorStatus, MStatusBits.Sie, MStatusBits.Fs, MStatusBits.Sum)),
            (CsrNumber.Sscratch, new(Offset(ref s, ref s.Sscratch), 1, All, All,  All)),
            (CsrNumber.Sepc,     new(Offset(ref s, ref s.Sepc),     1, All, ~1UL, All)),
            (CsrNumber.Scause,   new(Offset(ref s, ref s.Scause),   1, All, All,  All)),
            (CsrNumber.Stval,    new(Offset(ref s, ref s.Stval),    1, All, All,  All)),
            (CsrNumber.Stvec,    new(Offset(ref s, ref s.Stvec),    1, All, All,  0)),
            (CsrNumber.Mstatus,  new(Offset(ref s, ref s.MStatus),  3, All, CsrFile.MStatusWritable, MachineStatus, MStatusBits.Sie | MStatusBits.Mie, MStatusBits.Fs)),
            (CsrNumber.Mscratch, new(Offset(ref s, ref s.Mscratch), 3, All, All,  All)),
            (CsrNumber.Mepc,     new(Offset(ref s, ref s.Mepc),     3, All, ~1UL, All)),
            (CsrNumber.Mcause,   new(Offset(ref s, ref s.Mcause),   3, All, All,  All)),
            (CsrNumber.Mtval,    new(Offset(ref s, ref s.Mtval),    3, All, All,  All)),
        ];
    }

    private static GuestBlockZeroing DescribeZeroing()
    {
        HartState s = default;
        return new(64, (byte)PrivilegeMode.Supervisor, Offset(ref s, ref s.Menvcfg), (int)EnvironmentBits.Cbze);
    }

    private static GuestTime DescribeTime()
    {
        HartState s = default;
        return new(
            (int)GuestClock.NanosecondsPerTick,
            ((byte)PrivilegeMode.Machine, (byte)PrivilegeMode.User),
            (Offset(ref s, ref s.Mcounteren), Offset(ref s, ref s.Scounteren)),
            1 << (CsrNumber.Time - CsrNumber.Cycle));
    }

    private static int Offset(ref HartState state, ref ulong field) =>
        (int)Unsafe.ByteOffset(ref Unsafe.As<HartState, byte>(ref state), ref Unsafe.As<ulong, byte>(ref field));
}
