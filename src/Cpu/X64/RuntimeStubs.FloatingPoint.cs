// Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, section 10.2.3: mxcsr.
using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <content>The guest's floating point in the host's vector registers and mxcsr: how it comes in and out, and constants.</content>
/// <remarks>
/// <code>
///                   first floating-point instruction of a block: LoadFloats
///   in the state ───────────────────────────────────────────────────────────► in the registers
///        ▲                                                                           │
///        └───────────────────────────────────────────────────────────────────────────┘
///                   any call into the monitor, leaving: Spill
/// </code>
/// So managed code finds all in the state, and mxcsr as it left it. mxcsr comes in without flags: what it has when it goes out is new.
/// </remarks>
internal sealed partial class RuntimeStubs
{
    // All exceptions masked, no flags, to the nearest; the direction is at bit 13. Neither "flush to zero" nor "denormals are zero".
    private const uint Masked = 0x1f80;
    private const int RoundingShift = 13;

    // Invalid, denormal operand (which no guest knows), divide by zero, overflow, underflow, precision.
    private const int NewFlags = 0x3d;
    private const int AllFlags = 0x3f;

    private int _spillFloats;

    /// <summary>Called by blocks: loads the guest's floating point and answers NotEqual; Equal if it is off, or rounds as the host cannot. Spoils rcx, rdx.</summary>
    public int LoadFloats { get; private set; }

    /// <summary>Called by blocks where the guest's floating point is loaded: ecx = the accrued flags. Spoils rdx.</summary>
    public int ReadFlags { get; private set; }

    /// <summary>As before, and then the flags become eax.</summary>
    public int ExchangeFlags { get; private set; }

    /// <summary>16 bytes: the low doubleword all ones, but for the sign of a double.</summary>
    public int DoubleWithoutSign { get; private set; }

    /// <summary>16 bytes: the sign of a double.</summary>
    public int DoubleSign { get; private set; }

    /// <summary>16 bytes: the low doubleword all ones, but for the sign of a single in its low half.</summary>
    public int SingleWithoutSign { get; private set; }

    /// <summary>16 bytes: the sign of a single.</summary>
    public int SingleSign { get; private set; }

    // Before everything else, so that the constants are aligned.
    private void WriteFloatCode()
    {
        GuestFloats floats = _layout.Floats;
        DoubleWithoutSign = Constant(0x7fff_ffff_ffff_ffff);
        DoubleSign = Constant(0x8000_0000_0000_0000);
        SingleWithoutSign = Constant(0xffff_ffff_7fff_ffff);
        SingleSign = Constant(0x8000_0000);
        int controls = _asm.Offset;
        foreach (FloatRounding rounding in floats.Roundings)
            _asm.Data(rounding == FloatRounding.Other ? 0 : Masked | ((uint)rounding << RoundingShift));
        int flags = _asm.Offset;
        for (int eight = 0; eight <= AllFlags; eight += 8)
        {
            ulong data = 0;
            for (int i = 7; i >= 0; i--)
                data = (data << 8) | GuestFlags(floats, eight + i);
            _asm.Data(data);
        }

        WriteLoad(controls);
        WriteSpill(flags);
        ReadFlags = WriteFlags(flags, changes: false);
        ExchangeFlags = WriteFlags(flags, changes: true);
    }

    private int WriteFlags(int flags, bool changes)
    {
        int start = _asm.Offset;
        _asm.Vstmxcsr(RegisterMap.Field(_layout.FloatControl));
        _asm.Mov(Dword, Rcx, RegisterMap.Field(_layout.FloatControl));
        _asm.And(Dword, Rcx, AllFlags);
        _asm.Lea(Qword, Rdx, Memory.AtOffset(flags));
        _asm.Movzx(OperandSize.Byte, Rcx, Memory.At(Rdx, Rcx));
        _asm.Movzx(OperandSize.Byte, Rdx, RegisterMap.Field(_layout.FloatFlags));
        _asm.Or(Dword, Rcx, Rdx);
        if (changes)
        {
            _asm.And(Dword, Rax, _layout.Floats.AllFlags);
            _asm.Mov(OperandSize.Byte, RegisterMap.Field(_layout.FloatFlags), Rax);
            _asm.And(Dword, RegisterMap.Field(_layout.FloatControl), ~AllFlags);
            _asm.Vldmxcsr(RegisterMap.Field(_layout.FloatControl));
        }

        _asm.Ret();
        return start;
    }

    private static byte GuestFlags(GuestFloats floats, int mxcsr) =>
        (byte)(((mxcsr & 1) != 0 ? floats.Invalid : 0) | ((mxcsr & 4) != 0 ? floats.DivideByZero : 0) | ((mxcsr & 8) != 0 ? floats.Overflow : 0)
            | ((mxcsr & 16) != 0 ? floats.Underflow : 0) | ((mxcsr & 32) != 0 ? floats.Inexact : 0));

    private int Constant(ulong low)
    {
        int offset = _asm.Offset;
        _asm.Data(low);
        _asm.Data(0);
        return offset;
    }

    private void WriteLoad(int controls)
    {
        Label notPossible = _asm.NewLabel();
        LoadFloats = _asm.Offset;
        _asm.Test(Dword, RegisterMap.Field(_layout.FloatStatus), _layout.Floats.StatusMask);
        _asm.Jcc(Condition.Equal, notPossible);
        _asm.Movzx(OperandSize.Byte, Rcx, RegisterMap.Field(_layout.FloatRounding));
        _asm.And(Dword, Rcx, _layout.Floats.Roundings.Length - 1);
        _asm.Lea(Qword, Rdx, Memory.AtOffset(controls));
        _asm.Mov(Dword, Rcx, Memory.At(Rdx, Rcx, 8));
        _asm.Test(Dword, Rcx, Rcx);
        _asm.Jcc(Condition.Equal, notPossible);

        // From here on no instruction touches the flags.
        _asm.Mov(Dword, RegisterMap.Field(_layout.FloatControl), Rcx);
        _asm.Vstmxcsr(RegisterMap.Field(_layout.HostFloatControl));
        _asm.Vldmxcsr(RegisterMap.Field(_layout.FloatControl));
        foreach ((byte slot, XmmRegister register) in _map.PinnedFloats)
            _asm.Vmov(Precision.Double, register, RegisterMap.Slot(slot));
        _asm.Mov(Dword, RegisterMap.Field(_layout.FloatsLoaded), 1);
        _asm.Bind(notPossible);
        _asm.Ret();
    }

    // Called where the other registers have been spilled; keeps rax and rdx.
    private void WriteSpill(int flags)
    {
        Label nothingNew = _asm.NewLabel();
        _spillFloats = _asm.Offset;
        foreach ((byte slot, XmmRegister register) in _map.PinnedFloats)
            _asm.Vmov(Precision.Double, RegisterMap.Slot(slot), register);
        _asm.Vstmxcsr(RegisterMap.Field(_layout.FloatControl));
        _asm.Vldmxcsr(RegisterMap.Field(_layout.HostFloatControl));
        _asm.Mov(Dword, RegisterMap.Field(_layout.FloatsLoaded), 0);
        _asm.Mov(Dword, Rcx, RegisterMap.Field(_layout.FloatControl));
        _asm.Test(Dword, Rcx, NewFlags);
        _asm.Jcc(Condition.Equal, nothingNew);
        _asm.And(Dword, Rcx, AllFlags);
        _asm.Lea(Qword, Rbx, Memory.AtOffset(flags));
        _asm.Movzx(OperandSize.Byte, Rcx, Memory.At(Rbx, Rcx));
        _asm.Or(OperandSize.Byte, RegisterMap.Field(_layout.FloatFlags), Rcx);
        _asm.Or(Dword, RegisterMap.Field(_layout.FloatStatus), _layout.Floats.StatusMask);
        _asm.Bind(nothingNew);
        _asm.Ret();
    }
}
