// Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, sections 2.1 (instruction format), 2.2.1 (REX), 2.3.5 (VEX).
using System.Diagnostics;
using System.Runtime.CompilerServices;
using static Strata.Cpu.X64.EncodingNotation;

namespace Strata.Cpu.X64;

// The emitters. A part that may be absent is always stored and the cursor moved past it only if it is there: the row decides by arithmetic, so that a stream of
// different instructions mispredicts nothing. The longest reach of a store is 16 bytes after the instruction's start.
internal sealed unsafe partial class Assembler
{
    // Per map, 16 bits each: the escape bytes 0F, 0F 38, 0F 3A; and their number.
    private const ulong EscapeBytes = 0x3A0F_380F_000F_0000;
    private const uint EscapeLengths = 0x2210;

    /// <summary>prefixes REX escape opcode ModRM(11, reg, rm) immediate.</summary>
    private void Emit(uint row, uint reg, uint rm, int immediate = 0)
    {
        Debug.Assert((row & VEX) == 0 && reg < 16 && rm < 16, "not a legacy row of registers");
        byte* p = _cursor;
        if (p > _limit)
        {
            Overflowed = true;
            return;
        }

        // SAFETY: at least InstructionReserve bytes are left.
        p = EmitPrefixes(p, row);
        uint rex = 0x40 | ((row >> 12) & 8) | ((reg & 8) >> 1) | (rm >> 3);
        uint forced = ((row >> 20) & reg & 4) | ((row >> 21) & rm & 4);
        *p = (byte)rex;
        p += ((rex & 0xF) | forced) != 0 ? 1 : 0;
        uint modRm = 0xC0 | ((row >> 5) & 0x38) | ((reg & 7) << 3) | (rm & 7);
        p = EmitOpcode(p, row, modRm, 2);
        *(int*)p = immediate;
        _cursor = p + ((row >> ImmediateShift) & 7);
    }

    /// <summary>prefixes REX escape opcode ModRM(reg, memory) SIB displacement immediate.</summary>
    private void Emit(uint row, uint reg, Memory memory, int immediate = 0)
    {
        Debug.Assert((row & VEX) == 0 && reg < 16, "not a legacy row with memory");
        byte* p = _cursor;
        if (p > _limit)
        {
            Overflowed = true;
            return;
        }

        // SAFETY: at least InstructionReserve bytes are left.
        ulong m = memory.Bits;
        p = EmitSegment(p, m);
        *p = 0xF0;
        p += (row >> 18) & 1;
        p = EmitPrefixes(p, row);
        uint rex = 0x40 | ((row >> 12) & 8) | ((reg & 8) >> 1) | ((uint)(m >> Memory.RexShift) & 3);
        *p = (byte)rex;
        p += ((rex & 0xF) | ((row >> 20) & reg & 4)) != 0 ? 1 : 0;
        _cursor = EmitMemoryAndImmediate(p, row, reg, memory, immediate);
    }

    /// <summary>VEX opcode ModRM(11, reg, rm) immediate.</summary>
    private void EmitVex(uint row, uint reg, uint vvvv, uint rm, int immediate = 0)
    {
        Debug.Assert((row & VEX) != 0 && reg < 16 && vvvv < 16 && rm < 16, "not a VEX row of registers");
        byte* p = _cursor;
        if (p > _limit)
        {
            Overflowed = true;
            return;
        }

        // SAFETY: at least InstructionReserve bytes are left.
        p = EmitVexPrefix(p, row, reg, vvvv, rm >> 3);
        *p = (byte)row;
        p[1] = (byte)(0xC0 | ((row >> 5) & 0x38) | ((reg & 7) << 3) | (rm & 7));
        p += 2;
        *p = (byte)immediate;
        _cursor = p + ((row >> ImmediateShift) & 7);
    }

    /// <summary>segment VEX opcode ModRM(reg, memory) SIB displacement immediate.</summary>
    private void EmitVex(uint row, uint reg, uint vvvv, Memory memory, int immediate = 0)
    {
        Debug.Assert((row & VEX) != 0 && reg < 16 && vvvv < 16, "not a VEX row with memory");
        byte* p = _cursor;
        if (p > _limit)
        {
            Overflowed = true;
            return;
        }

        // SAFETY: at least InstructionReserve bytes are left.
        ulong m = memory.Bits;
        p = EmitSegment(p, m);
        p = EmitVexPrefix(p, row, reg, vvvv, (uint)(m >> Memory.RexShift) & 3);
        // The map is in the prefix: the row goes on without it.
        _cursor = EmitMemoryAndImmediate(p, row & ~M0F3A, reg, memory, immediate);
    }

    /// <summary>prefixes REX escape (opcode + register), without immediate.</summary>
    private void EmitPlusR(uint row, uint register)
    {
        byte* p = _cursor;
        if (p > _limit)
        {
            Overflowed = true;
            return;
        }

        // SAFETY: at least InstructionReserve bytes are left.
        p = EmitPrefixes(p, row);
        uint rex = 0x40 | ((row >> 12) & 8) | (register >> 3);
        *p = (byte)rex;
        p += (rex & 0xF) != 0 ? 1 : 0;
        _cursor = EmitOpcode(p, row + (register & 7), 0, 1);
    }

    /// <summary>prefixes REX escape opcode immediate: no operands in ModRM.</summary>
    private void EmitPlain(uint row, int immediate = 0)
    {
        byte* p = _cursor;
        if (p > _limit)
        {
            Overflowed = true;
            return;
        }

        // SAFETY: at least InstructionReserve bytes are left.
        p = EmitPrefixes(p, row);
        *p = 0x48;
        p += (row >> 15) & 1;
        p = EmitOpcode(p, row, 0, 1);
        *(int*)p = immediate;
        _cursor = p + ((row >> ImmediateShift) & 7);
    }

    // 66 and F3; of legacy rows none has F2.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* EmitPrefixes(byte* p, uint row)
    {
        *p = 0x66;
        p += (row >> 17) & 1;
        *p = 0xF3;
        return p + ((row >> 14) & 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* EmitSegment(byte* p, ulong memory)
    {
        *p = (byte)(0x64 + ((memory >> Memory.GsShift) & 1));
        return p + ((memory >> Memory.SegmentShift) & 1);
    }

    // `bytes` is 2 with ModRM, 1 without.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* EmitOpcode(byte* p, uint row, uint modRm, int bytes)
    {
        int map = (int)(row >> 11) & 3;
        int escapes = (int)(EscapeLengths >> (map * 4)) & 3;
        *(uint*)p = (uint)(EscapeBytes >> (map * 16)) & 0xFFFF;
        *(uint*)(p + escapes) = (row & 0xFF) | (modRm << 8);
        return p + escapes + bytes;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* EmitMemoryAndImmediate(byte* p, uint row, uint reg, Memory memory, int immediate)
    {
        ulong m = memory.Bits;
        uint modRm = ((row >> 5) & 0x38) | ((reg & 7) << 3) | (uint)((m >> Memory.ModRmShift) & 0xFF);
        p = EmitOpcode(p, row, modRm, 2);
        *p = (byte)(m >> Memory.SibShift);
        p += (m >> Memory.HasSibShift) & 1;
        byte* displacement = p;
        *(int*)p = (int)m;
        p += (m >> Memory.LengthShift) & 7;
        *(int*)p = immediate;
        p += (row >> ImmediateShift) & 7;
        if (memory.IsRipRelative)
            Refer(displacement, p, memory);
        return p;
    }

    // C5 [R vvvv L pp] where neither X, B, W nor another map than 0F is wanted, else C4 [RXB map] [W vvvv L pp]. R, X, B and vvvv are inverted.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* EmitVexPrefix(byte* p, uint row, uint reg, uint vvvv, uint xb)
    {
        uint last = ((~vvvv & 0xF) << 3) | ((row >> 14) & 4) | ((row >> 13) & 3);
        uint r = reg >> 3;
        uint map = (row >> 11) & 3;
        bool three = (xb | (row & W1) | (map ^ 1)) != 0;
        uint longForm = 0xC4 | ((0xE0 ^ (((r << 2) | xb) << 5) | map) << 8) | ((last | ((row >> 8) & 0x80)) << 16);
        uint shortForm = 0xC5 | ((last | ((r ^ 1) << 7)) << 8);
        *(uint*)p = three ? longForm : shortForm;
        return p + (three ? 3 : 2);
    }
}
