using System.Diagnostics;
using System.Runtime.CompilerServices;
using static Strata.Cpu.X64.EncodingNotation;
using static Strata.Cpu.X64.EncodingTable;

namespace Strata.Cpu.X64;

// Moves, stack, conditional moves.
internal sealed unsafe partial class Assembler
{
    /// <summary>mov r, r. A doubleword clears the upper half, also of the register itself.</summary>
    public void Mov(OperandSize size, Register64 destination, Register64 source) => Emit(MovRmReg | (uint)size, (uint)source, (uint)destination);

    public void Mov(OperandSize size, Register64 destination, Memory source) => Emit(MovRegRm | (uint)size, (uint)destination, source);

    public void Mov(OperandSize size, Memory destination, Register64 source) => Emit(MovRmReg | (uint)size, (uint)source, destination);

    /// <summary>mov m, imm; of a quadword the immediate is 32 bits, sign-extended.</summary>
    public void Mov(OperandSize size, Memory destination, int immediate) => Emit(WithImmediate(MovRmImm, size), 0, destination, immediate);

    /// <summary>Loads all 64 bits by the shortest mov (5, 6, 7 or 10 bytes) and keeps the flags.</summary>
    public void Mov(Register64 destination, long value)
    {
        if (value == (uint)value)
        {
            // The register number's low bits are in the opcode; the upper half becomes zero.
            EmitPlusR(MovRegImm32, (uint)destination);
            AppendImmediate((ulong)value, sizeof(uint));
        }
        else if (value == (int)value)
        {
            Emit(WithImmediate(MovRmImm, OperandSize.Qword), 0, (uint)destination, (int)value);
        }
        else
        {
            EmitPlusR(MovRegImm64, (uint)destination);
            AppendImmediate((ulong)value, sizeof(ulong));
        }
    }

    /// <summary>xor r32, r32: the shortest zero, but it changes the flags.</summary>
    public void Zero(Register64 destination) => Alu(Arithmetic.Xor, OperandSize.Dword, destination, destination);

    /// <summary>movzx r, r/m8 or r/m16: <paramref name="from"/> is Byte or Word. The result fills all 64 bits.</summary>
    public void Movzx(OperandSize from, Register64 destination, Register64 source) => Emit(ZeroExtension(from), (uint)destination, (uint)source);

    public void Movzx(OperandSize from, Register64 destination, Memory source) => Emit(ZeroExtension(from), (uint)destination, source);

    /// <summary>movzx eax, dh: bits 15:8 of rdx. The register that would be rsi with a REX prefix.</summary>
    public void MovzxEaxDh() => Emit(MovzxByte & ~ByteRm, (uint)Register64.Rax, (uint)Register64.Rsi);

    /// <summary>movsx or movsxd: sign-extends <paramref name="from"/> to the wider <paramref name="size"/>; from Dword only to Qword.</summary>
    public void Movsx(OperandSize size, OperandSize from, Register64 destination, Register64 source) => Emit(SignExtension(size, from), (uint)destination, (uint)source);

    public void Movsx(OperandSize size, OperandSize from, Register64 destination, Memory source) => Emit(SignExtension(size, from), (uint)destination, source);

    /// <summary>movsxd r64, r32.</summary>
    public void Movsxd(Register64 destination, Register64 source) => Emit(MovsxdDword, (uint)destination, (uint)source);

    /// <summary>movsxd r64, m32.</summary>
    public void Movsxd(Register64 destination, Memory source) => Emit(MovsxdDword, (uint)destination, source);

    /// <summary>lea r, m: the address of the operand itself; a segment is not added.</summary>
    public void Lea(OperandSize size, Register64 destination, Memory address) => Emit(LeaRegM | Narrow(size), (uint)destination, address);

    /// <summary>movbe r, m: a big-endian load. Not for bytes.</summary>
    public void Movbe(OperandSize size, Register64 destination, Memory source) => Emit(MovbeRegM | Narrow(size), (uint)destination, source);

    /// <summary>movbe m, r: a big-endian store. Not for bytes.</summary>
    public void Movbe(OperandSize size, Memory destination, Register64 source) => Emit(MovbeMReg | Narrow(size), (uint)source, destination);

    /// <summary>bswap r32 or r64.</summary>
    public void Bswap(OperandSize size, Register64 register) => EmitPlusR(BswapReg | Narrow(size), (uint)register);

    /// <summary>xchg r, r.</summary>
    public void Xchg(OperandSize size, Register64 first, Register64 second) => Emit(XchgRmReg | (uint)size, (uint)second, (uint)first);

    /// <summary>xchg m, r: atomic without a prefix.</summary>
    public void Xchg(OperandSize size, Memory first, Register64 second) => Emit(XchgRmReg | (uint)size, (uint)second, first);

    /// <summary>push r64.</summary>
    public void Push(Register64 source) => EmitPlusR(PushReg, (uint)source);

    public void Push(Memory source) => Emit(PushRm, 0, source);

    /// <summary>pop r64.</summary>
    public void Pop(Register64 destination) => EmitPlusR(PopReg, (uint)destination);

    public void Pop(Memory destination) => Emit(PopRm, 0, destination);

    /// <summary>cmovcc r, r. Not for bytes; a doubleword clears the upper half also where nothing is moved.</summary>
    public void Cmov(Condition condition, OperandSize size, Register64 destination, Register64 source) =>
        Emit((Cmovcc + (uint)condition) | Narrow(size), (uint)destination, (uint)source);

    /// <summary>cmovcc r, m: reads the memory in any case.</summary>
    public void Cmov(Condition condition, OperandSize size, Register64 destination, Memory source) =>
        Emit((Cmovcc + (uint)condition) | Narrow(size), (uint)destination, source);

    /// <summary>setcc r8: 1 or 0 in the low byte, the rest is kept.</summary>
    public void Set(Condition condition, Register64 destination) => Emit(Setcc + (uint)condition, 0, (uint)destination);

    public void Set(Condition condition, Memory destination) => Emit(Setcc + (uint)condition, 0, destination);

    // What a size adds to a row whose opcode has no w bit: 66 or REX.W.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Narrow(OperandSize size) => (uint)size & (O16 | W1);

    // A row with an immediate of the operand's size, at most four bytes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint WithImmediate(uint row, OperandSize size) =>
        (row | (uint)size) - (size == OperandSize.Byte ? Id - Ib : size == OperandSize.Word ? Id - Iw : 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint ZeroExtension(OperandSize from)
    {
        Debug.Assert(from is OperandSize.Byte or OperandSize.Word, "a doubleword is extended by mov");
        return from == OperandSize.Byte ? MovzxByte : MovzxWord;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint SignExtension(OperandSize size, OperandSize from)
    {
        Debug.Assert(from.Bytes() < size.Bytes(), "only to a wider size");
        return (from == OperandSize.Byte ? MovsxByte : from == OperandSize.Word ? MovsxWord : MovsxdDword) | Narrow(size);
    }

    private void AppendImmediate(ulong value, int bytes)
    {
        if (Overflowed)
            return;
        // SAFETY: the instruction that it completes has at most ten bytes of the reserve that was checked before it.
        *(ulong*)_cursor = value;
        _cursor += bytes;
    }
}
