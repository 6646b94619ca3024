// IEEE 754-2019, sections 3.4 (binary interchange formats), 4.3 (rounding directions) and 7 (exceptions).
namespace Strata.Cpu.Translations.Ir;

/// <summary>What a floating-point slot holds. The slot is a doubleword: a single lies in its low half and all bits above are ones ("boxed").</summary>
/// <remarks>
/// Results that are NaNs, and operands that are not boxed, are rare and their meaning is the guest's: the reference interpreter executes the instruction then.
/// </remarks>
internal enum FloatFormat : byte
{
    /// <summary>A double.</summary>
    Binary64,

    /// <summary>A single.</summary>
    Binary32,
}

/// <summary>A direction of rounding.</summary>
internal enum FloatRounding : byte
{
    /// <summary>To the nearest, ties to even.</summary>
    Nearest,

    /// <summary>Toward negative infinity.</summary>
    Down,

    /// <summary>Toward positive infinity.</summary>
    Up,

    /// <summary>Toward zero.</summary>
    Zero,

    /// <summary>Anything else: the reference interpreter's.</summary>
    Other,
}

/// <summary>What the back end must know about a guest's floating point.</summary>
internal sealed record GuestFloats
{
    /// <summary>The slots that deserve a register of the host, most deserving first.</summary>
    public required byte[] HotSlots { get; init; }

    /// <summary>Bits of the status word: floating point is off while all are 0; set when a floating-point register or a flag has been written.</summary>
    public required int StatusMask { get; init; }

    /// <summary>By the guest's rounding byte; a power of two of them.</summary>
    public required FloatRounding[] Roundings { get; init; }

    /// <summary>The flag that means: no result.</summary>
    public required byte Invalid { get; init; }

    /// <summary>The flag that means: a number divided by zero.</summary>
    public required byte DivideByZero { get; init; }

    /// <summary>The flag that means: too large.</summary>
    public required byte Overflow { get; init; }

    /// <summary>The flag that means: tiny after rounding, and inexact.</summary>
    public required byte Underflow { get; init; }

    /// <summary>The flag that means: rounded.</summary>
    public required byte Inexact { get; init; }

    /// <summary>All of them.</summary>
    public int AllFlags => Invalid | DivideByZero | Overflow | Underflow | Inexact;
}
