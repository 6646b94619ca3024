using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <content>Comparisons that give a number, and choices between two.</content>
internal sealed unsafe partial class BlockEmitter
{
    private void SetLess(in IrInstruction i, Condition condition, Condition swapped)
    {
        if (i.Right == IrSlot.Immediate && i.Immediate == 1 && condition == Condition.Below)
        {
            // Less than one: is it zero?
            _ = Compare(i with { Immediate = 0 });
            condition = Condition.Equal;
        }
        else if (i.Left == IrSlot.Zero && condition == Condition.Below && i.Right != IrSlot.Immediate)
        {
            _ = Compare(i with { Left = i.Right, Right = IrSlot.Immediate, Immediate = 0 });
            condition = Condition.NotEqual;
        }
        else if (Compare(in i).Swapped)
        {
            condition = swapped;
        }

        _asm.Set(condition, Rax);
        Register64 target = _map.IsPinned(i.Destination, out Register64 pinned) ? pinned : Rax;
        _asm.Movzx(OperandSize.Byte, target, Rax);
        WriteResult(i.Destination, target, Qword);
    }

    private void Select(in IrInstruction i, Condition takesRight)
    {
        Register64 target = Target(in i);
        Move(target, i.Left);
        Register64 right = Read(i.Right, Rcx);
        _asm.Cmp(Qword, target, right);
        _asm.Cmov(takesRight, Qword, target, right);
        Write(i.Destination, target);
    }

    private void ZeroIf(in IrInstruction i, Condition keeps)
    {
        Register64 condition = Read(i.Right, Rcx);
        _asm.Zero(Rax);
        _asm.Test(Qword, condition, condition);
        _asm.Cmov(keeps, Qword, Rax, Read(i.Left, Rcx));
        Write(i.Destination, Rax);
    }
}
