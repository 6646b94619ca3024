using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <content>Shifts, bits, extensions.</content>
internal sealed unsafe partial class BlockEmitter
{
    private void ShiftBy(in IrInstruction i, Shift operation, OperandSize size)
    {
        Register64 target = _map.IsPinned(i.Destination, out Register64 pinned) ? pinned : Rax;
        if (i.Right == IrSlot.Immediate)
            ShiftByImmediate(target, in i, operation, size);
        else if (operation is Shift.Rol or Shift.Ror)
            target = RotateByRegister(in i, operation, size);
        else
            ShiftByRegister(target, in i, operation, size);
        WriteResult(i.Destination, target, size);
    }

    private void ShiftByImmediate(Register64 target, in IrInstruction i, Shift operation, OperandSize size)
    {
        if (operation == Shift.Ror)
        {
            _asm.Rorx(size, target, ReadFirst(i.Left, target, size), (int)i.Immediate);
            return;
        }

        MoveFirst(target, i.Left, size);
        if (i.Immediate != 0)
            _asm.ShiftBy(operation, size, target, (int)i.Immediate);
    }

    private Register64 RotateByRegister(in IrInstruction i, Shift operation, OperandSize size)
    {
        Register64 target = Target(in i);
        Move(Rcx, i.Right);
        Move(target, i.Left);
        _asm.ShiftByCl(operation, size, target);
        return target;
    }

    private void ShiftByRegister(Register64 target, in IrInstruction i, Shift operation, OperandSize size)
    {
        Register64 left = ReadFirst(i.Left, Rax, size);
        Register64 count = _map.IsPinned(i.Right, out Register64 pinned) ? pinned : Rcx;
        if (count == Rcx)
            _asm.Mov(Dword, Rcx, RegisterMap.Slot(i.Right));
        if (operation == Shift.Shl)
            _asm.Shlx(size, target, left, count);
        else if (operation == Shift.Shr)
            _asm.Shrx(size, target, left, count);
        else
            _asm.Sarx(size, target, left, count);
    }

    private void ShiftAdd(in IrInstruction i, OperandSize size)
    {
        Register64 left;
        if (size == Dword)
        {
            ZeroExtend32(Rax, i.Left);
            left = Rax;
        }
        else
        {
            left = ReadFirst(i.Left, Rax, Qword);
        }

        Register64 right = Read(i.Right, Rcx);
        Register64 target = _map.IsPinned(i.Destination, out Register64 pinned) ? pinned : Rax;
        _asm.Lea(Qword, target, Memory.At(right, left, 1 << (int)i.Immediate));
        WriteResult(i.Destination, target, Qword);
    }

    private void ShiftLeftUnsigned32(in IrInstruction i)
    {
        Register64 target = _map.IsPinned(i.Destination, out Register64 pinned) ? pinned : Rax;
        ZeroExtend32(target, i.Left);
        if (i.Immediate != 0)
            _asm.Shl(Qword, target, (int)i.Immediate);
        WriteResult(i.Destination, target, Qword);
    }

    private void ZeroExtend32(Register64 target, byte slot)
    {
        if (IsInRegister(slot, out Register64 register))
            _asm.Mov(Dword, target, register);
        else
            _asm.Mov(Dword, target, RegisterMap.Slot(slot));
    }

    private void Bit(in IrInstruction i, BitTest operation)
    {
        Register64 target = Target(in i);
        if (i.Right == IrSlot.Immediate)
        {
            Move(target, i.Left);
            _asm.TestBit(operation, Qword, target, (int)i.Immediate);
        }
        else
        {
            Register64 index = Read(i.Right, Rcx);
            Move(target, i.Left);
            _asm.TestBit(operation, Qword, target, index);
        }

        Write(i.Destination, target);
    }

    private void BitExtract(in IrInstruction i)
    {
        Register64 target = _map.IsPinned(i.Destination, out Register64 pinned) ? pinned : Rax;
        if (i.Right == IrSlot.Immediate)
            ShiftByImmediate(target, in i, Shift.Shr, Qword);
        else
            ShiftByRegister(target, in i, Shift.Shr, Qword);
        _asm.And(Dword, target, 1);
        WriteResult(i.Destination, target, Qword);
    }

    private void Unary(in IrInstruction i)
    {
        Register64 target = _map.IsPinned(i.Destination, out Register64 pinned) ? pinned : Rax;
        Register64 source = ReadFirst(i.Left, Rax, i.Opcode is IrOpcode.SignExtend8 or IrOpcode.SignExtend16 or IrOpcode.ZeroExtend16 ? Dword : Qword);
        switch (i.Opcode)
        {
            case IrOpcode.SignExtend8:
                _asm.Movsx(Qword, OperandSize.Byte, target, source);
                break;
            case IrOpcode.SignExtend16:
                _asm.Movsx(Qword, Word, target, source);
                break;
            case IrOpcode.ZeroExtend16:
                _asm.Movzx(Word, target, source);
                break;
            case IrOpcode.LeadingZeros:
                _asm.Lzcnt(Qword, target, source);
                break;
            case IrOpcode.TrailingZeros:
                _asm.Tzcnt(Qword, target, source);
                break;
            case IrOpcode.PopulationCount:
                _asm.Popcnt(Qword, target, source);
                break;
            case IrOpcode.LeadingZeros32:
                _asm.Lzcnt(Dword, target, source);
                break;
            case IrOpcode.TrailingZeros32:
                _asm.Tzcnt(Dword, target, source);
                break;
            case IrOpcode.PopulationCount32:
                _asm.Popcnt(Dword, target, source);
                break;
            case IrOpcode.ReverseBytes:
                if (target != source)
                    _asm.Mov(Qword, target, source);
                _asm.Bswap(Qword, target);
                break;
            case IrOpcode.OrCombineBytes:
                _asm.Mov(Qword, Rdx, source);
                OrCombineBytes(target);
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"no code for {i.Opcode}");
        }

        WriteResult(i.Destination, target, Qword);
    }

    // The source is in rdx. Adding 7f to the low seven bits of each byte carries into its top bit unless they are zero.
    private void OrCombineBytes(Register64 target)
    {
        _asm.Mov(Qword, Rcx, Rdx);
        _asm.Mov(Rax, 0x7f7f_7f7f_7f7f_7f7f);
        _asm.And(Qword, Rdx, Rax);
        _asm.Add(Qword, Rdx, Rax);
        _asm.Or(Qword, Rdx, Rcx);
        _asm.Not(Qword, Rax);
        _asm.And(Qword, Rdx, Rax);
        _asm.Shr(Qword, Rdx, 7);
        _asm.Imul(Qword, target, Rdx, 255);
    }
}
