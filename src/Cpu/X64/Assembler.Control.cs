using static Strata.Cpu.X64.EncodingTable;

namespace Strata.Cpu.X64;

// Control flow and system instructions.
internal sealed unsafe partial class Assembler
{
    // Recommended multi-byte nops (volume 2, NOP): 90 to 66 0F 1F 84 00 00 00 00 00, the first eight bytes each; the ninth is zero.
    private static ReadOnlySpan<ulong> Nops =>
    [
        0x90, 0x9066, 0x001F0F, 0x00401F0F, 0x0000441F0F, 0x0000441F0F66, 0x00000000801F0F, 0x0000000000841F0F, 0x00000000841F0F66,
    ];

    /// <summary>jmp rel32 to <paramref name="target"/>, an offset that may lie outside the buffer.</summary>
    /// <param name="target">Offset from the buffer's start.</param>
    /// <param name="patchable">Precede it with nops so that the displacement lies within eight aligned bytes: <see cref="PatchRel32"/> is then atomic.</param>
    /// <returns>The displacement's offset, or -1 if there was no room.</returns>
    public int JmpRel32(int target, bool patchable = false) => EmitRel32(EncodingTable.JmpRel32, 1, target, patchable);

    /// <summary>jcc rel32; see <see cref="JmpRel32"/>.</summary>
    public int JccRel32(Condition condition, int target) => EmitRel32(EncodingTable.JccRel32 + (uint)condition, 2, target, patchable: false);

    /// <summary>A patchable jcc rel32, with its nops before the comparison, so that the processor still takes both for one operation.</summary>
    /// <param name="condition">When it jumps.</param>
    /// <param name="target">See <see cref="JmpRel32"/>.</param>
    /// <param name="comparison">Where what compares begins: instructions without a place in the code, up to here.</param>
    /// <returns>See <see cref="JmpRel32"/>.</returns>
    public int JccRel32(Condition condition, int target, int comparison)
    {
        int nops = NopsBefore(opcodeBytes: 2);
        if (nops != 0 && _cursor <= _limit)
        {
            // SAFETY: that many bytes fit in the reserve.
            Buffer.MemoryCopy(_start + comparison, _start + comparison + nops, _limit - _start + InstructionReserve, Offset - comparison);
            for (int i = 0; i < nops; i++)
                _start[comparison + i] = (byte)(Nops[nops - 1] >> (8 * i));
            _cursor += nops;
        }

        return EmitRel32(EncodingTable.JccRel32 + (uint)condition, 2, target, patchable: false);
    }

    /// <summary>call rel32; see <see cref="JmpRel32"/>.</summary>
    public int CallRel32(int target, bool patchable = false) => EmitRel32(EncodingTable.CallRel32, 1, target, patchable);

    /// <summary>Lets a rel32 jump go elsewhere: other threads that execute it see the old target or the new one if it was written as patchable.</summary>
    /// <param name="code">Any address of the writable view from which both offsets count.</param>
    /// <param name="displacement">Where the four bytes are, as <see cref="JmpRel32"/> returned it.</param>
    /// <param name="target">Where to go.</param>
    public static void PatchRel32(byte* code, long displacement, long target) =>
        // SAFETY: the caller passes what JmpRel32, JccRel32 or CallRel32 returned for this code.
        Volatile.Write(ref *(int*)(code + displacement), checked((int)(target - (displacement + sizeof(int)))));

    /// <summary>jmp to the address in a register.</summary>
    public void Jmp(Register64 target) => Emit(JmpRm, 0, (uint)target);

    /// <summary>jmp to the address in memory.</summary>
    public void Jmp(Memory target) => Emit(JmpRm, 0, target);

    /// <summary>call of the address in a register.</summary>
    public void Call(Register64 target) => Emit(CallRm, 0, (uint)target);

    /// <summary>call of the address in memory.</summary>
    public void Call(Memory target) => Emit(CallRm, 0, target);

    public void Ret() => EmitPlain(EncodingTable.Ret);

    public void Int3() => EmitPlain(EncodingTable.Int3);

    public void Ud2() => EmitPlain(EncodingTable.Ud2);

    /// <summary>edx:eax = time stamp counter.</summary>
    public void Rdtsc() => EmitPlain(EncodingTable.Rdtsc);

    public void Pause() => EmitPlain(EncodingTable.Pause);

    public void Lfence() => Emit(EncodingTable.Lfence, 0, 0u);

    public void Mfence() => Emit(EncodingTable.Mfence, 0, 0u);

    public void Sfence() => Emit(EncodingTable.Sfence, 0, 0u);

    /// <summary>Writes <paramref name="bytes"/> bytes of nops, as few instructions as possible.</summary>
    public void Nop(int bytes = 1)
    {
        for (; bytes > 0; bytes -= 9)
        {
            if (_cursor > _limit)
            {
                Overflowed = true;
                return;
            }

            int length = Math.Min(bytes, 9);
            // SAFETY: nine bytes fit in the reserve.
            *(ulong*)_cursor = Nops[length - 1];
            _cursor[8] = 0;
            _cursor += length;
        }
    }

    // So that a displacement behind so many bytes of opcode lies within eight aligned bytes.
    private int NopsBefore(int opcodeBytes)
    {
        int within = (int)((nint)_cursor + opcodeBytes) & 7;
        return within > 4 ? 8 - within : 0;
    }

    private int EmitRel32(uint row, int opcodeBytes, int target, bool patchable)
    {
        if (patchable)
            Nop(NopsBefore(opcodeBytes));
        int displacement = Offset + opcodeBytes;
        EmitPlain(row, target - (displacement + sizeof(int)));
        return Overflowed ? -1 : displacement;
    }
}
