using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <content>Doublewords of the state that the guest names. Whatever a change would entail is the reference interpreter's, and ends the block then.</content>
internal sealed unsafe partial class BlockEmitter
{
    private void Field(in IrInstruction i)
    {
        GuestField field = _layout.Fields[i.Third];
        Memory place = RegisterMap.Field(field.Offset);
        Label otherwise = _asm.NewLabel();
        _asm.Cmp(OperandSize.Byte, RegisterMap.Field(_layout.Mode), field.Mode);
        _asm.Jcc(Condition.Below, otherwise);

        // Flags that wait in mxcsr have not reached the field yet.
        if (field.Full != 0)
        {
            _asm.Cmp(Dword, RegisterMap.Field(_layout.FloatsLoaded), 0);
            _asm.Jcc(Condition.NotEqual, otherwise);
        }

        if (i.Opcode != IrOpcode.FieldRead && field.Inline == 0)
            _asm.Jmp(otherwise);
        else if (i.Opcode != IrOpcode.FieldRead)
            Change(in i, field, place, otherwise);
        else if (i.Destination != IrSlot.None)
            Show(in i, field, Move(Rax, place));
        _coldInstructions.Add(new ColdInstruction(otherwise, default, Leaves: true, Loads: false, i.Bits, Describe(in i), i.Index));
    }

    private void Change(in IrInstruction i, GuestField field, Memory place, Label otherwise)
    {
        // rax: the old value; rdx: the bits that change.
        _ = Move(Rax, place);
        if (i.Right == IrSlot.Immediate)
            _asm.Mov(Rdx, i.Immediate);
        else
            Move(Rdx, i.Right);
        switch (i.Opcode)
        {
            case IrOpcode.FieldExchange:
                _asm.Xor(Qword, Rdx, Rax);
                break;
            case IrOpcode.FieldSet:
                _asm.Andn(Qword, Rdx, Rax, Rdx);
                break;
            default:
                _asm.And(Qword, Rdx, Rax);
                break;
        }

        And(Rdx, field.Writable);
        ulong other = field.Writable & ~(field.Inline | field.View);
        if (other != 0)
        {
            _asm.Test(Qword, Rdx, checked((int)other));
            _asm.Jcc(Condition.NotEqual, otherwise);
        }

        if (field.Noticed != 0 && i.Opcode != IrOpcode.FieldClear)
        {
            // Whoever raises an interrupt from now on sets the exit word, whether it can be taken or not.
            Label quiet = _asm.NewLabel();
            _asm.Andn(Qword, Rcx, Rax, Rdx);
            _asm.Test(Qword, Rcx, checked((int)field.Noticed));
            _asm.JccShort(Condition.Equal, quiet);
            _asm.Mov(Qword, Rcx, RegisterMap.Field(_layout.Pending.First));
            _asm.Or(Qword, Rcx, RegisterMap.Field(_layout.Pending.Second));
            _asm.Test(Qword, RegisterMap.Field(_layout.Pending.Enabled), Rcx);
            _asm.Jcc(Condition.NotEqual, otherwise);
            _asm.Bind(quiet);
        }

        if (field.View != 0)
            ChangeView(otherwise);
        _asm.Xor(Qword, place, Rdx);
        if (i.Destination != IrSlot.None)
            Show(in i, field, Rax);
    }

    // As the guest sees it; rcx and rdx are spoiled.
    private void Show(in IrInstruction i, GuestField field, Register64 value)
    {
        if (field.Full != 0)
        {
            int full = (int)field.Full;
            _asm.Mov(Dword, Rcx, value);
            _asm.And(Dword, Rcx, full);
            _asm.Zero(Rdx);
            _asm.Cmp(Dword, Rcx, full);
            _asm.Set(Condition.Equal, Rdx);
            _asm.Shl(Qword, Rdx, 63);
            And(value, field.Readable);
            _asm.Or(Qword, value, Rdx);
        }
        else
        {
            And(value, field.Readable);
        }

        Write(i.Destination, value);
    }

    private Register64 Move(Register64 target, Memory source)
    {
        _asm.Mov(Qword, target, source);
        return target;
    }

    // rcx is spoiled if the mask is no immediate.
    private void And(Register64 value, ulong mask)
    {
        if (mask == ulong.MaxValue)
            return;
        if ((long)mask == (int)mask)
        {
            _asm.And(Qword, value, (int)mask);
            return;
        }

        _asm.Mov(Rcx, (long)mask);
        _asm.And(Qword, value, Rcx);
    }
}
