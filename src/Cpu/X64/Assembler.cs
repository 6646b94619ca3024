using System.Diagnostics;

namespace Strata.Cpu.X64;

/// <summary>Writes x86-64 machine code into a buffer of the caller's.</summary>
/// <remarks>
/// <para>One assembler serves one thread for long: <see cref="Reset"/> gives it the next buffer, nothing is allocated per instruction.</para>
/// <code>
/// assembler.Reset(writable, capacity);                            // RW view; code is position independent, it runs in the RX view
/// Label loop = assembler.NewLabel();
/// assembler.Zero(Rax);                                            // xor eax, eax: spoils the flags; Mov(Rax, 0) does not
/// assembler.Bind(loop);
/// assembler.Add(Qword, Rax, Memory.At(Rdi, Rcx, 8, -8));          // add rax, [rdi + rcx*8 - 8]
/// assembler.Dec(Qword, Rcx);
/// assembler.Jcc(Condition.NotEqual, loop);                        // rel8 backward where it fits, rel32 forward
/// assembler.Mov(Qword, Memory.At(Rbp, 16).InGs(), Rax);           // mov gs:[rbp + 16], rax
/// int site = assembler.JmpRel32(target, patchable: true);         // the displacement's offset, for PatchRel32 while others run it
/// if (assembler.Overflowed) ...                                   // throw it all away and begin in a new buffer
/// </code>
/// <para>Methods are named after instructions, operands are in Intel's order, destination first; a size or <see cref="Precision"/> comes before them.
/// An immediate is sign-extended as the instruction does it, and takes the shortest form.
/// One check per instruction: where fewer than <see cref="InstructionReserve"/> bytes are left nothing is written and <see cref="Overflowed"/> stays set,
/// so callers test it once per block. Offsets count from the start of the buffer; targets of rel32 jumps may lie outside it.</para>
/// <para>A jump to a label not yet bound takes four bytes; <see cref="JccShort"/> and <see cref="JmpShort"/> take one where the caller knows it to be near.
/// At the end of a block <see cref="UnresolvedReferences"/> is zero.</para>
/// <para>Rows of <see cref="EncodingTable"/> say what is written; the emitters in Assembler.Encoding.cs assemble prefixes, opcode, operands and immediate
/// without branches on the row.</para>
/// </remarks>
internal sealed unsafe partial class Assembler
{
    /// <summary>Bytes that must be left for an instruction to be written; none is longer.</summary>
    public const int InstructionReserve = 16;

    private byte* _start;
    private byte* _cursor;
    // The last place where an instruction may begin.
    private byte* _limit;

    /// <summary>Begins anew in the buffer at <paramref name="start"/>; labels of before are void.</summary>
    /// <param name="start">Where the code goes; must stay mapped and writable until the next reset.</param>
    /// <param name="capacity">The size in bytes.</param>
    public void Reset(byte* start, int capacity)
    {
        // SAFETY: the caller vouches for [start, start + capacity); the limit keeps every write of an emitter inside it.
        _start = start;
        _cursor = start;
        _limit = start + capacity - InstructionReserve;
        Overflowed = false;
        ResetLabels();
    }

    /// <summary>The first byte of the buffer.</summary>
    public byte* Start => _start;

    /// <summary>Where the next instruction goes, in bytes from the start.</summary>
    public int Offset => (int)(_cursor - _start);

    /// <summary>Whether an instruction found no room: what is in the buffer is incomplete.</summary>
    public bool Overflowed { get; private set; }

    /// <summary>Writes nops until the offset's address is a multiple of <paramref name="boundary"/>, a power of two.</summary>
    public void Align(int boundary)
    {
        Debug.Assert(int.IsPow2(boundary), "a boundary is a power of two");
        Nop((int)(-(long)_cursor & (boundary - 1)));
    }

    /// <summary>Writes eight bytes of data, little-endian.</summary>
    public void Data(ulong value)
    {
        if (_cursor > _limit)
        {
            Overflowed = true;
            return;
        }

        // SAFETY: eight bytes fit in the reserve.
        *(ulong*)_cursor = value;
        _cursor += sizeof(ulong);
    }
}
