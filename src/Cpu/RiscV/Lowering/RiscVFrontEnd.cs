using System.Buffers.Binary;
using Strata.Cpu.Translations.Ir;

namespace Strata.Cpu.RiscV.Lowering;

/// <summary>Lowers RISC-V instructions, one operation each. What is rare or sensitive is left to the interpreter, instruction by instruction.</summary>
internal sealed class RiscVFrontEnd : IFrontEnd
{
    private static readonly LoweringRow[] s_rows = LoweringTable.ByOperation();

    /// <summary>The registers that compiled code uses most: a5, a4, a0, a1, a2, a3, s0, s1, sp, ra.</summary>
    public static ReadOnlySpan<byte> HotRegisters => [15, 14, 10, 11, 12, 13, 8, 9, 2, 1];

    /// <inheritdoc/>
    public void Lower(ReadOnlySpan<byte> page, IrBlock block, int maximumInstructions)
    {
        while (block.GuestInstructions < maximumInstructions)
        {
            int offset = block.End;
            if (offset >= page.Length)
            {
                block.Add(IrOpcode.Leave, 0, IrSlot.None, 0, 0, 0);
                return;
            }

            uint bits = BinaryPrimitives.ReadUInt16LittleEndian(page[offset..]);
            if ((bits & 3) == 3)
            {
                if (offset + 4 > page.Length)
                {
                    block.Add(IrOpcode.Leave, 0, IrSlot.None, 0, 0, 0);
                    return;
                }

                bits = BinaryPrimitives.ReadUInt32LittleEndian(page[offset..]);
            }

            if (!Add(block, Decoder.Decode(bits)))
                return;
        }
    }

    // False: the block ends here.
    private static bool Add(IrBlock block, in Instruction instruction)
    {
        LoweringRow row = s_rows[(int)instruction.Operation];
        byte destination = instruction.Rd == 0 ? IrSlot.None : instruction.Rd;
        switch (row.Shape)
        {
            case LoweringShape.RegisterRegister:
                block.Add(row.Opcode, instruction.Length, destination, instruction.Rs1, instruction.Rs2, row.Immediate);
                return true;
            case LoweringShape.RegisterImmediate:
                block.Add(row.Opcode, instruction.Length, destination, instruction.Rs1, IrSlot.Immediate, instruction.Immediate);
                return true;
            case LoweringShape.Immediate:
                block.Add(row.Opcode, instruction.Length, destination, 0, IrSlot.Immediate, instruction.Immediate);
                return true;
            case LoweringShape.Store:
                block.Add(row.Opcode, instruction.Length, IrSlot.None, instruction.Rs1, instruction.Rs2, instruction.Immediate);
                return true;
            case LoweringShape.Atomic:
                block.Add(row.Opcode, instruction.Length, destination, instruction.Rs1, instruction.Rs2, instruction.Bits);
                return true;
            case LoweringShape.Branch:
                block.Add(row.Opcode, instruction.Length, IrSlot.None, instruction.Rs1, instruction.Rs2, instruction.Immediate);
                return true;
            case LoweringShape.Jump:
                block.Add(row.Opcode, instruction.Length, destination, instruction.Rs1, IrSlot.Immediate, instruction.Immediate);
                return false;
            case LoweringShape.CsrAccess:
                return CsrLowering.Lower(block, in instruction);
            case LoweringShape.Fence:
                // Earlier stores (and output) before later loads (and input): the only order that hosts with total store order do not keep by themselves.
                bool orders = (instruction.Immediate & 0x50) != 0 && (instruction.Immediate & 0x0a) != 0;
                if (orders)
                    block.Add(IrOpcode.Fence, instruction.Length, IrSlot.None, 0, 0, 0);
                else
                    block.Add(IrOpcode.Constant, instruction.Length, IrSlot.None, 0, IrSlot.Immediate, 0);
                return true;
            case LoweringShape.Nothing:
                block.Add(IrOpcode.Constant, instruction.Length, IrSlot.None, 0, IrSlot.Immediate, 0);
                return true;
            case LoweringShape.Synchronize:
                block.Add(IrOpcode.Synchronize, instruction.Length, IrSlot.None, 0, 0, 0);
                return false;
            case LoweringShape.FloatingPoint:
                block.Add(FloatLowering.Lower(in instruction));
                return true;
            case LoweringShape.Interpret:
                block.Add(IrOpcode.Interpret, instruction.Length, IrSlot.None, 0, 0, instruction.Bits);
                return true;
            case LoweringShape.ModeChange:
                block.Add(new IrInstruction { Opcode = row.Opcode, Length = (byte)instruction.Length, Destination = IrSlot.None, Immediate = instruction.Bits, Bits = instruction.Bits });
                return false;
            default:
                block.Add(IrOpcode.InterpretAndLeave, instruction.Length, IrSlot.None, 0, 0, instruction.Bits);
                return false;
        }
    }
}
