namespace Strata.Cpu.X64;

/// <summary>What a block tells the monitor about the instruction that it cannot finish: one word.</summary>
/// <remarks><code>
///   31      30..24       23      22..21     20..13  12       11..0
///   float   instructions signed  log2 of    slot    length   offset in the page
///           not executed         bytes              4 (or 2)
/// </code></remarks>
internal readonly record struct AccessDescriptor(uint Bits)
{
    public static AccessDescriptor Make(int pageOffset, int length, byte slot, int sizeLog, bool isSigned, int notExecuted, bool isFloat) =>
        new((uint)pageOffset | (length == 4 ? 1u << 12 : 0) | ((uint)slot << 13) | ((uint)sizeLog << 21) | (isSigned ? 1u << 23 : 0) | ((uint)notExecuted << 24)
            | (isFloat ? 1u << 31 : 0));

    /// <summary>Offset of the instruction in its page.</summary>
    public uint PageOffset => Bits & 0xfff;

    /// <summary>Its length in bytes.</summary>
    public int Length => (Bits & (1 << 12)) != 0 ? 4 : 2;

    /// <summary>Where <see cref="Slot"/> begins, and its bits.</summary>
    public const int SlotShift = 13, SlotMask = 0xff;

    /// <summary>The register that is loaded or stored.</summary>
    public int Slot => (int)(Bits >> SlotShift) & SlotMask;

    /// <summary>Bytes of the access.</summary>
    public int Size => 1 << ((int)(Bits >> 21) & 3);

    /// <summary>The bits above the sign of what is loaded, 0 to extend with zeroes.</summary>
    public int Sign => (Bits & (1 << 23)) != 0 ? 64 - (8 * Size) : 0;

    /// <summary>What is loaded is a floating-point number.</summary>
    public bool IsFloat => Bits >> 31 != 0;

    /// <summary>Instructions of the block from this one on, which the budget has paid for already.</summary>
    public int NotExecuted => (int)(Bits >> 24) & 0x7f;
}
