using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;
using static Strata.Cpu.X64.XmmRegister;

namespace Strata.Cpu.X64;

/// <content>Floating point: conversions, moves between the register files, loads and stores.</content>
internal sealed unsafe partial class BlockEmitter
{
    // vround: without the flag "inexact".
    private const int RoundQuietly = 8;

    private void Move(in IrInstruction i)
    {
        switch (i.Opcode)
        {
            case IrOpcode.FloatToSigned32:
                FloatToSigned(in i, Dword);
                break;
            case IrOpcode.FloatToSigned64:
                FloatToSigned(in i, Qword);
                break;
            case IrOpcode.FloatToUnsigned32:
                FloatToUnsigned(in i, 32);
                break;
            case IrOpcode.FloatToUnsigned64:
                FloatToUnsigned(in i, 63);
                break;
            case IrOpcode.FloatFromSigned32 or IrOpcode.FloatFromSigned64 or IrOpcode.FloatFromUnsigned32 or IrOpcode.FloatFromUnsigned64:
                FloatFromInteger(in i);
                break;
            case IrOpcode.FloatConvert:
                FloatConvert(in i);
                break;
            case IrOpcode.FloatBitsToInteger:
                FloatBitsToInteger(in i);
                break;
            case IrOpcode.FloatBitsFromInteger:
                FloatBitsFromInteger(in i);
                break;
            case IrOpcode.FloatLoad:
                FloatLoad(in i);
                break;
            default:
                FloatStore(in i);
                break;
        }
    }

    // What has no such integer gives the most negative one and the flag "invalid" alone.
    private void FloatToSigned(in IrInstruction i, OperandSize size)
    {
        if (i.Format == FloatFormat.Binary32)
            RequireBoxed(i.Left);
        Precision precision = PrecisionOf(in i);
        XmmRegister source = ReadFloat(i.Left, Xmm0);
        int rounding = (int)i.Immediate - 1;
        bool isRoundedFirst = rounding >= 0 && rounding != (int)FloatRounding.Zero;
        if (i.Immediate == 0)
        {
            _asm.VcvtToInteger(precision, size, Rax, source);
        }
        else if (isRoundedFirst)
        {
            // What does not fit in 32 bits must not raise "inexact"; what does not fit in 64 is an integer anyway.
            _asm.Vround(precision, Xmm1, source, source, size == Dword ? rounding | RoundQuietly : rounding);
            _asm.VcvtToIntegerTruncate(precision, size, Rax, Xmm1);
        }
        else
        {
            _asm.VcvtToIntegerTruncate(precision, size, Rax, source);
        }

        _asm.Cmp(size, Rax, 1);
        _asm.Jcc(Condition.Overflow, Interpreted());
        if (isRoundedFirst && size == Dword)
            _asm.Vround(precision, Xmm1, source, source, rounding);
        if (i.Destination != IrSlot.None)
            Write(i.Destination, Rax, size);
    }

    // Inline if 0 <= a < 2^bits, seen from the bits: a sign, a NaN and what is too large are all above the limit.
    private void FloatToUnsigned(in IrInstruction i, int bits)
    {
        bool isSingle = i.Format == FloatFormat.Binary32;
        if (isSingle)
            RequireBoxed(i.Left);
        XmmRegister source = ReadFloat(i.Left, Xmm0);
        if (isSingle)
        {
            _asm.Vmov(Dword, Rax, source);
            _asm.Cmp(Dword, Rax, (127 + bits) << 23);
        }
        else
        {
            _asm.Vmov(Qword, Rax, source);
            _asm.Mov(Rcx, (1023L + bits) << 52);
            _asm.Cmp(Qword, Rax, Rcx);
        }

        _asm.Jcc(Condition.AboveOrEqual, Interpreted());
        _asm.VcvtToIntegerTruncate(PrecisionOf(in i), Qword, Rax, source);
        if (i.Destination != IrSlot.None)
            Write(i.Destination, Rax, bits == 32 ? Dword : Qword);
    }

    private void FloatFromInteger(in IrInstruction i)
    {
        Precision precision = PrecisionOf(in i);
        XmmRegister target = _map.IsPinned(i.Destination, out XmmRegister pinned) ? pinned : Xmm0;
        OperandSize size = i.Opcode == IrOpcode.FloatFromSigned32 ? Dword : Qword;
        Register64 source = Read(i.Left, Rax);
        if (i.Opcode == IrOpcode.FloatFromUnsigned32)
        {
            _asm.Mov(Dword, Rax, source);
            source = Rax;
        }
        else if (i.Opcode == IrOpcode.FloatFromUnsigned64)
        {
            _asm.Test(Qword, source, source);
            _asm.Jcc(Condition.Sign, Interpreted());
        }

        if (i.Immediate != 0)
            RequireExact(source, size, i.Format == FloatFormat.Binary32 ? 24 : 53);

        // The upper bits: the box of a single, and nothing to wait for.
        _asm.Vpcmpeqd(Xmm1, Xmm1, Xmm1);
        _asm.VcvtFromInteger(precision, size, target, Xmm1, source);
        WriteFloat(in i, target);
    }

    // Spoils rcx: a number between -2^bits and 2^bits is exact however it is rounded.
    private void RequireExact(Register64 source, OperandSize size, int bits)
    {
        if (size == Dword)
            _asm.Movsxd(Rcx, source);
        else
            _asm.Mov(Qword, Rcx, source);
        _asm.Sar(Qword, Rcx, bits);
        _asm.Add(Qword, Rcx, 1);
        _asm.Cmp(Qword, Rcx, 1);
        _asm.Jcc(Condition.Above, Interpreted());
    }

    private void FloatConvert(in IrInstruction i)
    {
        bool toSingle = i.Format == FloatFormat.Binary32;
        if (!toSingle)
            RequireBoxed(i.Left);
        XmmRegister source = ReadFloat(i.Left, Xmm0);
        XmmRegister target = FloatTarget(in i, i.Left, i.Left, i.Left);
        if (toSingle)
        {
            _asm.Vpcmpeqd(Xmm1, Xmm1, Xmm1);
            _asm.VcvtPrecision(Precision.Double, target, Xmm1, source);
        }
        else
        {
            _asm.VcvtPrecision(Precision.Single, target, source, source);
        }

        WriteNumber(in i, target);
    }

    private void FloatBitsToInteger(in IrInstruction i)
    {
        if (i.Destination == IrSlot.None)
            return;
        bool isSingle = i.Format == FloatFormat.Binary32;
        Register64 target = _map.IsPinned(i.Destination, out Register64 wanted) ? wanted : Rax;
        bool isPinned = _map.IsPinned(i.Left, out XmmRegister source);
        if (isPinned && isSingle)
        {
            _asm.Vmov(Dword, Rax, source);
            _asm.Movsxd(target, Rax);
        }
        else if (isPinned)
        {
            _asm.Vmov(Qword, target, source);
        }
        else if (isSingle)
        {
            _asm.Movsxd(target, Fetch(i.Left, target, Dword));
        }
        else
        {
            _asm.Mov(Qword, target, RegisterMap.Slot(i.Left));
        }

        Write(i.Destination, target);
    }

    private void FloatBitsFromInteger(in IrInstruction i)
    {
        XmmRegister target = _map.IsPinned(i.Destination, out XmmRegister pinned) ? pinned : Xmm0;
        Register64 source = Read(i.Left, Rax);
        if (i.Format == FloatFormat.Binary32)
        {
            _asm.Vmov(Dword, Xmm0, source);
            Box(target, Xmm0);
        }
        else
        {
            _asm.Vmov(Qword, target, source);
        }

        WriteFloat(in i, target);
    }

    private void FloatLoad(in IrInstruction i)
    {
        Label back = FindPage(in i, TlbTables.Read, LoadStub);
        FloatLoadFrom(PlaceOf(in i, TlbTables.Read), in i);

        // The monitor has written the register itself, and the status.
        _asm.Bind(back);
    }

    private void FloatStore(in IrInstruction i)
    {
        Label back = FindPage(in i, TlbTables.Write, StoreStub);
        FloatStoreTo(PlaceOf(in i, TlbTables.Write), in i);
        _asm.Bind(back);
    }

    private void FloatLoadFrom(Memory place, in IrInstruction i)
    {
        XmmRegister target = _map.IsPinned(i.Destination, out XmmRegister pinned) ? pinned : Xmm0;
        if (i.Format == FloatFormat.Binary32)
        {
            _asm.Vmov(Precision.Single, Xmm0, place);
            Box(target, Xmm0);
        }
        else
        {
            _asm.Vmov(Precision.Double, target, place);
        }

        WriteFloat(in i, target);
    }

    private void FloatStoreTo(Memory place, in IrInstruction i, Register64 scratch = Rax)
    {
        if (_map.IsPinned(i.Right, out XmmRegister source))
        {
            _asm.Vmov(PrecisionOf(in i), place, source);
            return;
        }

        OperandSize size = i.Format == FloatFormat.Binary32 ? Dword : Qword;
        _asm.Mov(size, scratch, RegisterMap.Slot(i.Right));
        _asm.Mov(size, place, scratch);
    }

    // All ones above the single.
    private void Box(XmmRegister target, XmmRegister single)
    {
        _asm.Vpcmpeqd(Xmm1, Xmm1, Xmm1);
        _asm.Vmov(Precision.Single, target, Xmm1, single);
    }
}
