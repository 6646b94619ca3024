// RISC-V unprivileged specification 20240411, chapters "F" and "D": which operation each floating-point instruction is.
using Strata.Cpu.RiscV.Csr;
using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.RiscV.Lowering.FloatOperands;
using static Strata.Cpu.RiscV.Lowering.RoundingField;
using static Strata.Cpu.Translations.Ir.FloatFormat;
using Flags = Strata.Cpu.FloatingPoint.FloatingPointFlags;

namespace Strata.Cpu.RiscV.Lowering;

/// <summary>Which operands are floating-point registers.</summary>
internal enum FloatOperands : byte
{
    /// <summary>All.</summary>
    AllFloat,

    /// <summary>All but rd.</summary>
    ToInteger,

    /// <summary>rd only; rs1 is an integer.</summary>
    FromInteger,

    /// <summary>The one that is stored.</summary>
    Stored,
}

/// <summary>What the field rm means to the translation.</summary>
internal enum RoundingField : byte
{
    /// <summary>There is none.</summary>
    NoField,

    /// <summary>The result is exact, so that any mode that is not reserved will do.</summary>
    Exact,

    /// <summary>Only DYN.</summary>
    Dynamic,

    /// <summary>All but RMM.</summary>
    AllButOne,

    /// <summary>DYN; all others if the result turns out to be exact.</summary>
    DynamicOrExact,

    /// <summary>Only RTZ.</summary>
    Truncate,
}

/// <summary>One line of <see cref="FloatLowering"/>.</summary>
internal readonly record struct FloatLoweringRow(Operation Operation, IrOpcode Opcode, FloatFormat Format, FloatOperands Operands, RoundingField Rounding);

/// <summary>Lowers floating-point instructions. What is not in the table, and modes that only a field can ask for, are left to the interpreter.</summary>
internal static class FloatLowering
{
    private const byte FirstFloat = 32;
    private const int RoundTowardZero = 1;
    private const int RoundNearestMaxMagnitude = 4;
    private const int RoundDynamic = 7;

    /// <summary>The rows.</summary>
    public static FloatLoweringRow[] Rows { get; } =
    [
        new(Operation.Flw,     IrOpcode.FloatLoad,                    Binary32, FromInteger, NoField),
        new(Operation.Fsw,     IrOpcode.FloatStore,                   Binary32, Stored,      NoField),
        new(Operation.FmaddS,  IrOpcode.FloatMultiplyAdd,             Binary32, AllFloat,    Dynamic),
        new(Operation.FmsubS,  IrOpcode.FloatMultiplySubtract,        Binary32, AllFloat,    Dynamic),
        new(Operation.FnmsubS, IrOpcode.FloatNegatedMultiplyAdd,      Binary32, AllFloat,    Dynamic),
        new(Operation.FnmaddS, IrOpcode.FloatNegatedMultiplySubtract, Binary32, AllFloat,    Dynamic),
        new(Operation.FaddS,   IrOpcode.FloatAdd,                     Binary32, AllFloat,    Dynamic),
        new(Operation.FsubS,   IrOpcode.FloatSubtract,                Binary32, AllFloat,    Dynamic),
        new(Operation.FmulS,   IrOpcode.FloatMultiply,                Binary32, AllFloat,    Dynamic),
        new(Operation.FdivS,   IrOpcode.FloatDivide,                  Binary32, AllFloat,    Dynamic),
        new(Operation.FsqrtS,  IrOpcode.FloatSquareRoot,              Binary32, AllFloat,    Dynamic),
        new(Operation.FsgnjS,  IrOpcode.FloatCopySign,                Binary32, AllFloat,    NoField),
        new(Operation.FsgnjnS, IrOpcode.FloatCopySignNegated,         Binary32, AllFloat,    NoField),
        new(Operation.FsgnjxS, IrOpcode.FloatXorSign,                 Binary32, AllFloat,    NoField),
        new(Operation.FminS,   IrOpcode.FloatMinimum,                 Binary32, AllFloat,    NoField),
        new(Operation.FmaxS,   IrOpcode.FloatMaximum,                 Binary32, AllFloat,    NoField),
        new(Operation.FeqS,    IrOpcode.FloatEqual,                   Binary32, ToInteger,   NoField),
        new(Operation.FltS,    IrOpcode.FloatLess,                    Binary32, ToInteger,   NoField),
        new(Operation.FleS,    IrOpcode.FloatLessOrEqual,             Binary32, ToInteger,   NoField),
        new(Operation.FcvtWS,  IrOpcode.FloatToSigned32,              Binary32, ToInteger,   AllButOne),
        new(Operation.FcvtWuS, IrOpcode.FloatToUnsigned32,            Binary32, ToInteger,   Truncate),
        new(Operation.FcvtLS,  IrOpcode.FloatToSigned64,              Binary32, ToInteger,   AllButOne),
        new(Operation.FcvtLuS, IrOpcode.FloatToUnsigned64,            Binary32, ToInteger,   Truncate),
        new(Operation.FcvtSW,  IrOpcode.FloatFromSigned32,            Binary32, FromInteger, DynamicOrExact),
        new(Operation.FcvtSWu, IrOpcode.FloatFromUnsigned32,          Binary32, FromInteger, Dynamic),
        new(Operation.FcvtSL,  IrOpcode.FloatFromSigned64,            Binary32, FromInteger, DynamicOrExact),
        new(Operation.FcvtSLu, IrOpcode.FloatFromUnsigned64,          Binary32, FromInteger, Dynamic),
        new(Operation.FmvXW,   IrOpcode.FloatBitsToInteger,           Binary32, ToInteger,   NoField),
        new(Operation.FmvWX,   IrOpcode.FloatBitsFromInteger,         Binary32, FromInteger, NoField),

        new(Operation.Fld,     IrOpcode.FloatLoad,                    Binary64, FromInteger, NoField),
        new(Operation.Fsd,     IrOpcode.FloatStore,                   Binary64, Stored,      NoField),
        new(Operation.FmaddD,  IrOpcode.FloatMultiplyAdd,             Binary64, AllFloat,    Dynamic),
        new(Operation.FmsubD,  IrOpcode.FloatMultiplySubtract,        Binary64, AllFloat,    Dynamic),
        new(Operation.FnmsubD, IrOpcode.FloatNegatedMultiplyAdd,      Binary64, AllFloat,    Dynamic),
        new(Operation.FnmaddD, IrOpcode.FloatNegatedMultiplySubtract, Binary64, AllFloat,    Dynamic),
        new(Operation.FaddD,   IrOpcode.FloatAdd,                     Binary64, AllFloat,    Dynamic),
        new(Operation.FsubD,   IrOpcode.FloatSubtract,                Binary64, AllFloat,    Dynamic),
        new(Operation.FmulD,   IrOpcode.FloatMultiply,                Binary64, AllFloat,    Dynamic),
        new(Operation.FdivD,   IrOpcode.FloatDivide,                  Binary64, AllFloat,    Dynamic),
        new(Operation.FsqrtD,  IrOpcode.FloatSquareRoot,              Binary64, AllFloat,    Dynamic),
        new(Operation.FsgnjD,  IrOpcode.FloatCopySign,                Binary64, AllFloat,    NoField),
        new(Operation.FsgnjnD, IrOpcode.FloatCopySignNegated,         Binary64, AllFloat,    NoField),
        new(Operation.FsgnjxD, IrOpcode.FloatXorSign,                 Binary64, AllFloat,    NoField),
        new(Operation.FminD,   IrOpcode.FloatMinimum,                 Binary64, AllFloat,    NoField),
        new(Operation.FmaxD,   IrOpcode.FloatMaximum,                 Binary64, AllFloat,    NoField),
        new(Operation.FeqD,    IrOpcode.FloatEqual,                   Binary64, ToInteger,   NoField),
        new(Operation.FltD,    IrOpcode.FloatLess,                    Binary64, ToInteger,   NoField),
        new(Operation.FleD,    IrOpcode.FloatLessOrEqual,             Binary64, ToInteger,   NoField),
        new(Operation.FcvtWD,  IrOpcode.FloatToSigned32,              Binary64, ToInteger,   AllButOne),
        new(Operation.FcvtWuD, IrOpcode.FloatToUnsigned32,            Binary64, ToInteger,   Truncate),
        new(Operation.FcvtLD,  IrOpcode.FloatToSigned64,              Binary64, ToInteger,   AllButOne),
        new(Operation.FcvtLuD, IrOpcode.FloatToUnsigned64,            Binary64, ToInteger,   Truncate),
        new(Operation.FcvtDW,  IrOpcode.FloatFromSigned32,            Binary64, FromInteger, Exact),
        new(Operation.FcvtDWu, IrOpcode.FloatFromUnsigned32,          Binary64, FromInteger, Exact),
        new(Operation.FcvtDL,  IrOpcode.FloatFromSigned64,            Binary64, FromInteger, DynamicOrExact),
        new(Operation.FcvtDLu, IrOpcode.FloatFromUnsigned64,          Binary64, FromInteger, Dynamic),
        new(Operation.FcvtSD,  IrOpcode.FloatConvert,                 Binary32, AllFloat,    Dynamic),
        new(Operation.FcvtDS,  IrOpcode.FloatConvert,                 Binary64, AllFloat,    Exact),
        new(Operation.FmvXD,   IrOpcode.FloatBitsToInteger,           Binary64, ToInteger,   NoField),
        new(Operation.FmvDX,   IrOpcode.FloatBitsFromInteger,         Binary64, FromInteger, NoField),
    ];

    private static readonly FloatLoweringRow[] s_byOperation = ByOperation();

    /// <summary>What the back end must know. The registers that compiled code uses most: fa5, fa4, fa0 to fa3, fa6, fa7, ft0 to ft3, fs0, fs1.</summary>
    public static GuestFloats Floats { get; } = new()
    {
        HotSlots = [47, 46, 42, 43, 44, 45, 48, 49, 32, 33, 34, 35, 40, 41],
        StatusMask = (int)MStatusBits.Fs,

        // RNE, RTZ, RDN, RUP; RMM, and what is reserved.
        Roundings =
        [
            FloatRounding.Nearest, FloatRounding.Zero, FloatRounding.Down, FloatRounding.Up,
            FloatRounding.Other, FloatRounding.Other, FloatRounding.Other, FloatRounding.Other,
        ],
        Invalid = (byte)Flags.Invalid,
        DivideByZero = (byte)Flags.DivideByZero,
        Overflow = (byte)Flags.Overflow,
        Underflow = (byte)Flags.Underflow,
        Inexact = (byte)Flags.Inexact,
    };

    /// <summary>The operation of an instruction that is in the table.</summary>
    public static IrInstruction Lower(in Instruction instruction)
    {
        FloatLoweringRow row = s_byOperation[(int)instruction.Operation];
        int field = instruction.RoundingMode;
        bool isInline = row.Rounding switch
        {
            NoField => true,
            Exact => field is <= RoundNearestMaxMagnitude or RoundDynamic,
            Dynamic => field == RoundDynamic,
            DynamicOrExact => field is <= RoundNearestMaxMagnitude or RoundDynamic,
            AllButOne => field is < RoundNearestMaxMagnitude or RoundDynamic,
            _ => field == RoundTowardZero,
        };
        if (!isInline)
            return new IrInstruction { Opcode = IrOpcode.Interpret, Length = (byte)instruction.Length, Destination = IrSlot.None, Immediate = instruction.Bits };

        bool hasInteger = row.Operands is FromInteger or Stored;
        return new IrInstruction
        {
            Opcode = row.Opcode,
            Format = row.Format,
            Length = (byte)instruction.Length,
            Bits = instruction.Bits,
            Destination = row.Operands switch
            {
                Stored => IrSlot.None,
                ToInteger => instruction.Rd == 0 ? IrSlot.None : instruction.Rd,
                _ => (byte)(FirstFloat + instruction.Rd),
            },
            Left = hasInteger ? instruction.Rs1 : (byte)(FirstFloat + instruction.Rs1),
            Right = (byte)(FirstFloat + instruction.Rs2),
            Third = (byte)(FirstFloat + instruction.Rs3),
            Immediate = row.Rounding switch
            {
                NoField => instruction.Immediate,
                AllButOne or Truncate when field != RoundDynamic => 1 + (int)Floats.Roundings[field],
                DynamicOrExact when field != RoundDynamic => 1,
                _ => 0,
            },
        };
    }

    private static FloatLoweringRow[] ByOperation()
    {
        FloatLoweringRow[] rows = new FloatLoweringRow[(int)Operation.SfenceInvalIr + 1];
        foreach (FloatLoweringRow row in Rows)
            rows[(int)row.Operation] = row;
        return rows;
    }
}
