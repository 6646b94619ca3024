// Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, section 2.1.5 (tables 2-2 and 2-3) and 2.2.1.2 to 2.2.1.6.
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Strata.Cpu.X64;

/// <summary>A memory operand, already encoded: building it from constants costs nothing when the call is inlined.</summary>
/// <remarks>
/// Special cases of the encoding are settled here: rsp and r12 as a base want a SIB byte, rbp and r13 a displacement; a displacement takes 0, 1 or 4 bytes.
/// <code>
///   57       56        55..53        52       51        50..49  48     47..40  39..32  31..0
///   label    offset    displacement  gs       segment   REX.XB  SIB?   SIB     ModRM   displacement, offset or label
///                      bytes         (or fs)  prefix?
/// </code>
/// </remarks>
internal readonly struct Memory
{
    internal const int ModRmShift = 32;
    internal const int SibShift = 40;
    internal const int HasSibShift = 48;
    internal const int RexShift = 49;
    internal const int SegmentShift = 51;
    internal const int GsShift = 52;
    internal const int LengthShift = 53;
    internal const int RipShift = 56;

    private const ulong FourBytes = 4UL << LengthShift;

    private Memory(ulong bits) => Bits = bits;

    /// <summary>The operand as above.</summary>
    internal ulong Bits { get; }

    /// <summary>Whether the operand is relative to the end of the instruction.</summary>
    internal bool IsRipRelative => Bits >> RipShift != 0;

    /// <summary>Whether a <see cref="Label"/> names the place.</summary>
    internal bool IsLabel => Bits >> (RipShift + 1) != 0;

    /// <summary>The displacement, or the offset or label number of a rip-relative operand.</summary>
    internal int Displacement => (int)Bits;

    /// <summary>[<paramref name="base"/> + <paramref name="displacement"/>].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Memory At(Register64 @base, int displacement = 0)
    {
        // Without an index a SIB byte is needed only where rm = 100 would announce one; index = 100 in it means none.
        ulong low = (ulong)@base & 7;
        ulong sib = low == 4 ? (1UL << HasSibShift) | (0x24UL << SibShift) : 0;
        return new(WithDisplacement(low, displacement) | sib | (low << ModRmShift) | (((ulong)@base >> 3) << RexShift));
    }

    /// <summary>[<paramref name="base"/> + <paramref name="index"/> * <paramref name="scale"/> + <paramref name="displacement"/>]; scale is 1, 2, 4 or 8, the index not rsp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Memory At(Register64 @base, Register64 index, int scale = 1, int displacement = 0)
    {
        ulong low = (ulong)@base & 7;
        return new(
            WithDisplacement(low, displacement) | (4UL << ModRmShift) | Sib(low, index, scale)
            | ((((ulong)@base >> 3) | (((ulong)index >> 3) << 1)) << RexShift));
    }

    /// <summary>[<paramref name="index"/> * <paramref name="scale"/> + <paramref name="displacement"/>], always with four bytes of displacement.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Memory Indexed(Register64 index, int scale, int displacement = 0) =>
        new((uint)displacement | FourBytes | (4UL << ModRmShift) | Sib(5, index, scale) | ((((ulong)index >> 3) << 1) << RexShift));

    /// <summary>[<paramref name="displacement"/>], sign-extended: meant for segments.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Memory Absolute(int displacement) =>
        new((uint)displacement | FourBytes | (4UL << ModRmShift) | (0x25UL << SibShift) | (1UL << HasSibShift));

    /// <summary>[rip + ...] to the place that <paramref name="label"/> is or will be bound to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Memory At(Label label) => new((uint)label.Index | FourBytes | (5UL << ModRmShift) | (3UL << RipShift));

    /// <summary>[rip + ...] to <paramref name="offset"/> bytes from the start of the code buffer; it may lie outside.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Memory AtOffset(int offset) => new((uint)offset | FourBytes | (5UL << ModRmShift) | (1UL << RipShift));

    /// <summary>The same operand in the segment of gs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Memory InGs() => new(Bits | (3UL << SegmentShift));

    /// <summary>The same operand in the segment of fs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Memory InFs() => new(Bits | (1UL << SegmentShift));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong WithDisplacement(ulong baseLow, int displacement)
    {
        // mod = 00 with rm or base = 101 means rip or no base: rbp and r13 always have a displacement. Without branches: operands are as good as random.
        const ulong one = (1UL << LengthShift) | (0x40UL << ModRmShift);
        const ulong fourInsteadOfOne = (3UL << LengthShift) | (0x40UL << ModRmShift);
        ulong any = (displacement | (baseLow == 5 ? 1 : 0)) != 0 ? one : 0;
        ulong wide = displacement != (sbyte)displacement ? fourInsteadOfOne : 0;
        return (any + wide) | (uint)displacement;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Sib(ulong baseLow, Register64 index, int scale)
    {
        if (index == Register64.Rsp)
            throw new UnreachableException("rsp cannot be an index: its number means none");
        Debug.Assert(scale is 1 or 2 or 4 or 8, "a scale is 1, 2, 4 or 8");
        // 1, 2, 4, 8 become 0, 1, 2, 3: bits 1 and 2 of the scale are those numbers but for 8.
        ulong log = ((ulong)scale >> 1) - ((ulong)scale >> 3);
        return (1UL << HasSibShift) | ((baseLow | (((ulong)index & 7) << 3) | (log << 6)) << SibShift);
    }
}
