namespace Strata.Cpu.Translations.Ir;

/// <summary>How much of a register somebody reads.</summary>
internal enum Demand : byte
{
    /// <summary>Nothing: it is written again first.</summary>
    None,

    /// <summary>Its low half.</summary>
    Low32,

    /// <summary>All of it.</summary>
    Full,
}

/// <summary>What operations read, write and can bring about.</summary>
internal static class IrEffects
{
    /// <summary>Computes its destination, and does nothing else.</summary>
    public static bool IsPure(IrOpcode opcode) => opcode is >= IrOpcode.Constant and <= IrOpcode.OrCombineBytes;

    public static bool IsLoad(IrOpcode opcode) => opcode is >= IrOpcode.LoadSigned8 and <= IrOpcode.Load64;

    public static bool IsStore(IrOpcode opcode) => opcode is >= IrOpcode.Store8 and <= IrOpcode.Store64;

    /// <summary>Needs the guest's floating point.</summary>
    public static bool IsFloat(IrOpcode opcode) => opcode is >= IrOpcode.FloatAdd and <= IrOpcode.FloatStore;

    /// <summary>Loads or stores, integer or floating-point registers.</summary>
    public static bool Accesses(IrOpcode opcode) => IsLoad(opcode) || IsStore(opcode) || opcode is IrOpcode.FloatLoad or IrOpcode.FloatStore;

    /// <summary>Stores, from either kind of registers.</summary>
    public static bool Stores(IrOpcode opcode) => IsStore(opcode) || opcode == IrOpcode.FloatStore;

    /// <summary>Of how many bytes a load or store is: 1 shifted left by this.</summary>
    public static int SizeLog(in IrInstruction access) => access.Opcode switch
    {
        IrOpcode.LoadSigned8 or IrOpcode.LoadUnsigned8 or IrOpcode.Store8 => 0,
        IrOpcode.LoadSigned16 or IrOpcode.LoadUnsigned16 or IrOpcode.Store16 => 1,
        IrOpcode.LoadSigned32 or IrOpcode.LoadUnsigned32 or IrOpcode.Store32 => 2,
        IrOpcode.FloatLoad or IrOpcode.FloatStore when access.Format == FloatFormat.Binary32 => 2,
        _ => 3,
    };

    public static bool IsBranch(IrOpcode opcode) => opcode is >= IrOpcode.BranchEqual and <= IrOpcode.BranchNotLessUnsigned;

    /// <summary>Works on low halves, and gives a sign-extended one: the result's low half is all that has to be computed to know the rest.</summary>
    public static bool IsNarrow(IrOpcode opcode) => opcode is >= IrOpcode.Add32 and <= IrOpcode.RotateRight32;

    public static bool IsBitwise(IrOpcode opcode) => opcode is IrOpcode.And or IrOpcode.Or or IrOpcode.Xor;

    /// <summary>Its result is the sign-extension of its low half, whatever the operands are.</summary>
    public static bool IsSignExtended(in IrInstruction i) => i.Opcode switch
    {
        IrOpcode.Constant => i.Immediate == (int)i.Immediate,
        IrOpcode.And => i.Right == IrSlot.Immediate && i.Immediate >= 0,
        IrOpcode.LoadSigned8 or IrOpcode.LoadUnsigned8 or IrOpcode.LoadSigned16 or IrOpcode.LoadUnsigned16 or IrOpcode.LoadSigned32 => true,
        IrOpcode.SetLess or IrOpcode.SetLessUnsigned => true,
        _ => IsNarrow(i.Opcode),
    };

    /// <summary>What it reads of its first source.</summary>
    /// <param name="i">The operation.</param>
    /// <param name="isNarrow">Nobody wants the upper half of what it gives.</param>
    public static Demand OfLeft(in IrInstruction i, bool isNarrow) => i.Opcode switch
    {
        IrOpcode.ShiftLeftUnsigned32 or IrOpcode.ShiftAddUnsigned32 or IrOpcode.SignExtend8 or IrOpcode.SignExtend16 or IrOpcode.ZeroExtend16 => Demand.Low32,
        IrOpcode.And when i.Right == IrSlot.Immediate && i.Immediate >= 0 => Demand.Low32,
        _ => isNarrow || IsNarrow(i.Opcode) ? Demand.Low32 : Demand.Full,
    };

    /// <summary>What it reads of its second source.</summary>
    public static Demand OfRight(in IrInstruction i, bool isNarrow) =>
        isNarrow || IsNarrow(i.Opcode) || i.Opcode is IrOpcode.Store8 or IrOpcode.Store16 or IrOpcode.Store32 ? Demand.Low32 : Demand.Full;
}
