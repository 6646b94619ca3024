using Strata.Cpu.RiscV;

namespace Strata.Cpu.Interpreter;

/// <summary>Turns a decoded instruction into a slot.</summary>
internal static class SlotDecoder
{
    /// <summary>The slot of an instruction.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="offset">Its offset in its page, or -1 if it stands alone, so that every jump leaves.</param>
    public static DecodedSlot Decode(in Instruction instruction, int offset)
    {
        DecodedSlot slot = default;
        slot.Op = instruction.Operation;
        slot.Word = (int)((uint)instruction.Immediate << 8);
        slot.Rd = instruction.Rd == 0 ? (byte)SlotRegister.Discarded : instruction.Rd;
        slot.Rs1 = instruction.Rs1;
        slot.Length = (byte)(instruction.Length * 4);
        if (instruction.Row is not { } row)
            return slot;

        switch (row.Format)
        {
            case InstructionFormat.U or InstructionFormat.CLui:
                slot.Word = (instruction.Immediate >> 12 << 8) | slot.Length;
                break;
            case InstructionFormat.R or InstructionFormat.R4 or InstructionFormat.Atomic or InstructionFormat.CA or InstructionFormat.CMv or InstructionFormat.CAdd:
                slot.Rs2 = instruction.Rs2;
                slot.Rs3 = instruction.Rs3;
                slot.RoundingMode = instruction.RoundingMode;
                break;
            case InstructionFormat.S or InstructionFormat.CSw or InstructionFormat.CSd or InstructionFormat.CSwsp or InstructionFormat.CSdsp:
                slot.Source = instruction.Rs2;
                break;
            case InstructionFormat.B or InstructionFormat.CB:
                slot.Source = instruction.Rs2;
                Jump(ref slot, instruction.Immediate, offset);
                break;
            case InstructionFormat.J or InstructionFormat.CJ:
                Jump(ref slot, instruction.Immediate, offset);
                break;
            default:
                break;
        }

        if (slot.Op == Operation.Jalr && offset < 0)
            slot.Op = SlotOperation.FarJalr;
        if (row.Operands.Contains('f', StringComparison.Ordinal))
            BiasFloatRegisters(ref slot, row.Operands, instruction);
        return slot;
    }

    private static void Jump(ref DecodedSlot slot, int distance, int offset)
    {
        if (offset >= 0 && (uint)(offset + distance) < 4096)
        {
            slot.Word = (distance * 4 << 8) | slot.Length;
        }
        else if (slot.Op == Operation.Jal)
        {
            slot.Op = SlotOperation.FarJal;
        }
        else
        {
            slot.Rs2 = (byte)slot.Op;
            slot.FarOffset = (short)distance;
            slot.Op = SlotOperation.FarBranch;
        }
    }

    private static void BiasFloatRegisters(ref DecodedSlot slot, string operands, in Instruction instruction)
    {
        if (operands.StartsWith("fd", StringComparison.Ordinal))
            slot.Rd = (byte)(instruction.Rd + SlotRegister.FirstFloat);
        if (operands.Contains("fs1", StringComparison.Ordinal))
            slot.Rs1 += SlotRegister.FirstFloat;
        if (operands.StartsWith("fs2", StringComparison.Ordinal))
        {
            slot.Source = (byte)(instruction.Rs2 + SlotRegister.FirstFloat);
            return;
        }

        if (operands.Contains("fs2", StringComparison.Ordinal))
            slot.Rs2 += SlotRegister.FirstFloat;
        if (operands.Contains("fs3", StringComparison.Ordinal))
            slot.Rs3 += SlotRegister.FirstFloat;
    }
}
