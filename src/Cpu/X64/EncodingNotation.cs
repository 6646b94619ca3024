// Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, section 3.1.1.1 (opcode column), 3.1.1.2 (VEX), 2.3.5 (VEX prefix).
namespace Strata.Cpu.X64;

/// <summary>The words of the manual's opcode column as bits of one integer, so that a row of <see cref="EncodingTable"/> is a constant.</summary>
/// <remarks><code>
///   25   24   23 22    21..19  18    17   16  15  14..13  12..11  10..8  7..0
///   +r  VEX  byte rm,  bytes   LOCK  O16  L   W   pp      map     digit  opcode
///            reg       of imm
/// </code></remarks>
internal static class EncodingNotation
{
    // The opcode's map.
    internal const uint M0F = 1 << 11;
    internal const uint M0F38 = 2 << 11;
    internal const uint M0F3A = 3 << 11;

    // The mandatory prefix: a byte of its own, or the pp field of VEX.
    internal const uint NP = 0;
    internal const uint P66 = 1 << 13;
    internal const uint F3 = 2 << 13;
    internal const uint F2 = 3 << 13;

    // REX.W or VEX.W. REX.W is also written without VEX.
    internal const uint W0 = 0;
    internal const uint W1 = 1 << 15;
    internal const uint WIG = 0;

    // VEX.L: scalar instructions ignore it (LIG), bit operations want zero (LZ).
    internal const uint LIG = 0;
    internal const uint LZ = 0;
    internal const uint L128 = 0;
    internal const uint L256 = 1 << 16;

    /// <summary>The operand-size prefix.</summary>
    internal const uint O16 = 1 << 17;

    /// <summary>The LOCK prefix.</summary>
    internal const uint LOCK = 1 << 18;

    // The immediate after the instruction: 1, 2, 4 bytes; Iz is 4 here and the operand's size at most where the size is known.
    internal const int ImmediateShift = 19;
    internal const uint Ib = 1 << ImmediateShift;
    internal const uint Iw = 2 << ImmediateShift;
    internal const uint Id = 4 << ImmediateShift;
    internal const uint Iz = Id;

    /// <summary>ModRM.reg is a byte register: spl, bpl, sil and dil want an empty REX prefix.</summary>
    internal const uint ByteReg = 1 << 22;

    /// <summary>ModRM.rm is a byte register.</summary>
    internal const uint ByteRm = 1 << 23;

    /// <summary>The prefix is VEX.</summary>
    internal const uint VEX = 1 << 24;

    /// <summary>The register is in the opcode (+rb, +rd, +ro), there is no ModRM.</summary>
    internal const uint PlusR = 1 << 25;

    /// <summary>The w bit of appendix B.1.4.3: the lowest bit of the opcode is set for operands wider than a byte.</summary>
    internal const uint WideBit = 1;

    /// <summary>The row is the byte form; <see cref="OperandSize"/> adds <see cref="WideBit"/> for the others.</summary>
    internal const uint Sized = 0;

    // The opcode extension in ModRM.reg: /0 to /7.
    internal const int DigitShift = 8;
    internal const uint D0 = 0 << DigitShift;
    internal const uint D1 = 1 << DigitShift;
    internal const uint D2 = 2 << DigitShift;
    internal const uint D3 = 3 << DigitShift;
    internal const uint D4 = 4 << DigitShift;
    internal const uint D5 = 5 << DigitShift;
    internal const uint D6 = 6 << DigitShift;
    internal const uint D7 = 7 << DigitShift;
}
