// Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, section 11.5 (exceptions) and appendix E: which flags are raised when.
using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;
using static Strata.Cpu.X64.XmmRegister;

namespace Strata.Cpu.X64;

/// <content>Floating-point arithmetic.</content>
/// <remarks>
/// A destination is written when it is certain that the interpreter need not execute the instruction, unless it is no source. Of a single the upper bits
/// come from a source that is boxed.
/// </remarks>
internal sealed unsafe partial class BlockEmitter
{
    // vcmp: equal, ordered, quiet.
    private const int EqualQuiet = 0;

    private static Precision PrecisionOf(in IrInstruction i) => i.Format == FloatFormat.Binary32 ? Precision.Single : Precision.Double;

    private void Write(in IrInstruction i)
    {
        switch (i.Opcode)
        {
            case IrOpcode.FloatAdd or IrOpcode.FloatSubtract or IrOpcode.FloatMultiply or IrOpcode.FloatDivide:
                FloatBinary(in i);
                break;
            case IrOpcode.FloatSquareRoot:
                FloatSquareRoot(in i);
                break;
            case IrOpcode.FloatMultiplyAdd or IrOpcode.FloatMultiplySubtract or IrOpcode.FloatNegatedMultiplyAdd or IrOpcode.FloatNegatedMultiplySubtract:
                FloatFused(in i);
                break;
            case IrOpcode.FloatMinimum or IrOpcode.FloatMaximum:
                FloatSelect(in i, isMinimum: i.Opcode == IrOpcode.FloatMinimum);
                break;
            case IrOpcode.FloatCopySign or IrOpcode.FloatCopySignNegated or IrOpcode.FloatXorSign:
                FloatSign(in i);
                break;
            case IrOpcode.FloatEqual:
                FloatEqual(in i);
                break;
            case IrOpcode.FloatLess:
                FloatOrder(in i, Condition.Above);
                break;
            case IrOpcode.FloatLessOrEqual:
                FloatOrder(in i, Condition.AboveOrEqual);
                break;
            case IrOpcode.FloatFlagsRead or IrOpcode.FloatFlagsExchange:
                FloatFlags(in i);
                break;
            case IrOpcode.FloatRoundingRead when i.Destination != IrSlot.None:
                _asm.Movzx(OperandSize.Byte, Rax, RegisterMap.Field(_layout.FloatRounding));
                Write(i.Destination, Rax);
                break;
            case IrOpcode.FloatRoundingRead:
                break;
            default:
                Move(in i);
                break;
        }
    }

    // Those in the state and those that wait in mxcsr.
    private void FloatFlags(in IrInstruction i)
    {
        bool changes = i.Opcode == IrOpcode.FloatFlagsExchange;
        if (changes)
        {
            // Read first: the destination may be the source.
            if (i.Right == IrSlot.Immediate)
                _asm.Mov(Rax, i.Immediate);
            else
                Move(Rax, i.Right);
        }

        _asm.CallRel32((changes ? _stubs.ExchangeFlags : _stubs.ReadFlags) - _origin);
        if (changes)
            MarkFloatsWritten();
        if (i.Destination != IrSlot.None)
            Write(i.Destination, Rcx);
    }

    private void FloatBinary(in IrInstruction i)
    {
        Precision precision = PrecisionOf(in i);
        RequireBoxedSources(in i);
        XmmRegister first = ReadFloat(i.Left, Xmm0);
        XmmRegister target = FloatTarget(in i, i.Left, i.Right, i.Right);
        bool isPinned = _map.IsPinned(i.Right, out XmmRegister second);
        Memory place = RegisterMap.Slot(i.Right);
        switch (i.Opcode)
        {
            case IrOpcode.FloatAdd when isPinned:
                _asm.Vadd(precision, target, first, second);
                break;
            case IrOpcode.FloatAdd:
                _asm.Vadd(precision, target, first, place);
                break;
            case IrOpcode.FloatSubtract when isPinned:
                _asm.Vsub(precision, target, first, second);
                break;
            case IrOpcode.FloatSubtract:
                _asm.Vsub(precision, target, first, place);
                break;
            case IrOpcode.FloatMultiply when isPinned:
                _asm.Vmul(precision, target, first, second);
                break;
            case IrOpcode.FloatMultiply:
                _asm.Vmul(precision, target, first, place);
                break;
            case IrOpcode.FloatDivide when isPinned:
                _asm.Vdiv(precision, target, first, second);
                break;
            default:
                _asm.Vdiv(precision, target, first, place);
                break;
        }

        WriteNumber(in i, target);
    }

    private void FloatSquareRoot(in IrInstruction i)
    {
        if (i.Format == FloatFormat.Binary32)
            RequireBoxed(i.Left);
        XmmRegister source = ReadFloat(i.Left, Xmm0);
        XmmRegister target = FloatTarget(in i, i.Left, i.Left, i.Left);
        _asm.Vsqrt(PrecisionOf(in i), target, source, source);
        WriteNumber(in i, target);
    }

    private void FloatFused(in IrInstruction i)
    {
        Precision precision = PrecisionOf(in i);
        RequireBoxedSources(in i);
        if (i.Format == FloatFormat.Binary32)
            RequireBoxed(i.Third);
        XmmRegister target = FloatTarget(in i, i.Left, i.Right, i.Third);
        if (_map.IsPinned(i.Left, out XmmRegister first))
            _asm.Vmovaps(target, first);
        else
            _asm.Vmov(Precision.Double, target, RegisterMap.Slot(i.Left));
        XmmRegister second = ReadFloat(i.Right, Xmm1);
        bool isPinned = _map.IsPinned(i.Third, out XmmRegister third);
        Memory place = RegisterMap.Slot(i.Third);
        switch (i.Opcode)
        {
            case IrOpcode.FloatMultiplyAdd when isPinned:
                _asm.Vfmadd213(precision, target, second, third);
                break;
            case IrOpcode.FloatMultiplyAdd:
                _asm.Vfmadd213(precision, target, second, place);
                break;
            case IrOpcode.FloatMultiplySubtract when isPinned:
                _asm.Vfmsub213(precision, target, second, third);
                break;
            case IrOpcode.FloatMultiplySubtract:
                _asm.Vfmsub213(precision, target, second, place);
                break;
            case IrOpcode.FloatNegatedMultiplyAdd when isPinned:
                _asm.Vfnmadd213(precision, target, second, third);
                break;
            case IrOpcode.FloatNegatedMultiplyAdd:
                _asm.Vfnmadd213(precision, target, second, place);
                break;
            case IrOpcode.FloatNegatedMultiplySubtract when isPinned:
                _asm.Vfnmsub213(precision, target, second, third);
                break;
            default:
                _asm.Vfnmsub213(precision, target, second, place);
                break;
        }

        WriteNumber(in i, target);
    }

    // Of equal numbers, which may be zeroes of both signs, the host answers the second: both orders together give both.
    private void FloatSelect(in IrInstruction i, bool isMinimum)
    {
        Precision precision = PrecisionOf(in i);
        RequireBoxedSources(in i);
        XmmRegister left = ReadFloat(i.Left, Xmm0);
        if (_map.IsPinned(i.Right, out XmmRegister right))
            _asm.Vucomi(precision, left, right);
        else
            _asm.Vucomi(precision, left, RegisterMap.Slot(i.Right));
        _asm.Jcc(Condition.Parity, Interpreted());
        HostSelect(precision, isMinimum, Xmm0, left, i.Right);
        HostSelect(precision, isMinimum, Xmm1, ReadFloat(i.Right, Xmm1), i.Left);
        XmmRegister target = _map.IsPinned(i.Destination, out XmmRegister pinned) ? pinned : Xmm0;
        if (isMinimum)
            _asm.Vor(precision, target, Xmm0, Xmm1);
        else
            _asm.Vand(precision, target, Xmm0, Xmm1);
        WriteFloat(in i, target);
    }

    private void HostSelect(Precision precision, bool isMinimum, XmmRegister target, XmmRegister first, byte second)
    {
        bool isPinned = _map.IsPinned(second, out XmmRegister register);
        if (isMinimum && isPinned)
            _asm.Vmin(precision, target, first, register);
        else if (isMinimum)
            _asm.Vmin(precision, target, first, RegisterMap.Slot(second));
        else if (isPinned)
            _asm.Vmax(precision, target, first, register);
        else
            _asm.Vmax(precision, target, first, RegisterMap.Slot(second));
    }

    private void FloatSign(in IrInstruction i)
    {
        bool isSingle = i.Format == FloatFormat.Binary32;
        Precision precision = PrecisionOf(in i);
        RequireBoxedSources(in i);
        XmmRegister target = _map.IsPinned(i.Destination, out XmmRegister pinned) ? pinned : Xmm0;
        Memory sign = Memory.AtOffset((isSingle ? _stubs.SingleSign : _stubs.DoubleSign) - _origin);
        Memory withoutSign = Memory.AtOffset((isSingle ? _stubs.SingleWithoutSign : _stubs.DoubleWithoutSign) - _origin);
        XmmRegister left = ReadFloat(i.Left, Xmm0);
        if (i.Left == i.Right)
        {
            // Moved, negated, made positive.
            if (i.Opcode == IrOpcode.FloatCopySignNegated)
                _asm.Vxor(precision, target, left, sign);
            else if (i.Opcode == IrOpcode.FloatXorSign)
                _asm.Vand(precision, target, left, withoutSign);
            else
                target = left;
            WriteFloat(in i, target);
            return;
        }

        XmmRegister right = ReadFloat(i.Right, Xmm1);
        if (i.Opcode == IrOpcode.FloatCopySignNegated)
            _asm.Vandn(precision, Xmm1, right, sign);
        else
            _asm.Vand(precision, Xmm1, right, sign);
        if (i.Opcode == IrOpcode.FloatXorSign)
        {
            _asm.Vxor(precision, target, left, Xmm1);
        }
        else
        {
            _asm.Vand(precision, Xmm0, left, withoutSign);
            _asm.Vor(precision, target, Xmm0, Xmm1);
        }

        WriteFloat(in i, target);
    }

    private void FloatEqual(in IrInstruction i)
    {
        RequireBoxedSources(in i);
        XmmRegister left = ReadFloat(i.Left, Xmm0);
        if (_map.IsPinned(i.Right, out XmmRegister right))
            _asm.Vcmp(PrecisionOf(in i), Xmm0, left, right, EqualQuiet);
        else
            _asm.Vcmp(PrecisionOf(in i), Xmm0, left, RegisterMap.Slot(i.Right), EqualQuiet);
        if (i.Destination == IrSlot.None)
            return;
        Register64 target = _map.IsPinned(i.Destination, out Register64 pinned) ? pinned : Rax;
        _asm.Vmov(Dword, target, Xmm0);
        _asm.And(Dword, target, 1);
        Write(i.Destination, target);
    }

    // b > a, b >= a: false if they cannot be compared.
    private void FloatOrder(in IrInstruction i, Condition condition)
    {
        RequireBoxedSources(in i);
        XmmRegister right = ReadFloat(i.Right, Xmm0);
        if (_map.IsPinned(i.Left, out XmmRegister left))
            _asm.Vcomi(PrecisionOf(in i), right, left);
        else
            _asm.Vcomi(PrecisionOf(in i), right, RegisterMap.Slot(i.Left));
        if (i.Destination == IrSlot.None)
            return;
        _asm.Set(condition, Rax);
        Register64 target = _map.IsPinned(i.Destination, out Register64 pinned) ? pinned : Rax;
        _asm.Movzx(OperandSize.Byte, target, Rax);
        Write(i.Destination, target);
    }

    private void RequireBoxedSources(in IrInstruction i)
    {
        if (i.Format != FloatFormat.Binary32)
            return;
        RequireBoxed(i.Left);
        RequireBoxed(i.Right);
    }

    // The slot's register, or scratch with the whole slot.
    private XmmRegister ReadFloat(byte slot, XmmRegister scratch)
    {
        if (_map.IsPinned(slot, out XmmRegister pinned))
            return pinned;
        _asm.Vmov(Precision.Double, scratch, RegisterMap.Slot(slot));
        return scratch;
    }

    // Where a result is computed that may yet turn out to be the interpreter's.
    private XmmRegister FloatTarget(in IrInstruction i, byte first, byte second, byte third) =>
        _map.IsPinned(i.Destination, out XmmRegister pinned) && i.Destination != first && i.Destination != second && i.Destination != third ? pinned : Xmm0;

    // The result of arithmetic is in `value`.
    private void WriteNumber(in IrInstruction i, XmmRegister value)
    {
        _asm.Vucomi(PrecisionOf(in i), value, value);
        _asm.Jcc(Condition.Parity, Interpreted());
        WriteFloat(in i, value);
    }

    private void WriteFloat(in IrInstruction i, XmmRegister value)
    {
        if (!_map.IsPinned(i.Destination, out XmmRegister pinned))
            _asm.Vmov(Precision.Double, RegisterMap.Slot(i.Destination), value);
        else if (pinned != value)
            _asm.Vmovaps(pinned, value);
        _boxed = i.Format == FloatFormat.Binary32 ? _boxed | 1UL << i.Destination : _boxed & ~(1UL << i.Destination);
        MarkFloatsWritten();
    }
}
