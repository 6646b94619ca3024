// System V ABI, AMD64 supplement 1.0, section 3.2.1: which registers a called function keeps.
using Strata.Cpu.Translations.Ir;

namespace Strata.Cpu.X64;

/// <summary>Which register of the host holds which guest register, in all emitted code alike, so that nothing is moved where blocks meet.</summary>
/// <remarks>
/// rbp points into the hart's state so that the first 32 slots are within a displacement of one byte; r15 is the software TLB; rax, rcx and rdx are scratch;
/// rsp is the host's stack. Ten registers remain. xmm0 and xmm1 are scratch, fourteen remain; these are the guest's only while the state says so.
/// </remarks>
internal sealed class RegisterMap
{
    /// <summary>rbp is the state's address plus this.</summary>
    public const int StateBias = 128;

    public const Register64 State = Register64.Rbp;
    public const Register64 Tlb = Register64.R15;

    private const byte NotPinned = 255;

    private static readonly Register64[] s_pool =
    [
        Register64.Rbx, Register64.Rsi, Register64.Rdi, Register64.R8, Register64.R9, Register64.R10, Register64.R11, Register64.R12, Register64.R13, Register64.R14,
    ];

    private static readonly XmmRegister[] s_floatPool = [.. Enum.GetValues<XmmRegister>().Where(register => register >= XmmRegister.Xmm2)];

    private readonly byte[] _pinned = new byte[256];

    public RegisterMap(StateLayout layout)
    {
        Array.Fill(_pinned, NotPinned);
        Pinned = [.. layout.HotSlots.Zip(s_pool)];
        foreach ((byte slot, Register64 register) in Pinned)
            _pinned[slot] = (byte)register;
        PinnedFloats = [.. layout.Floats.HotSlots.Zip(s_floatPool)];
        foreach ((byte slot, XmmRegister register) in PinnedFloats)
            _pinned[slot] = (byte)register;
    }

    /// <summary>The pairs.</summary>
    public (byte Slot, Register64 Register)[] Pinned { get; }

    /// <summary>The pairs of floating-point slots.</summary>
    public (byte Slot, XmmRegister Register)[] PinnedFloats { get; }

    /// <summary>Whether a slot lives in <paramref name="register"/>.</summary>
    public bool IsPinned(byte slot, out Register64 register)
    {
        byte number = _pinned[slot];
        register = (Register64)(number & 15);
        return number != NotPinned;
    }

    /// <summary>Whether a floating-point slot lives in <paramref name="register"/>.</summary>
    public bool IsPinned(byte slot, out XmmRegister register)
    {
        byte number = _pinned[slot];
        register = (XmmRegister)(number & 15);
        return number != NotPinned;
    }

    /// <summary>A slot's place in memory, which is out of date while the slot is pinned.</summary>
    public static Memory Slot(byte slot) => Memory.At(State, (slot * 8) - StateBias);

    /// <summary>A field of the state.</summary>
    public static Memory Field(int offset) => Memory.At(State, offset - StateBias);
}
