using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <content>Shifts, bits, extensions.</content>
internal sealed unsafe partial class BlockEmitter
{
    private void ShiftBy(in IrInstruction i, Shift operation, OperandSize size)
    {
        Register64 target = Target(in i);
        if (i.Right == IrSlot.Immediate)
        {
            Move(target, i.Left);
            if (i.Immediate != 0)
                _asm.ShiftBy(operation, size, target, (int)i.Immediate);
        }
        else if (operation is Shift.Rol or Shift.Ror)
        {
            Move(Rcx, i.Right);
            Move(target, i.Left);
            _asm.ShiftByCl(operation, size, target);
        }
        else
        {
            Register64 count = Read(i.Right, Rcx);
            Register64 left = Read(i.Left, Rax);
            target = _map.IsPinned(i.Destination, out Register64 pinned) ? pinned : Rax;
            if (operation == Shift.Shl)
                _asm.Shlx(size, target, left, count);
            else if (operation == Shift.Shr)
                _asm.Shrx(size, target, left, count);
            else
                _asm.Sarx(size, target, left, count);
        }

        Write(i.Destination, target, size);
    }

    private void ShiftAdd(in IrInstruction i, OperandSize size)
    {
        Register64 left;
        if (size == Dword)
        {
            _asm.Mov(Dword, Rcx, Read(i.Left, Rcx));
            left = Rcx;
        }
        else
        {
            left = Read(i.Left, Rcx);
        }

        Register64 right = Read(i.Right, Rdx);
        Register64 target = _map.IsPinned(i.Destination, out Register64 pinned) ? pinned : Rax;
        _asm.Lea(Qword, target, Memory.At(right, left, 1 << (int)i.Immediate));
        Write(i.Destination, target);
    }

    private void ShiftLeftUnsigned32(in IrInstruction i)
    {
        Register64 target = _map.IsPinned(i.Destination, out Register64 pinned) ? pinned : Rax;
        _asm.Mov(Dword, target, Read(i.Left, Rax));
        if (i.Immediate != 0)
            _asm.Shl(Qword, target, (int)i.Immediate);
        Write(i.Destination, target);
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
        ShiftBy(in i, Shift.Shr, Qword);
        if (_map.IsPinned(i.Destination, out Register64 pinned))
            _asm.And(Dword, pinned, 1);
        else
            _asm.And(Qword, RegisterMap.Slot(i.Destination), 1);
    }

    private void Unary(in IrInstruction i)
    {
        Register64 target = _map.IsPinned(i.Destination, out Register64 pinned) ? pinned : Rax;
        Register64 source = Read(i.Left, Rcx);
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
                OrCombineBytes(target, source);
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"no code for {i.Opcode}");
        }

        Write(i.Destination, target);
    }

    // Adding 7f to the low seven bits of each byte carries into its top bit unless they are zero.
    private void OrCombineBytes(Register64 target, Register64 source)
    {
        _asm.Mov(Rax, 0x7f7f_7f7f_7f7f_7f7f);
        _asm.Mov(Qword, Rdx, source);
        _asm.And(Qword, Rdx, Rax);
        _asm.Add(Qword, Rdx, Rax);
        _asm.Or(Qword, Rdx, source);
        _asm.Not(Qword, Rax);
        _asm.And(Qword, Rdx, Rax);
        _asm.Shr(Qword, Rdx, 7);
        _asm.Imul(Qword, target, Rdx, 255);
    }
}
