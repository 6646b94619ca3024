using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <content>Integer arithmetic.</content>
internal sealed unsafe partial class BlockEmitter
{
    // The slot's register, or scratch with its value.
    private Register64 Read(byte slot, Register64 scratch)
    {
        if (_map.IsPinned(slot, out Register64 pinned))
            return pinned;
        Move(scratch, slot);
        return scratch;
    }

    private void Move(Register64 target, byte slot)
    {
        if (slot == IrSlot.Zero)
            _asm.Mov(target, 0);
        else if (!_map.IsPinned(slot, out Register64 pinned))
            _asm.Mov(Qword, target, RegisterMap.Slot(slot));
        else if (pinned != target)
            _asm.Mov(Qword, target, pinned);
    }

    // Where the result is computed: the slot's own register, unless that is still needed as the second operand, or rax.
    private Register64 Target(in IrInstruction i) =>
        _map.IsPinned(i.Destination, out Register64 pinned) && (i.Destination != i.Right || i.Right == i.Left) ? pinned : Rax;

    // The result is in `value`.
    private void Write(byte slot, Register64 value)
    {
        if (!_map.IsPinned(slot, out Register64 pinned))
            _asm.Mov(Qword, RegisterMap.Slot(slot), value);
        else if (pinned != value)
            _asm.Mov(Qword, pinned, value);
    }

    // As before; of a doubleword the sign-extension.
    private void Write(byte slot, Register64 value, OperandSize size)
    {
        if (size == Qword)
        {
            Write(slot, value);
        }
        else if (_map.IsPinned(slot, out Register64 pinned))
        {
            _asm.Movsxd(pinned, value);
        }
        else
        {
            _asm.Movsxd(Rax, value);
            _asm.Mov(Qword, RegisterMap.Slot(slot), Rax);
        }
    }

    private void Constant(byte slot, long value)
    {
        if (_map.IsPinned(slot, out Register64 pinned))
        {
            _asm.Mov(pinned, value);
        }
        else if (value == (int)value)
        {
            _asm.Mov(Qword, RegisterMap.Slot(slot), (int)value);
        }
        else
        {
            _asm.Mov(Rax, value);
            _asm.Mov(Qword, RegisterMap.Slot(slot), Rax);
        }
    }

    private void PcRelative(in IrInstruction i)
    {
        Register64 target = _map.IsPinned(i.Destination, out Register64 pinned) ? pinned : Rax;
        long distance = i.PageOffset + i.Immediate;
        _asm.Mov(Qword, target, RegisterMap.Field(_layout.CurrentPage));
        if (distance == (int)distance)
        {
            _asm.Add(Qword, target, (int)distance);
        }
        else
        {
            _asm.Mov(Rcx, distance);
            _asm.Add(Qword, target, Rcx);
        }

        WriteResult(i.Destination, target, Qword);
    }

    private void Add(in IrInstruction i)
    {
        bool isImmediate = i.Right == IrSlot.Immediate;
        if (i.Left == IrSlot.Zero && isImmediate)
        {
            Constant(i.Destination, i.Immediate);
            return;
        }

        if ((isImmediate && i.Immediate == 0) || i.Right == IrSlot.Zero || i.Left == IrSlot.Zero)
        {
            byte source = i.Left == IrSlot.Zero ? i.Right : i.Left;
            if (_map.IsPinned(i.Destination, out Register64 moved))
                MoveFirst(moved, source, Qword);
            else
                WriteResult(i.Destination, ReadFirst(source, Rax, Qword), Qword);
            return;
        }

        if (!AddThree(in i, Qword))
            Binary(in i, Arithmetic.Add, Qword, commutes: true);
    }

    // Both sources in registers, and another destination: the one instruction with three operands.
    private bool AddThree(in IrInstruction i, OperandSize size)
    {
        if (i.Destination == i.Left || i.Destination == i.Right || !IsInRegister(i.Left, out Register64 left))
            return false;
        Memory sum;
        if (i.Right == IrSlot.Immediate)
            sum = Memory.At(left, (int)i.Immediate);
        else if (_map.IsPinned(i.Right, out Register64 right))
            sum = Memory.At(left, right);
        else
            return false;
        Register64 target = _map.IsPinned(i.Destination, out Register64 pinned) ? pinned : Rax;
        _asm.Lea(size, target, sum);
        WriteResult(i.Destination, target, size);
        return true;
    }

    private void Add32(in IrInstruction i)
    {
        if (i.Right == IrSlot.Immediate && i.Immediate == 0)
        {
            Register64 target = _map.IsPinned(i.Destination, out Register64 pinned) ? pinned : Rax;
            if (_isNarrow)
                MoveFirst(target, i.Left, Dword);
            else if (IsInRegister(i.Left, out Register64 left))
                _asm.Movsxd(target, left);
            else
                _asm.Movsxd(target, Fetch(i.Left, target, Dword));

            // It is extended already.
            WriteResult(i.Destination, target, Qword);
            return;
        }

        if (!AddThree(in i, Dword))
            Binary(in i, Arithmetic.Add, Dword, commutes: true);
    }

    private void Binary(in IrInstruction i, Arithmetic operation, OperandSize size, bool commutes)
    {
        byte first = i.Left;
        byte second = i.Right;
        bool isPinned = _map.IsPinned(i.Destination, out Register64 destination);
        if (commutes && first != second && (second == i.Destination || (!isPinned && second == _held && first != _held && first != i.Destination)))
            (first, second) = (second, first);

        // Bits alone: the lower half of the result is that of the operands, and with such a mask all of it.
        bool isMask = operation == Arithmetic.And && second == IrSlot.Immediate && i.Immediate >= 0;
        OperandSize resultSize = isMask || !_isNarrow ? size : Dword;
        if (isMask || _isNarrow)
            size = Dword;

        // One instruction for a register in memory.
        if (!isPinned && first == i.Destination && first != _held && resultSize == size && (size == Qword || _isNarrow) && !_isTransient)
        {
            if (second == IrSlot.Immediate)
                _asm.Alu(operation, size, RegisterMap.Slot(first), (int)i.Immediate);
            else
                _asm.Alu(operation, size, RegisterMap.Slot(first), ReadFirst(second, Rax, size));
            return;
        }

        // a - d: -d + a.
        if (operation == Arithmetic.Sub && isPinned && i.Destination == second && first != second && size == Qword && IsInRegister(first, out Register64 minuend))
        {
            _asm.Neg(Qword, destination);
            _asm.Add(Qword, destination, minuend);
            return;
        }

        Register64 target = isPinned && (i.Destination != second || first == second) ? destination : Rax;
        MoveFirst(target, first, size);
        if (second == IrSlot.Immediate)
            _asm.Alu(operation, size, target, (int)i.Immediate);
        else if (_map.IsPinned(second, out Register64 right) || (target != Rax && IsInRegister(second, out right)))
            _asm.Alu(operation, size, target, right);
        else if (IsFresh(second))
            _asm.Alu(operation, size, target, Fetch(second, Rcx, size));
        else
            _asm.Alu(operation, size, target, RegisterMap.Slot(second));
        WriteResult(i.Destination, target, resultSize);
    }

    private void AndNot(in IrInstruction i)
    {
        Register64 target = _map.IsPinned(i.Destination, out Register64 pinned) ? pinned : Rax;
        _asm.Andn(Qword, target, Read(i.Right, Rcx), Read(i.Left, Rax));
        Write(i.Destination, target);
    }

    private void InvertRight(in IrInstruction i, Arithmetic operation)
    {
        Move(Rax, i.Right);
        _asm.Not(Qword, Rax);
        _asm.Alu(operation, Qword, Rax, Read(i.Left, Rcx));
        Write(i.Destination, Rax);
    }

    private void Multiply(in IrInstruction i, OperandSize size)
    {
        (byte first, byte second) = i.Right == i.Destination ? (i.Right, i.Left) : (i.Left, i.Right);
        Register64 target = _map.IsPinned(i.Destination, out Register64 pinned) ? pinned : Rax;
        MoveFirst(target, first, size);
        _asm.Imul(size, target, _map.IsPinned(second, out Register64 right) ? right : Fetch(second, Rcx, size));
        WriteResult(i.Destination, target, size);
    }

    private void MultiplyHigh(in IrInstruction i)
    {
        Move(Rax, i.Left);
        Register64 right = Read(i.Right, Rcx);
        if (i.Opcode == IrOpcode.MultiplyHigh)
        {
            _asm.Imul(Qword, right);
        }
        else if (i.Opcode == IrOpcode.MultiplyHighUnsigned)
        {
            _asm.Mul(Qword, right);
        }
        else
        {
            // A negative a is 2^64 more when taken as unsigned: the product's upper half is b too large.
            _asm.Mul(Qword, right);
            Move(Rax, i.Left);
            _asm.Sar(Qword, Rax, 63);
            _asm.And(Qword, Rax, right);
            _asm.Sub(Qword, Rdx, Rax);
        }

        Write(i.Destination, Rdx);
    }

    private void Divide(in IrInstruction i, OperandSize size, bool isSigned, bool wantsRemainder)
    {
        Label byZero = _asm.NewLabel();
        Label done = _asm.NewLabel();
        Move(Rax, i.Left);
        Move(Rcx, i.Right);
        _asm.Test(size, Rcx, Rcx);
        _asm.JccShort(Condition.Equal, byZero);
        if (isSigned)
        {
            // The most negative number by -1 would trap; and for all others the quotient is the negative, the remainder 0.
            Label regular = _asm.NewLabel();
            _asm.Cmp(size, Rcx, -1);
            _asm.JccShort(Condition.NotEqual, regular);
            _asm.Neg(size, Rax);
            _asm.Zero(Rdx);
            _asm.JmpShort(done);
            _asm.Bind(regular);
            if (size == Qword)
                _asm.Cqo();
            else
                _asm.Cdq();
            _asm.Idiv(size, Rcx);
        }
        else
        {
            _asm.Zero(Rdx);
            _asm.Div(size, Rcx);
        }

        _asm.JmpShort(done);
        _asm.Bind(byZero);
        _asm.Mov(Qword, Rdx, Rax);
        _asm.Mov(Rax, -1);
        _asm.Bind(done);
        Write(i.Destination, wantsRemainder ? Rdx : Rax, size);
    }
}
