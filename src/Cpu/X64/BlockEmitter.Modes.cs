using System.Numerics;
using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <content>Calls of the upper mode, returns from it, and the view of memory that goes with a mode. What is not known here is the reference interpreter's.</content>
internal sealed unsafe partial class BlockEmitter
{
    private void ModeCall(in IrInstruction i)
    {
        GuestModes modes = _layout.Modes;
        Label otherwise = Otherwise(in i);

        // A call does not retire, and what it costs instead is the monitor's to know.
        if (_counts)
        {
            _asm.Jmp(otherwise);
            return;
        }

        _asm.Cmp(OperandSize.Byte, RegisterMap.Field(_layout.Mode), modes.Modes.Lower);
        _asm.Jcc(Condition.NotEqual, otherwise);
        _asm.Test(Dword, RegisterMap.Field(modes.Delegated), 1 << modes.CallCause);
        _asm.Jcc(Condition.Equal, otherwise);
        Move(Rax, RegisterMap.Field(modes.Status));
        _asm.Mov(Qword, Rcx, Rax);
        ChooseUpperView(otherwise);

        // rax: the status before; rdx: after.
        _asm.Mov(Qword, Rdx, Rax);
        And(Rdx, ~(modes.Interrupts.Enabled | modes.Interrupts.EnabledBefore | modes.CameFromUpper));
        And(Rax, modes.Interrupts.Enabled);
        _asm.Shl(Qword, Rax, Distance(modes.Interrupts));
        _asm.Or(Qword, Rdx, Rax);
        _asm.Mov(Qword, RegisterMap.Field(modes.Status), Rdx);
        _asm.Mov(Qword, Rax, RegisterMap.Field(_layout.CurrentPage));
        _asm.Add(Qword, Rax, i.PageOffset);
        _asm.Mov(Qword, RegisterMap.Field(modes.Call.From), Rax);
        _asm.Mov(Qword, RegisterMap.Field(modes.Call.Cause), modes.CallCause);
        _asm.Mov(Qword, RegisterMap.Field(modes.Call.Value), 0);
        _asm.Inc(Qword, RegisterMap.Field(_layout.Trapped));
        _asm.Mov(OperandSize.Byte, RegisterMap.Field(_layout.Mode), modes.Modes.Upper);
        _asm.Mov(OperandSize.Byte, RegisterMap.Field(_layout.IsReserved), 0);
        Move(Rax, RegisterMap.Field(modes.Call.Handler));
        _asm.And(Qword, Rax, -4);
        LookUp();
    }

    private void ModeReturn(in IrInstruction i)
    {
        GuestModes modes = _layout.Modes;
        Label otherwise = Otherwise(in i);
        Label stays = _asm.NewLabel();
        _asm.Cmp(OperandSize.Byte, RegisterMap.Field(_layout.Mode), modes.Modes.Upper);
        _asm.Jcc(Condition.NotEqual, otherwise);
        Move(Rax, RegisterMap.Field(modes.Status));
        _asm.Test(Dword, Rax, checked((int)modes.PreventReturn));
        _asm.Jcc(Condition.NotEqual, otherwise);

        // Whoever raises an interrupt from now on sets the exit word, which is looked at before the next instruction.
        Move(Rcx, RegisterMap.Field(_layout.Pending.First));
        _asm.Or(Qword, Rcx, RegisterMap.Field(_layout.Pending.Second));
        _asm.Test(Qword, RegisterMap.Field(_layout.Pending.Enabled), Rcx);
        _asm.Jcc(Condition.NotEqual, otherwise);

        // rdx: the status after.
        _asm.Mov(Qword, Rdx, Rax);
        And(Rdx, ~(modes.Interrupts.Enabled | modes.CameFromUpper));
        _asm.Or(Qword, Rdx, (int)modes.Interrupts.EnabledBefore);
        _asm.Mov(Qword, Rcx, Rax);
        _asm.Shr(Qword, Rcx, Distance(modes.Interrupts));
        And(Rcx, modes.Interrupts.Enabled);
        _asm.Or(Qword, Rdx, Rcx);
        _asm.Test(Dword, Rax, (int)modes.CameFromUpper);
        _asm.Jcc(Condition.NotEqual, stays);
        _asm.Mov(Rcx, GuestModes.LowerView);
        _asm.CallRel32(_stubs.ChooseView - _origin);
        _asm.Jcc(Condition.Equal, otherwise);
        _asm.Mov(OperandSize.Byte, RegisterMap.Field(_layout.Mode), modes.Modes.Lower);
        _asm.Bind(stays);
        _asm.Mov(Qword, RegisterMap.Field(modes.Status), Rdx);
        _asm.Mov(OperandSize.Byte, RegisterMap.Field(_layout.IsReserved), 0);
        Move(Rax, RegisterMap.Field(modes.Call.From));
        LookUp();
    }

    // rax: the old status, rdx: the bits that change; both stay.
    private void ChangeView(Label otherwise)
    {
        GuestModes modes = _layout.Modes;
        Label same = _asm.NewLabel();
        _asm.Test(Qword, Rdx, checked((int)modes.ViewBit));
        _asm.Jcc(Condition.Equal, same);
        _asm.Cmp(OperandSize.Byte, RegisterMap.Field(_layout.Mode), modes.Modes.Upper);
        _asm.Jcc(Condition.NotEqual, otherwise);
        _asm.Mov(Qword, Rcx, Rax);
        _asm.Xor(Qword, Rcx, Rdx);
        ChooseUpperView(otherwise);
        _asm.Bind(same);
    }

    // rcx: the status word that it is to fit.
    private void ChooseUpperView(Label otherwise)
    {
        _asm.Shr(Qword, Rcx, BitOperations.TrailingZeroCount(_layout.Modes.ViewBit));
        _asm.And(Dword, Rcx, 1);
        _asm.Add(Dword, Rcx, GuestModes.UpperView);
        _asm.CallRel32(_stubs.ChooseView - _origin);
        _asm.Jcc(Condition.Equal, otherwise);
    }

    private Label Otherwise(in IrInstruction i)
    {
        Label otherwise = _asm.NewLabel();
        _coldInstructions.Add(new ColdInstruction(otherwise, default, Leaves: true, Loads: false, i.Bits, Describe(in i), i.Index));
        return otherwise;
    }

    private static int Distance((ulong Enabled, ulong EnabledBefore) bits) =>
        BitOperations.TrailingZeroCount(bits.EnabledBefore) - BitOperations.TrailingZeroCount(bits.Enabled);
}
