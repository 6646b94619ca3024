// Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, section 2.2.1 (REX) and appendix B (register and condition numbers).
namespace Strata.Cpu.X64;

/// <summary>A general-purpose register of the host, by its number; the operand size says how much of it an instruction uses.</summary>
internal enum Register64 : byte
{
    Rax, Rcx, Rdx, Rbx, Rsp, Rbp, Rsi, Rdi, R8, R9, R10, R11, R12, R13, R14, R15,
}

/// <summary>A vector register of the host, by its number.</summary>
internal enum XmmRegister : byte
{
    Xmm0, Xmm1, Xmm2, Xmm3, Xmm4, Xmm5, Xmm6, Xmm7, Xmm8, Xmm9, Xmm10, Xmm11, Xmm12, Xmm13, Xmm14, Xmm15,
}

/// <summary>How much of its operands an instruction uses. The values are the bits that the size adds to a row of <see cref="EncodingTable"/>.</summary>
/// <remarks>Writing a doubleword clears the upper half of a register; writing a byte or word keeps the rest.</remarks>
internal enum OperandSize : uint
{
    /// <summary>8 bits: always the low byte (sil, dil, never ah).</summary>
    Byte = EncodingNotation.ByteReg | EncodingNotation.ByteRm,

    /// <summary>16 bits.</summary>
    Word = EncodingNotation.O16 | EncodingNotation.WideBit,

    /// <summary>32 bits.</summary>
    Dword = EncodingNotation.WideBit,

    /// <summary>64 bits.</summary>
    Qword = EncodingNotation.W1 | EncodingNotation.WideBit,
}

/// <summary>The width of a floating-point operand. The value is what it adds to the pp field of a row: F3 becomes F2, none becomes 66.</summary>
internal enum Precision : uint
{
    /// <summary>32 bits: the ss and ps instructions.</summary>
    Single = 0,

    /// <summary>64 bits: the sd and pd instructions.</summary>
    Double = EncodingNotation.P66,
}

/// <summary>The eight operations that share one layout of opcodes, by their number in it.</summary>
internal enum Arithmetic : byte
{
    Add, Or, Adc, Sbb, And, Sub, Xor, Cmp,
}

/// <summary>The shifts and rotations, by their opcode extension.</summary>
internal enum Shift : byte
{
    Rol = 0, Ror = 1, Shl = 4, Shr = 5, Sar = 7,
}

/// <summary>The atomic-capable bit tests, by their opcode extension.</summary>
internal enum BitTest : byte
{
    Bt = 4, Bts = 5, Btr = 6, Btc = 7,
}

/// <summary>The condition codes of jcc, setcc and cmovcc.</summary>
/// <remarks>After (u)comiss and comisd: unordered sets Parity, Below and Equal together; Above and AboveOrEqual are false for it.</remarks>
internal enum Condition : byte
{
    Overflow, NoOverflow, Below, AboveOrEqual, Equal, NotEqual, BelowOrEqual, Above, Sign, NoSign, Parity, NoParity, Less, GreaterOrEqual, LessOrEqual, Greater,
}

/// <summary>What belongs to the operand enumerations.</summary>
internal static class Operands
{
    /// <summary>The condition that holds exactly where this one does not.</summary>
    internal static Condition Inverse(this Condition condition) => (Condition)((byte)condition ^ 1);

    /// <summary>The size in bytes.</summary>
    internal static int Bytes(this OperandSize size) => size switch
    {
        OperandSize.Byte => 1,
        OperandSize.Word => 2,
        OperandSize.Dword => 4,
        _ => 8,
    };
}
