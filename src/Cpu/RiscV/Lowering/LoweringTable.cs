// RISC-V unprivileged specification 20240411: which operation of the translator's intermediate representation each instruction is.
using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.RiscV.Lowering.LoweringShape;

namespace Strata.Cpu.RiscV.Lowering;

/// <summary>How an instruction's operands become an operation's.</summary>
internal enum LoweringShape : byte
{
    /// <summary>The interpreter executes it, and the block ends: it traps, or changes the mode, the address space or what the next instructions do.</summary>
    InterpretAndLeave,

    /// <summary>The interpreter executes it.</summary>
    Interpret,

    /// <summary>rd, rs1, rs2; the immediate is the row's.</summary>
    RegisterRegister,

    /// <summary>rd, rs1, the immediate.</summary>
    RegisterImmediate,

    /// <summary>rd, the immediate.</summary>
    Immediate,

    /// <summary>rs1, the immediate, rs2.</summary>
    Store,

    /// <summary>rd, rs1, rs2; the immediate is the instruction itself.</summary>
    Atomic,

    /// <summary>rs1, rs2, the distance.</summary>
    Branch,

    /// <summary>rd, rs1 and the distance; ends the block.</summary>
    Jump,

    /// <summary>See <see cref="FloatLowering"/>.</summary>
    FloatingPoint,

    /// <summary>See <see cref="CsrLowering"/>.</summary>
    CsrAccess,

    /// <summary>Depends on what it orders.</summary>
    Fence,

    /// <summary>No operands; ends the block.</summary>
    Synchronize,

    /// <summary>Nothing happens here.</summary>
    Nothing,

    /// <summary>Calls another mode or returns, see <see cref="TrapLowering"/>; ends the block.</summary>
    ModeChange,
}

/// <summary>One line of <see cref="LoweringTable"/>.</summary>
internal readonly record struct LoweringRow(Operation Operation, LoweringShape Shape, IrOpcode Opcode = IrOpcode.None, int Immediate = 0);

/// <summary>What is not in the table is left to the interpreter, at a block's end.</summary>
internal static class LoweringTable
{
    private static readonly LoweringRow[] s_rows =
    [
        new(Operation.Lui,       Immediate,         IrOpcode.Constant),
        new(Operation.Auipc,     Immediate,         IrOpcode.PcRelative),
        new(Operation.Jal,       Jump,              IrOpcode.Jump),
        new(Operation.Jalr,      Jump,              IrOpcode.JumpIndirect),
        new(Operation.Beq,       Branch,            IrOpcode.BranchEqual),
        new(Operation.Bne,       Branch,            IrOpcode.BranchNotEqual),
        new(Operation.Blt,       Branch,            IrOpcode.BranchLess),
        new(Operation.Bge,       Branch,            IrOpcode.BranchNotLess),
        new(Operation.Bltu,      Branch,            IrOpcode.BranchLessUnsigned),
        new(Operation.Bgeu,      Branch,            IrOpcode.BranchNotLessUnsigned),
        new(Operation.Lb,        RegisterImmediate, IrOpcode.LoadSigned8),
        new(Operation.Lh,        RegisterImmediate, IrOpcode.LoadSigned16),
        new(Operation.Lw,        RegisterImmediate, IrOpcode.LoadSigned32),
        new(Operation.Ld,        RegisterImmediate, IrOpcode.Load64),
        new(Operation.Lbu,       RegisterImmediate, IrOpcode.LoadUnsigned8),
        new(Operation.Lhu,       RegisterImmediate, IrOpcode.LoadUnsigned16),
        new(Operation.Lwu,       RegisterImmediate, IrOpcode.LoadUnsigned32),
        new(Operation.Sb,        Store,             IrOpcode.Store8),
        new(Operation.Sh,        Store,             IrOpcode.Store16),
        new(Operation.Sw,        Store,             IrOpcode.Store32),
        new(Operation.Sd,        Store,             IrOpcode.Store64),
        new(Operation.Addi,      RegisterImmediate, IrOpcode.Add),
        new(Operation.Slti,      RegisterImmediate, IrOpcode.SetLess),
        new(Operation.Sltiu,     RegisterImmediate, IrOpcode.SetLessUnsigned),
        new(Operation.Xori,      RegisterImmediate, IrOpcode.Xor),
        new(Operation.Ori,       RegisterImmediate, IrOpcode.Or),
        new(Operation.Andi,      RegisterImmediate, IrOpcode.And),
        new(Operation.Slli,      RegisterImmediate, IrOpcode.ShiftLeft),
        new(Operation.Srli,      RegisterImmediate, IrOpcode.ShiftRight),
        new(Operation.Srai,      RegisterImmediate, IrOpcode.ShiftRightArithmetic),
        new(Operation.Add,       RegisterRegister,  IrOpcode.Add),
        new(Operation.Sub,       RegisterRegister,  IrOpcode.Subtract),
        new(Operation.Sll,       RegisterRegister,  IrOpcode.ShiftLeft),
        new(Operation.Slt,       RegisterRegister,  IrOpcode.SetLess),
        new(Operation.Sltu,      RegisterRegister,  IrOpcode.SetLessUnsigned),
        new(Operation.Xor,       RegisterRegister,  IrOpcode.Xor),
        new(Operation.Srl,       RegisterRegister,  IrOpcode.ShiftRight),
        new(Operation.Sra,       RegisterRegister,  IrOpcode.ShiftRightArithmetic),
        new(Operation.Or,        RegisterRegister,  IrOpcode.Or),
        new(Operation.And,       RegisterRegister,  IrOpcode.And),
        new(Operation.Addiw,     RegisterImmediate, IrOpcode.Add32),
        new(Operation.Slliw,     RegisterImmediate, IrOpcode.ShiftLeft32),
        new(Operation.Srliw,     RegisterImmediate, IrOpcode.ShiftRight32),
        new(Operation.Sraiw,     RegisterImmediate, IrOpcode.ShiftRightArithmetic32),
        new(Operation.Addw,      RegisterRegister,  IrOpcode.Add32),
        new(Operation.Subw,      RegisterRegister,  IrOpcode.Subtract32),
        new(Operation.Sllw,      RegisterRegister,  IrOpcode.ShiftLeft32),
        new(Operation.Srlw,      RegisterRegister,  IrOpcode.ShiftRight32),
        new(Operation.Sraw,      RegisterRegister,  IrOpcode.ShiftRightArithmetic32),
        new(Operation.Fence,     LoweringShape.Fence),
        new(Operation.FenceTso,  Nothing),
        new(Operation.FenceI,    LoweringShape.Synchronize),
        new(Operation.Pause,     Nothing),
        new(Operation.Ecall,     ModeChange,        IrOpcode.ModeCall),
        new(Operation.Sret,      ModeChange,        IrOpcode.ModeReturn),

        new(Operation.Mul,       RegisterRegister,  IrOpcode.Multiply),
        new(Operation.Mulh,      RegisterRegister,  IrOpcode.MultiplyHigh),
        new(Operation.Mulhsu,    RegisterRegister,  IrOpcode.MultiplyHighSignedUnsigned),
        new(Operation.Mulhu,     RegisterRegister,  IrOpcode.MultiplyHighUnsigned),
        new(Operation.Div,       RegisterRegister,  IrOpcode.Divide),
        new(Operation.Divu,      RegisterRegister,  IrOpcode.DivideUnsigned),
        new(Operation.Rem,       RegisterRegister,  IrOpcode.Remainder),
        new(Operation.Remu,      RegisterRegister,  IrOpcode.RemainderUnsigned),
        new(Operation.Mulw,      RegisterRegister,  IrOpcode.Multiply32),
        new(Operation.Divw,      RegisterRegister,  IrOpcode.Divide32),
        new(Operation.Divuw,     RegisterRegister,  IrOpcode.DivideUnsigned32),
        new(Operation.Remw,      RegisterRegister,  IrOpcode.Remainder32),
        new(Operation.Remuw,     RegisterRegister,  IrOpcode.RemainderUnsigned32),

        new(Operation.AddUw,     RegisterRegister,  IrOpcode.ShiftAddUnsigned32, 0),
        new(Operation.Sh1add,    RegisterRegister,  IrOpcode.ShiftAdd,           1),
        new(Operation.Sh2add,    RegisterRegister,  IrOpcode.ShiftAdd,           2),
        new(Operation.Sh3add,    RegisterRegister,  IrOpcode.ShiftAdd,           3),
        new(Operation.Sh1addUw,  RegisterRegister,  IrOpcode.ShiftAddUnsigned32, 1),
        new(Operation.Sh2addUw,  RegisterRegister,  IrOpcode.ShiftAddUnsigned32, 2),
        new(Operation.Sh3addUw,  RegisterRegister,  IrOpcode.ShiftAddUnsigned32, 3),
        new(Operation.SlliUw,    RegisterImmediate, IrOpcode.ShiftLeftUnsigned32),
        new(Operation.Andn,      RegisterRegister,  IrOpcode.AndNot),
        new(Operation.Orn,       RegisterRegister,  IrOpcode.OrNot),
        new(Operation.Xnor,      RegisterRegister,  IrOpcode.XorNot),
        new(Operation.Clz,       RegisterRegister,  IrOpcode.LeadingZeros),
        new(Operation.Ctz,       RegisterRegister,  IrOpcode.TrailingZeros),
        new(Operation.Cpop,      RegisterRegister,  IrOpcode.PopulationCount),
        new(Operation.Clzw,      RegisterRegister,  IrOpcode.LeadingZeros32),
        new(Operation.Ctzw,      RegisterRegister,  IrOpcode.TrailingZeros32),
        new(Operation.Cpopw,     RegisterRegister,  IrOpcode.PopulationCount32),
        new(Operation.Min,       RegisterRegister,  IrOpcode.Minimum),
        new(Operation.Minu,      RegisterRegister,  IrOpcode.MinimumUnsigned),
        new(Operation.Max,       RegisterRegister,  IrOpcode.Maximum),
        new(Operation.Maxu,      RegisterRegister,  IrOpcode.MaximumUnsigned),
        new(Operation.SextB,     RegisterRegister,  IrOpcode.SignExtend8),
        new(Operation.SextH,     RegisterRegister,  IrOpcode.SignExtend16),
        new(Operation.ZextH,     RegisterRegister,  IrOpcode.ZeroExtend16),
        new(Operation.Rol,       RegisterRegister,  IrOpcode.RotateLeft),
        new(Operation.Ror,       RegisterRegister,  IrOpcode.RotateRight),
        new(Operation.Rori,      RegisterImmediate, IrOpcode.RotateRight),
        new(Operation.Rolw,      RegisterRegister,  IrOpcode.RotateLeft32),
        new(Operation.Rorw,      RegisterRegister,  IrOpcode.RotateRight32),
        new(Operation.Roriw,     RegisterImmediate, IrOpcode.RotateRight32),
        new(Operation.OrcB,      RegisterRegister,  IrOpcode.OrCombineBytes),
        new(Operation.Rev8,      RegisterRegister,  IrOpcode.ReverseBytes),
        new(Operation.Bclr,      RegisterRegister,  IrOpcode.BitClear),
        new(Operation.Bclri,     RegisterImmediate, IrOpcode.BitClear),
        new(Operation.Bext,      RegisterRegister,  IrOpcode.BitExtract),
        new(Operation.Bexti,     RegisterImmediate, IrOpcode.BitExtract),
        new(Operation.Binv,      RegisterRegister,  IrOpcode.BitInvert),
        new(Operation.Binvi,     RegisterImmediate, IrOpcode.BitInvert),
        new(Operation.Bset,      RegisterRegister,  IrOpcode.BitSet),
        new(Operation.Bseti,     RegisterImmediate, IrOpcode.BitSet),
        new(Operation.CzeroEqz,  RegisterRegister,  IrOpcode.ZeroIfZero),
        new(Operation.CzeroNez,  RegisterRegister,  IrOpcode.ZeroIfNotZero),

        // Acquire and release need nothing more on a host with total store order.
        new(Operation.AmoswapW,   Atomic,            IrOpcode.AtomicExchange32),
        new(Operation.AmoaddW,    Atomic,            IrOpcode.AtomicAdd32),
        new(Operation.AmoandW,    Atomic,            IrOpcode.AtomicAnd32),
        new(Operation.AmoorW,     Atomic,            IrOpcode.AtomicOr32),
        new(Operation.AmoxorW,    Atomic,            IrOpcode.AtomicXor32),
        new(Operation.AmominW,    Atomic,            IrOpcode.AtomicMinimum32),
        new(Operation.AmomaxW,    Atomic,            IrOpcode.AtomicMaximum32),
        new(Operation.AmominuW,   Atomic,            IrOpcode.AtomicMinimumUnsigned32),
        new(Operation.AmomaxuW,   Atomic,            IrOpcode.AtomicMaximumUnsigned32),
        new(Operation.AmoswapD,   Atomic,            IrOpcode.AtomicExchange64),
        new(Operation.AmoaddD,    Atomic,            IrOpcode.AtomicAdd64),
        new(Operation.AmoandD,    Atomic,            IrOpcode.AtomicAnd64),
        new(Operation.AmoorD,     Atomic,            IrOpcode.AtomicOr64),
        new(Operation.AmoxorD,    Atomic,            IrOpcode.AtomicXor64),
        new(Operation.AmominD,    Atomic,            IrOpcode.AtomicMinimum64),
        new(Operation.AmomaxD,    Atomic,            IrOpcode.AtomicMaximum64),
        new(Operation.AmominuD,   Atomic,            IrOpcode.AtomicMinimumUnsigned64),
        new(Operation.AmomaxuD,   Atomic,            IrOpcode.AtomicMaximumUnsigned64),

        new(Operation.LrW,        Atomic,            IrOpcode.LoadReserved32),
        new(Operation.LrD,        Atomic,            IrOpcode.LoadReserved64),
        new(Operation.ScW,        Atomic,            IrOpcode.StoreConditional32),
        new(Operation.ScD,        Atomic,            IrOpcode.StoreConditional64),

        new(Operation.Csrrw,     CsrAccess),
        new(Operation.Csrrs,     CsrAccess),
        new(Operation.Csrrc,     CsrAccess),
        new(Operation.Csrrwi,    CsrAccess),
        new(Operation.Csrrsi,    CsrAccess),
        new(Operation.Csrrci,    CsrAccess),

        new(Operation.PrefetchI, Nothing),
        new(Operation.PrefetchR, Nothing),
        new(Operation.PrefetchW, Nothing),

        // Nothing that comes after them in the block depends on what they change.
        new(Operation.CboZero,   Atomic,            IrOpcode.ZeroBlock),
        new(Operation.CboClean,  Interpret),
        new(Operation.CboFlush,  Interpret),
        new(Operation.CboInval,  Interpret),
        new(Operation.WrsSto,    Interpret),
        new(Operation.WrsNto,    Interpret),
    ];

    /// <summary>The table by operation; atomics and what is left of floating point follow the interpreter's own classes.</summary>
    public static LoweringRow[] ByOperation()
    {
        LoweringRow[] rows = new LoweringRow[(int)Operation.SfenceInvalIr + 1];
        for (Operation operation = Operation.LrW; operation <= Operation.AmomaxuD; operation++)
            rows[(int)operation] = new LoweringRow(operation, Interpret);
        for (Operation operation = Operation.Flw; operation <= Operation.FmvHX; operation++)
            rows[(int)operation] = new LoweringRow(operation, Interpret);
        foreach (LoweringRow row in s_rows)
            rows[(int)row.Operation] = row;
        foreach (FloatLoweringRow row in FloatLowering.Rows)
            rows[(int)row.Operation] = new LoweringRow(row.Operation, LoweringShape.FloatingPoint, row.Opcode);
        return rows;
    }
}
