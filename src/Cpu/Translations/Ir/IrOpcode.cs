namespace Strata.Cpu.Translations.Ir;

/// <summary>
/// What a guest-neutral operation does: d is <see cref="IrInstruction.Destination"/>, a <see cref="IrInstruction.Left"/>, b <see cref="IrInstruction.Right"/> or, where
/// that is <see cref="IrSlot.Immediate"/>, i = <see cref="IrInstruction.Immediate"/>. Operations named 32 work on the low halves and sign-extend the result.
/// </summary>
internal enum IrOpcode : byte
{
    /// <summary>Never executed.</summary>
    None,

    /// <summary>d = i.</summary>
    Constant,

    /// <summary>d = address of this instruction + i.</summary>
    PcRelative,

    // d = a op b.
    Add, Subtract, And, Or, Xor, AndNot, OrNot, XorNot, Multiply,
    ShiftLeft, ShiftRight, ShiftRightArithmetic, RotateLeft, RotateRight,
    Add32, Subtract32, Multiply32, ShiftLeft32, ShiftRight32, ShiftRightArithmetic32, RotateLeft32, RotateRight32,

    /// <summary>The upper half of the product: signed, signed a by unsigned b, unsigned.</summary>
    MultiplyHigh, MultiplyHighSignedUnsigned, MultiplyHighUnsigned,

    /// <summary>x / 0 is all ones, the most negative number divided by -1 is itself.</summary>
    Divide, DivideUnsigned, Divide32, DivideUnsigned32,

    /// <summary>x % 0 is x, the most negative number by -1 leaves 0.</summary>
    Remainder, RemainderUnsigned, Remainder32, RemainderUnsigned32,

    /// <summary>d = a &lt; b ? 1 : 0.</summary>
    SetLess, SetLessUnsigned,

    /// <summary>d = (a shifted left by i) + b; the second with the low half of a, zero-extended.</summary>
    ShiftAdd, ShiftAddUnsigned32,

    /// <summary>d = the low half of a, zero-extended, shifted left by i.</summary>
    ShiftLeftUnsigned32,

    /// <summary>Signed and unsigned.</summary>
    Minimum, MinimumUnsigned, Maximum, MaximumUnsigned,

    /// <summary>Of bit b of a: cleared, set, inverted, alone.</summary>
    BitClear, BitSet, BitInvert, BitExtract,

    /// <summary>d = b == 0 ? 0 : a, and d = b != 0 ? 0 : a.</summary>
    ZeroIfZero, ZeroIfNotZero,

    // d = op a.
    SignExtend8, SignExtend16, ZeroExtend16,
    LeadingZeros, TrailingZeros, PopulationCount, LeadingZeros32, TrailingZeros32, PopulationCount32,

    /// <summary>Bytes in reverse order; each byte all ones unless it is zero.</summary>
    ReverseBytes, OrCombineBytes,

    /// <summary>d = memory at a + i.</summary>
    LoadSigned8, LoadUnsigned8, LoadSigned16, LoadUnsigned16, LoadSigned32, LoadUnsigned32, Load64,

    /// <summary>Memory at a + i = b.</summary>
    Store8, Store16, Store32, Store64,

    /// <summary>d = memory at a, which becomes b, or what b and it give, at once; a must be aligned. The immediate is the guest's instruction, for the interpreter.</summary>
    AtomicExchange32, AtomicAdd32, AtomicAnd32, AtomicOr32, AtomicXor32, AtomicMinimum32, AtomicMaximum32, AtomicMinimumUnsigned32, AtomicMaximumUnsigned32,
    AtomicExchange64, AtomicAdd64, AtomicAnd64, AtomicOr64, AtomicXor64, AtomicMinimum64, AtomicMaximum64, AtomicMinimumUnsigned64, AtomicMaximumUnsigned64,

    /// <summary>
    /// d = memory at a, which is reserved; and, if a is still reserved and memory still holds what was loaded, memory at a = b and d = 0, else d = 1. Which of
    /// the host's places the address leads to must be the same both times. In any case the reservation ends with the second.
    /// </summary>
    LoadReserved32, LoadReserved64, StoreConditional32, StoreConditional64,

    /// <summary>The block of <see cref="GuestBlockZeroing.Bytes"/> that holds a becomes zero.</summary>
    ZeroBlock,

    /// <summary>Earlier stores become visible before later loads.</summary>
    Fence,

    /// <summary>
    /// d = <see cref="StateLayout.Fields"/>[<see cref="IrInstruction.Third"/>]; after it, all but the first change the field: to b, by setting the bits of b, by
    /// clearing them.
    /// </summary>
    FieldRead, FieldExchange, FieldSet, FieldClear,

    /// <summary>Register <see cref="IrInstruction.Third"/> = the time, see <see cref="GuestTime"/>; i is the guest's instruction, for the interpreter.</summary>
    TimeRead,

    /// <summary>Calls the upper mode of <see cref="GuestModes"/>, and returns from there; i is the guest's instruction, for the interpreter.</summary>
    ModeCall, ModeReturn,

    /// <summary>Goes on i bytes from here if a op b.</summary>
    BranchEqual, BranchNotEqual, BranchLess, BranchNotLess, BranchLessUnsigned, BranchNotLessUnsigned,

    /// <summary>d = address of the next instruction, goes on i bytes from here.</summary>
    Jump,

    /// <summary>d = address of the next instruction, goes on at (a + i) without its lowest bit.</summary>
    JumpIndirect,

    // Floating point, in the instruction's format, rounded as the guest has set it; flags accrue. See FloatFormat.
    /// <summary>d = a op b.</summary>
    FloatAdd, FloatSubtract, FloatMultiply, FloatDivide,

    /// <summary>d = the square root of a.</summary>
    FloatSquareRoot,

    /// <summary>d = a * b + c, a * b - c, -(a * b) + c, -(a * b) - c, rounded once.</summary>
    FloatMultiplyAdd, FloatMultiplySubtract, FloatNegatedMultiplyAdd, FloatNegatedMultiplySubtract,

    /// <summary>The number if the other is a NaN; -0 is less than +0.</summary>
    FloatMinimum, FloatMaximum,

    /// <summary>d = a with the sign of b, with the opposite sign, with the product of both signs.</summary>
    FloatCopySign, FloatCopySignNegated, FloatXorSign,

    /// <summary>The integer d = a op b ? 1 : 0.</summary>
    FloatEqual, FloatLess, FloatLessOrEqual,

    /// <summary>
    /// The integer d = a, rounded as the guest has set it if i is 0, else as <see cref="FloatRounding"/> i - 1 says; those of 32 bits are sign-extended. Of
    /// the unsigned only the truncating ones.
    /// </summary>
    FloatToSigned32, FloatToSigned64, FloatToUnsigned32, FloatToUnsigned64,

    /// <summary>d = the integer a; if i is not 0 inline only where the result is exact, because it would be rounded in another way (signed ones only).</summary>
    FloatFromSigned32, FloatFromSigned64, FloatFromUnsigned32, FloatFromUnsigned64,

    /// <summary>d = a, which is of the other format.</summary>
    FloatConvert,

    /// <summary>The bits: of a single the integer d is sign-extended.</summary>
    FloatBitsToInteger, FloatBitsFromInteger,

    /// <summary>The integer d = the accrued flags; and then the flags become b; the integer d = the byte <see cref="StateLayout.FloatRounding"/>.</summary>
    FloatFlagsRead, FloatFlagsExchange, FloatRoundingRead,

    /// <summary>d = memory at a + i, and memory at a + i = b.</summary>
    FloatLoad, FloatStore,

    /// <summary>The guest's instruction with the bits i is executed by the reference interpreter.</summary>
    Interpret,

    /// <summary>As before, and the block ends: what comes next may have changed.</summary>
    InterpretAndLeave,

    /// <summary>What others have changed is seen from here on: nothing but a poll. Ends the block.</summary>
    Synchronize,

    /// <summary>The next instruction cannot be translated from this page alone.</summary>
    Leave,
}
