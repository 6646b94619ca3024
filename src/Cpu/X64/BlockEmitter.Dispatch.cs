using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <content>Which method writes which operation.</content>
internal sealed unsafe partial class BlockEmitter
{
    private void Emit(in IrInstruction i)
    {
        switch (i.Opcode)
        {
            case IrOpcode.BranchEqual or IrOpcode.BranchNotEqual or IrOpcode.BranchLess or IrOpcode.BranchNotLess or IrOpcode.BranchLessUnsigned
                or IrOpcode.BranchNotLessUnsigned:
                Branch(in i);
                return;
            case IrOpcode.Jump:
                Jump(in i);
                return;
            case IrOpcode.JumpIndirect:
                JumpIndirect(in i);
                return;
            case >= IrOpcode.LoadSigned8 and <= IrOpcode.Load64:
                Load(in i);
                return;
            case >= IrOpcode.Store8 and <= IrOpcode.Store64:
                Store(in i);
                return;
            case >= IrOpcode.FloatAdd and <= IrOpcode.FloatStore:
                FloatingPoint(in i);
                return;
            case >= IrOpcode.AtomicExchange32 and <= IrOpcode.AtomicMaximumUnsigned64:
                Atomic(in i);
                return;
            case IrOpcode.LoadReserved32 or IrOpcode.LoadReserved64:
                LoadReserved(in i, i.Opcode == IrOpcode.LoadReserved64);
                return;
            case IrOpcode.StoreConditional32 or IrOpcode.StoreConditional64:
                StoreConditional(in i, i.Opcode == IrOpcode.StoreConditional64);
                return;
            case IrOpcode.ZeroBlock:
                ZeroBlock(in i);
                return;
            case >= IrOpcode.FieldRead and <= IrOpcode.FieldClear:
                Field(in i);
                return;
            case IrOpcode.TimeRead:
                ReadTime(in i);
                return;
            case IrOpcode.ModeCall:
                ModeCall(in i);
                return;
            case IrOpcode.ModeReturn:
                ModeReturn(in i);
                return;
            case IrOpcode.Fence:
                _asm.LockAlu(Arithmetic.Or, Dword, Memory.At(Rsp), 0);
                return;
            case IrOpcode.Synchronize:
                return;
            case IrOpcode.Interpret or IrOpcode.InterpretAndLeave:
                Interpret(in i);
                return;
            case IrOpcode.Leave:
                Goto(i.PageOffset, 0);
                return;
            default:
                // What computes a register only, is not needed where nobody wants the register.
                if (i.Destination != IrSlot.None)
                    Compute(in i);
                return;
        }
    }

    private void Compute(in IrInstruction i)
    {
        switch (i.Opcode)
        {
            case IrOpcode.Constant:
                Constant(i.Destination, i.Immediate);
                break;
            case IrOpcode.PcRelative:
                PcRelative(in i);
                break;
            case IrOpcode.Add:
                Add(in i);
                break;
            case IrOpcode.Subtract:
                Binary(in i, Arithmetic.Sub, Qword, commutes: false);
                break;
            case IrOpcode.And:
                Binary(in i, Arithmetic.And, Qword, commutes: true);
                break;
            case IrOpcode.Or:
                Binary(in i, Arithmetic.Or, Qword, commutes: true);
                break;
            case IrOpcode.Xor:
                Binary(in i, Arithmetic.Xor, Qword, commutes: true);
                break;
            case IrOpcode.Add32:
                Add32(in i);
                break;
            case IrOpcode.Subtract32:
                Binary(in i, Arithmetic.Sub, Dword, commutes: false);
                break;
            case IrOpcode.AndNot:
                AndNot(in i);
                break;
            case IrOpcode.OrNot:
                InvertRight(in i, Arithmetic.Or);
                break;
            case IrOpcode.XorNot:
                InvertRight(in i, Arithmetic.Xor);
                break;
            case IrOpcode.Multiply:
                Multiply(in i, Qword);
                break;
            case IrOpcode.Multiply32:
                Multiply(in i, Dword);
                break;
            case IrOpcode.MultiplyHigh or IrOpcode.MultiplyHighSignedUnsigned or IrOpcode.MultiplyHighUnsigned:
                MultiplyHigh(in i);
                break;
            case IrOpcode.Divide or IrOpcode.Remainder:
                Divide(in i, Qword, isSigned: true, wantsRemainder: i.Opcode == IrOpcode.Remainder);
                break;
            case IrOpcode.DivideUnsigned or IrOpcode.RemainderUnsigned:
                Divide(in i, Qword, isSigned: false, wantsRemainder: i.Opcode == IrOpcode.RemainderUnsigned);
                break;
            case IrOpcode.Divide32 or IrOpcode.Remainder32:
                Divide(in i, Dword, isSigned: true, wantsRemainder: i.Opcode == IrOpcode.Remainder32);
                break;
            case IrOpcode.DivideUnsigned32 or IrOpcode.RemainderUnsigned32:
                Divide(in i, Dword, isSigned: false, wantsRemainder: i.Opcode == IrOpcode.RemainderUnsigned32);
                break;
            case IrOpcode.SetLess:
                SetLess(in i, Condition.Less, Condition.Greater);
                break;
            case IrOpcode.SetLessUnsigned:
                SetLess(in i, Condition.Below, Condition.Above);
                break;
            case IrOpcode.ShiftLeft:
                ShiftBy(in i, Shift.Shl, Qword);
                break;
            case IrOpcode.ShiftRight:
                ShiftBy(in i, Shift.Shr, Qword);
                break;
            case IrOpcode.ShiftRightArithmetic:
                ShiftBy(in i, Shift.Sar, Qword);
                break;
            case IrOpcode.RotateLeft:
                ShiftBy(in i, Shift.Rol, Qword);
                break;
            case IrOpcode.RotateRight:
                ShiftBy(in i, Shift.Ror, Qword);
                break;
            case IrOpcode.ShiftLeft32:
                ShiftBy(in i, Shift.Shl, Dword);
                break;
            case IrOpcode.ShiftRight32:
                ShiftBy(in i, Shift.Shr, Dword);
                break;
            case IrOpcode.ShiftRightArithmetic32:
                ShiftBy(in i, Shift.Sar, Dword);
                break;
            case IrOpcode.RotateLeft32:
                ShiftBy(in i, Shift.Rol, Dword);
                break;
            case IrOpcode.RotateRight32:
                ShiftBy(in i, Shift.Ror, Dword);
                break;
            case IrOpcode.ShiftAdd:
                ShiftAdd(in i, Qword);
                break;
            case IrOpcode.ShiftAddUnsigned32:
                ShiftAdd(in i, Dword);
                break;
            case IrOpcode.ShiftLeftUnsigned32:
                ShiftLeftUnsigned32(in i);
                break;
            case IrOpcode.Minimum:
                Select(in i, Condition.Greater);
                break;
            case IrOpcode.MinimumUnsigned:
                Select(in i, Condition.Above);
                break;
            case IrOpcode.Maximum:
                Select(in i, Condition.Less);
                break;
            case IrOpcode.MaximumUnsigned:
                Select(in i, Condition.Below);
                break;
            case IrOpcode.BitClear:
                Bit(in i, BitTest.Btr);
                break;
            case IrOpcode.BitSet:
                Bit(in i, BitTest.Bts);
                break;
            case IrOpcode.BitInvert:
                Bit(in i, BitTest.Btc);
                break;
            case IrOpcode.BitExtract:
                BitExtract(in i);
                break;
            case IrOpcode.ZeroIfZero:
                ZeroIf(in i, Condition.NotEqual);
                break;
            case IrOpcode.ZeroIfNotZero:
                ZeroIf(in i, Condition.Equal);
                break;
            default:
                Unary(in i);
                break;
        }
    }
}
