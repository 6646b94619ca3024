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
        Register64 address = Address(i with { Immediate = 0 }, Rax);
        Label miss = _asm.NewLabel();
        Label back = _asm.NewLabel();
        RequireAligned(address, isDouble, miss);
        FindPage(address, Rdx, table: 1, isDouble ? 8 : 4, miss);

        // The stub of here: the block goes on behind it with the numbers in registers, if they are there by now.
        _coldInterpretations.Add(new ColdInterpretation(miss, back, i, InterpretStub));

        // rcx is the place from here on.
        _asm.Mov(Qword, Rcx, _tlb.Addend(TlbTables.Write));
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

    private void LoadReserved(in IrInstruction i, bool isDouble)
    {
        Register64 address = Address(i with { Immediate = 0 }, Rax);
        Label miss = _asm.NewLabel();
        Label back = _asm.NewLabel();
        RequireAligned(address, isDouble, miss);
        FindPage(address, Rdx, table: 0, isDouble ? 8 : 4, miss);
        _coldInterpretations.Add(new ColdInterpretation(miss, back, i, InterpretStub));

        // The address first: rax may hold it, and takes the value then.
        _asm.Mov(Qword, RegisterMap.Field(_layout.Reservation.Virtual), address);
        HostAddress(address, table: 0);
        PhysicalAddress(table: 0);
        _asm.Mov(Qword, RegisterMap.Field(_layout.Reservation.Physical), Rdx);
        if (isDouble)
            _asm.Mov(Qword, Rax, Memory.At(Rax));
        else
            _asm.Movsxd(Rax, Memory.At(Rax));
        _asm.Mov(Qword, RegisterMap.Field(_layout.Reservation.Value), Rax);
        _asm.Mov(OperandSize.Byte, RegisterMap.Field(_layout.IsReserved), 1);
        if (i.Destination != IrSlot.None)
            Write(i.Destination, Rax);
        _asm.Bind(back);
    }

    private void StoreConditional(in IrInstruction i, bool isDouble)
    {
        OperandSize size = isDouble ? Qword : Dword;
        Register64 address = Address(i with { Immediate = 0 }, Rax);
        Label miss = _asm.NewLabel();
        Label back = _asm.NewLabel();
        Label fails = _asm.NewLabel();
        Label done = _asm.NewLabel();
        _coldInterpretations.Add(new ColdInterpretation(miss, back, i, InterpretStub));

        // What may not be stored to faults, also where the SC fails.
        RequireAligned(address, isDouble, miss);
        FindPage(address, Rdx, table: 1, isDouble ? 8 : 4, miss);
        _asm.Cmp(OperandSize.Byte, RegisterMap.Field(_layout.IsReserved), 0);
        _asm.Jcc(Condition.Equal, fails);
        _asm.Cmp(Qword, RegisterMap.Field(_layout.Reservation.Virtual), address);
        _asm.Jcc(Condition.NotEqual, fails);
        HostAddress(address, table: 1);
        PhysicalAddress(table: 1);
        _asm.Mov(Qword, Rcx, Rax);
        _asm.Cmp(Qword, RegisterMap.Field(_layout.Reservation.Physical), Rdx);
        _asm.Jcc(Condition.NotEqual, fails);
        _asm.Mov(Qword, Rax, RegisterMap.Field(_layout.Reservation.Value));
        _asm.LockCmpxchg(size, Memory.At(Rcx), Read(i.Right, Rdx));
        _asm.Set(Condition.NotEqual, Rax);
        _asm.Movzx(OperandSize.Byte, Rax, Rax);
        _asm.JmpShort(done);
        _asm.Bind(fails);
        _asm.Mov(Rax, 1);
        _asm.Bind(done);
        _asm.Mov(OperandSize.Byte, RegisterMap.Field(_layout.IsReserved), 0);
        if (i.Destination != IrSlot.None)
            Write(i.Destination, Rax);
        _asm.Bind(back);
    }

    private void RequireAligned(Register64 address, bool isDouble, Label otherwise)
    {
        _asm.Test(Dword, address, isDouble ? 7 : 3);
        _asm.Jcc(Condition.NotEqual, otherwise);
    }

    // Into rax; rcx: the entry's index.
    private void HostAddress(Register64 address, int table)
    {
        if (address != Rax)
            _asm.Mov(Qword, Rax, address);
        _asm.Add(Qword, Rax, _tlb.Addend(table));
    }

    // rcx: the entry's index; rdx: the offset in the page, and then the physical address.
    private void PhysicalAddress(int table)
    {
        _asm.Mov(Qword, Rcx, _tlb.PhysicalPage(table));
        _asm.And(Qword, Rcx, -PageBytes);
        _asm.Add(Qword, Rdx, Rcx);
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
