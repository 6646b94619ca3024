// The host's clock_gettime(2), which the vDSO answers without a system call; System V ABI, AMD64 supplement 1.0, section 3.2.3.
using Strata.Cpu.Translations.Ir;
using Strata.Host;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <content>Reading the time: by the clock that the monitor reads too, so that it is the same time whoever reads it.</content>
internal sealed partial class RuntimeStubs
{
    private const int NanosecondsPerSecond = 1_000_000_000;

    // rax, edx: as Interpret wants them. Called by blocks.
    private int WriteReadTime(int interpret, bool loadsFloats)
    {
        GuestTime time = _layout.Time;
        int start = _asm.Offset;
        Label otherwise = _asm.NewLabel();
        Label permitted = _asm.NewLabel();
        _asm.Cmp(Qword, RegisterMap.Field(_layout.TimeOrigin), 0);
        _asm.Jcc(Condition.Equal, otherwise);
        _asm.Cmp(OperandSize.Byte, RegisterMap.Field(_layout.Mode), time.Modes.Free);
        _asm.Jcc(Condition.Equal, permitted);
        _asm.Test(Dword, RegisterMap.Field(time.Permissions.First), time.Permission);
        _asm.Jcc(Condition.Equal, otherwise);
        _asm.Cmp(OperandSize.Byte, RegisterMap.Field(_layout.Mode), time.Modes.Lower);
        _asm.Jcc(Condition.NotEqual, permitted);
        _asm.Test(Dword, RegisterMap.Field(time.Permissions.Second), time.Permission);
        _asm.Jcc(Condition.Equal, otherwise);
        _asm.Bind(permitted);

        // On the stack: seconds and nanoseconds, then the descriptor; it is aligned to 16 bytes again.
        _asm.Push(Rdx);
        Spill();
        _asm.Sub(Qword, Rsp, 16);
        _asm.Mov(Rdi, MonotonicClock.Number);
        _asm.Mov(Qword, Rsi, Rsp);
        _asm.Mov(Rax, MonotonicClock.Function);
        _asm.Call(Rax);
        _asm.Pop(Rax);
        _asm.Imul(Qword, Rax, Rax, NanosecondsPerSecond);
        _asm.Pop(Rcx);
        _asm.Add(Qword, Rax, Rcx);
        _asm.Mov(Qword, Rsi, RegisterMap.Field(_layout.TimeOrigin));
        _asm.Sub(Qword, Rax, Memory.At(Rsi));
        _asm.Mov(Rdx, 0);
        _asm.Mov(Rcx, time.TickNanoseconds);
        _asm.Div(Qword, Rcx);
        _asm.Add(Qword, Rax, Memory.At(Rsi, sizeof(ulong)));
        _asm.Pop(Rdx);
        _asm.Shr(Dword, Rdx, AccessDescriptor.SlotShift);
        _asm.And(Dword, Rdx, AccessDescriptor.SlotMask);
        _asm.Mov(Qword, Memory.At(RegisterMap.State, Rdx, 8, -RegisterMap.StateBias), Rax);
        Fill();
        if (loadsFloats)
            _asm.JmpRel32(LoadFloats);
        else
            _asm.Ret();
        _asm.Bind(otherwise);
        _asm.JmpRel32(interpret);
        return start;
    }
}
