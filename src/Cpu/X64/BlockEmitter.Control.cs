using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <content>Branches and jumps. Every loop passes a poll: jumps backward, and all whose target is not known.</content>
internal sealed unsafe partial class BlockEmitter
{
    private const int PageBytes = 4096;

    private void Branch(in IrInstruction i)
    {
        int target = i.PageOffset + (int)i.Immediate;
        int comparison = _asm.Offset;
        Condition taken = Compare(in i) switch
        {
            (IrOpcode.BranchEqual, _) => Condition.Equal,
            (IrOpcode.BranchNotEqual, _) => Condition.NotEqual,
            (IrOpcode.BranchLess, false) => Condition.Less,
            (IrOpcode.BranchNotLess, false) => Condition.GreaterOrEqual,
            (IrOpcode.BranchLessUnsigned, false) => Condition.Below,
            (IrOpcode.BranchNotLessUnsigned, false) => Condition.AboveOrEqual,
            (IrOpcode.BranchLess, true) => Condition.Greater,
            (IrOpcode.BranchNotLess, true) => Condition.LessOrEqual,
            (IrOpcode.BranchLessUnsigned, true) => Condition.Above,
            _ => Condition.BelowOrEqual,
        };
        bool inPage = (uint)target < PageBytes;
        if (inPage && target > i.PageOffset && !_counts)
        {
            _coldJumps.Add(new ColdJump(_asm.JccRel32(taken, 0, comparison), target));
            return;
        }

        // In cold code the branch goes where it goes in the run.
        if (IsInColdRun)
        {
            _asm.Jcc(taken, _waysOut[_inColdRun]);
            return;
        }

        Label next = _asm.NewLabel();
        _asm.Jcc(taken.Inverse(), next);
        if (IsInRun)
            _asm.Bind(_waysOut[_inRun] = _asm.NewLabel());
        Refund(i.Index + 1);
        Goto(target, i.PageOffset);
        _asm.Bind(next);
    }

    // Compares; the answer says if the operands were exchanged.
    private (IrOpcode Opcode, bool Swapped) Compare(in IrInstruction i)
    {
        Register64 right;
        if (i.Left == IrSlot.Zero && i.Right != IrSlot.Immediate && IsInRegister(i.Right, out right))
        {
            _asm.Test(Qword, right, right);
            return (i.Opcode, true);
        }

        bool isZero = i.Right == IrSlot.Zero || (i.Right == IrSlot.Immediate && i.Immediate == 0);
        if (IsInRegister(i.Left, out Register64 left))
        {
            if (isZero)
                _asm.Test(Qword, left, left);
            else if (i.Right == IrSlot.Immediate)
                _asm.Cmp(Qword, left, (int)i.Immediate);
            else if (IsInRegister(i.Right, out right))
                _asm.Cmp(Qword, left, right);
            else if (IsFresh(i.Right))
                _asm.Cmp(Qword, left, Fetch(i.Right, Rcx, Qword));
            else
                _asm.Cmp(Qword, left, RegisterMap.Slot(i.Right));
        }
        else if (isZero)
        {
            // As many operations of the processor as a comparison in memory, which cannot be one with its branch.
            left = Fetch(i.Left, Rcx, Qword);
            _asm.Test(Qword, left, left);
        }
        else if (i.Right == IrSlot.Immediate)
        {
            _asm.Cmp(Qword, Fetch(i.Left, Rcx, Qword), (int)i.Immediate);
        }
        else if (IsFresh(i.Left))
        {
            _asm.Cmp(Qword, Fetch(i.Left, Rcx, Qword), ReadFirst(i.Right, Rax, Qword));
        }
        else
        {
            _asm.Cmp(Qword, RegisterMap.Slot(i.Left), ReadFirst(i.Right, Rax, Qword));
        }

        return (i.Opcode, false);
    }

    private void Jump(in IrInstruction i)
    {
        Link(in i);
        Goto(i.PageOffset + (int)i.Immediate, i.PageOffset);
    }

    private void JumpIndirect(in IrInstruction i)
    {
        MoveFirst(Rax, i.Left, Qword);
        if (i.Immediate != 0)
            _asm.Add(Qword, Rax, (int)i.Immediate);
        _asm.And(Qword, Rax, -2);
        Link(in i);
        LookUp();
    }

    // The address of the next instruction.
    private void Link(in IrInstruction i)
    {
        if (i.Destination == IrSlot.None)
            return;
        Register64 target = _map.IsPinned(i.Destination, out Register64 pinned) ? pinned : Rcx;
        _asm.Mov(Qword, target, RegisterMap.Field(_layout.CurrentPage));
        _asm.Add(Qword, target, i.PageOffset + i.Length);
        Write(i.Destination, target);
    }

    // Equal: nobody wants this hart. One operation of the processor with its branch, which a comparison with an immediate would not be.
    private void Poll() => _asm.Test(Dword, RegisterMap.Field(_layout.ExitWord), RegisterMap.Tlb);

    /// <summary>Goes on at an offset from the current page's start, which may lie outside it.</summary>
    /// <param name="target">The offset.</param>
    /// <param name="from">The offset of the instruction that goes there: a jump backward polls.</param>
    private void Goto(int target, int from)
    {
        if ((uint)target >= PageBytes)
        {
            LookUp(target, polls: target <= from);
            return;
        }

        if (target <= from)
        {
            Label wanted = _asm.NewLabel();
            int poll = _asm.Offset;
            Poll();
            _coldJumps.Add(new ColdJump(_asm.JccRel32(Condition.Equal, 0, poll), target));
            _asm.Jmp(wanted);
            _coldPolls.Add(new ColdPoll(wanted, target));
            return;
        }

        _coldJumps.Add(new ColdJump(_asm.JmpRel32(0, patchable: true), target));
    }

    /// <summary>Goes on at the address in rax: the software TLB finds the page's entries, these the code in two steps: a piece for each 256 bytes, and in it a word for each two.</summary>
    private void LookUp()
    {
        Poll();
        _asm.JccRel32(Condition.NotEqual, _stubs.Missed - _origin);
        TlbTables.Index(_asm, Rax);
        _asm.Mov(Qword, Rdx, Rax);
        _asm.Sub(Qword, Rdx, _tlb.Page(TlbTables.Code));
        _asm.Cmp(Qword, Rdx, PageBytes - 2);
        _asm.JccRel32(Condition.Above, _stubs.Missed - _origin);
        _asm.Mov(Qword, Rcx, _tlb.Addend(TlbTables.Code));
        _asm.Sub(Qword, Rax, Rdx);
        _asm.Mov(Qword, RegisterMap.Field(_layout.CurrentPage), Rax);
        _asm.MovzxEaxDh();
        _asm.Mov(Qword, Rcx, Memory.At(Rcx, Rax, 8));
        _asm.Mov(Dword, Rcx, Memory.At(Rcx, Rdx, 2));
        _asm.Jmp(Rcx);
    }

    // The same at an offset from the current page's start that lies in another page.
    private void LookUp(int target, bool polls)
    {
        int offset = target & (PageBytes - 1);
        _asm.Mov(Qword, Rax, RegisterMap.Field(_layout.CurrentPage));
        _asm.Add(Qword, Rax, target - offset);
        _asm.Mov(Rdx, offset);
        if (polls)
        {
            Poll();
            _asm.JccRel32(Condition.NotEqual, _stubs.MissedPage - _origin);
        }

        TlbTables.Index(_asm, Rax);
        _asm.Cmp(Qword, Rax, _tlb.Page(TlbTables.Code));
        _asm.JccRel32(Condition.NotEqual, _stubs.MissedPage - _origin);
        _asm.Mov(Qword, Rcx, _tlb.Addend(TlbTables.Code));
        _asm.Mov(Qword, RegisterMap.Field(_layout.CurrentPage), Rax);
        _asm.Mov(Qword, Rcx, Memory.At(Rcx, (offset >> 8) * 8));
        _asm.Mov(Dword, Rcx, Memory.At(Rcx, offset * 2));
        _asm.Jmp(Rcx);
    }

    private void Interpret(in IrInstruction i) => Interpret(in i, i.Opcode == IrOpcode.InterpretAndLeave ? _stubs.Interpret : InterpretStub);

    private void Interpret(in IrInstruction i, int stub)
    {
        AccessDescriptor descriptor = Describe(in i);
        _asm.Mov(Rax, i.Immediate);
        _asm.Mov(Rdx, descriptor.Bits);
        _asm.CallRel32(stub - _origin);
        ForgetFloats();
    }

    // The stub goes on in that of the interpreter where the time is not for emitted code to read.
    private void ReadTime(in IrInstruction i)
    {
        AccessDescriptor descriptor = Describe(in i, i.Third == IrSlot.Zero ? _layout.DiscardedSlot : i.Third);
        _asm.Mov(Rax, i.Immediate);
        _asm.Mov(Rdx, descriptor.Bits);
        _asm.CallRel32((_hasFloats ? _stubs.ReadTimeAmongFloats : _stubs.ReadTime) - _origin);
        ForgetFloats();
    }

    // What the monitor has to know of an instruction; the rest is of loads and stores.
    private AccessDescriptor Describe(in IrInstruction i, byte slot = 0, int sizeLog = 0, bool isSigned = false, bool isFloat = false) =>
        AccessDescriptor.Make(i.PageOffset, i.Length, slot, sizeLog, isSigned, _counts ? _block.GuestInstructions - i.Index : 0, isFloat);
}
