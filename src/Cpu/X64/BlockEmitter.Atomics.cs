using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <content>Atomic read-modify-write: the host's own, on an aligned place that the TLB knows; everything else is the interpreter's.</content>
internal sealed unsafe partial class BlockEmitter
{
    private void Atomic(in IrInstruction i)
    {
        bool isDouble = i.Opcode >= IrOpcode.AtomicExchange64;
        OperandSize size = isDouble ? Qword : Dword;
        IrOpcode kind = isDouble ? i.Opcode - IrOpcode.AtomicExchange64 + IrOpcode.AtomicExchange32 : i.Opcode;
        Register64 address = Address(i with { Immediate = 0 });
        Label miss = _asm.NewLabel();
        Label back = _asm.NewLabel();
        _asm.Test(Dword, address, isDouble ? 7 : 3);
        _asm.Jcc(Condition.NotEqual, miss);
        Translate(address, table: 1, isDouble ? 3 : 2, miss);

        // The stub of here: the block goes on behind it with the numbers in registers, if they are there by now.
        _coldInterpretations.Add(new ColdInterpretation(miss, back, i, InterpretStub));

        // rcx is the place from here on; the address is not needed any more.
        _asm.Add(Qword, Rcx, address);
        Memory place = Memory.At(Rcx);
        switch (kind)
        {
            case IrOpcode.AtomicExchange32:
                Move(Rax, i.Right);
                _asm.Xchg(size, place, Rax);
                break;
            case IrOpcode.AtomicAdd32:
                Move(Rax, i.Right);
                _asm.LockXadd(size, place, Rax);
                break;
            case IrOpcode.AtomicAnd32 when i.Destination == IrSlot.None:
                _asm.LockAnd(size, place, Read(i.Right, Rax));
                break;
            case IrOpcode.AtomicOr32 when i.Destination == IrSlot.None:
                _asm.LockOr(size, place, Read(i.Right, Rax));
                break;
            default:
                CompareExchange(in i, kind, size, place);
                break;
        }

        if (i.Destination != IrSlot.None)
            Write(i.Destination, Rax, size);
        _asm.Bind(back);
    }

    // Leaves the old value in rax.
    private void CompareExchange(in IrInstruction i, IrOpcode kind, OperandSize size, Memory place)
    {
        _asm.Mov(size, Rax, place);
        Label again = _asm.Here();
        Register64 operand = Read(i.Right, Rdx);
        if (operand != Rdx)
            _asm.Mov(Qword, Rdx, operand);
        switch (kind)
        {
            case IrOpcode.AtomicAnd32:
                _asm.And(size, Rdx, Rax);
                break;
            case IrOpcode.AtomicOr32:
                _asm.Or(size, Rdx, Rax);
                break;
            case IrOpcode.AtomicXor32:
                _asm.Xor(size, Rdx, Rax);
                break;
            default:
                // The old value where it is the lesser, or the greater.
                _asm.Cmp(size, Rax, Rdx);
                _asm.Cmov(
                    kind switch
                    {
                        IrOpcode.AtomicMinimum32 => Condition.Less,
                        IrOpcode.AtomicMaximum32 => Condition.Greater,
                        IrOpcode.AtomicMinimumUnsigned32 => Condition.Below,
                        _ => Condition.Above,
                    },
                    size,
                    Rdx,
                    Rax);
                break;
        }

        _asm.LockCmpxchg(size, place, Rdx);
        _asm.Jcc(Condition.NotEqual, again);
    }
}
