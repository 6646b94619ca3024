using System.Diagnostics;
using System.Runtime.CompilerServices;
using static Strata.Cpu.X64.EncodingNotation;
using static Strata.Cpu.X64.EncodingTable;

namespace Strata.Cpu.X64;

// Shifts, rotations, bit tests, BMI1, BMI2, LZCNT, POPCNT.
internal sealed unsafe partial class Assembler
{
    /// <summary>rol, ror, shl, shr or sar by an immediate below the size in bits.</summary>
    public void ShiftBy(Shift operation, OperandSize size, Register64 operand, int count)
    {
        Debug.Assert((uint)count < 64, "a count is below 64");
        uint digit = (uint)operation << DigitShift;
        if (count == 1)
            Emit((ShiftRmOne + digit) | (uint)size, 0, (uint)operand);
        else
            Emit((ShiftRmImm + digit) | (uint)size, 0, (uint)operand, count);
    }

    /// <summary>rol, ror, shl, shr or sar by cl, modulo 32 or 64.</summary>
    public void ShiftByCl(Shift operation, OperandSize size, Register64 operand) =>
        Emit((ShiftRmCl + ((uint)operation << DigitShift)) | (uint)size, 0, (uint)operand);

    /// <summary>rol, ror, shl, shr or sar by an immediate below the size in bits.</summary>
    public void ShiftBy(Shift operation, OperandSize size, Memory operand, int count)
    {
        Debug.Assert((uint)count < 64, "a count is below 64");
        uint digit = (uint)operation << DigitShift;
        if (count == 1)
            Emit((ShiftRmOne + digit) | (uint)size, 0, operand);
        else
            Emit((ShiftRmImm + digit) | (uint)size, 0, operand, count);
    }

    /// <summary>rol, ror, shl, shr or sar by cl, modulo 32 or 64.</summary>
    public void ShiftByCl(Shift operation, OperandSize size, Memory operand) =>
        Emit((ShiftRmCl + ((uint)operation << DigitShift)) | (uint)size, 0, operand);

    public void Shl(OperandSize size, Register64 operand, int count) => ShiftBy(Shift.Shl, size, operand, count);

    public void ShlCl(OperandSize size, Register64 operand) => ShiftByCl(Shift.Shl, size, operand);

    public void Shl(OperandSize size, Memory operand, int count) => ShiftBy(Shift.Shl, size, operand, count);

    public void ShlCl(OperandSize size, Memory operand) => ShiftByCl(Shift.Shl, size, operand);

    public void Shr(OperandSize size, Register64 operand, int count) => ShiftBy(Shift.Shr, size, operand, count);

    public void ShrCl(OperandSize size, Register64 operand) => ShiftByCl(Shift.Shr, size, operand);

    public void Shr(OperandSize size, Memory operand, int count) => ShiftBy(Shift.Shr, size, operand, count);

    public void ShrCl(OperandSize size, Memory operand) => ShiftByCl(Shift.Shr, size, operand);

    public void Sar(OperandSize size, Register64 operand, int count) => ShiftBy(Shift.Sar, size, operand, count);

    public void SarCl(OperandSize size, Register64 operand) => ShiftByCl(Shift.Sar, size, operand);

    public void Sar(OperandSize size, Memory operand, int count) => ShiftBy(Shift.Sar, size, operand, count);

    public void SarCl(OperandSize size, Memory operand) => ShiftByCl(Shift.Sar, size, operand);

    public void Rol(OperandSize size, Register64 operand, int count) => ShiftBy(Shift.Rol, size, operand, count);

    public void RolCl(OperandSize size, Register64 operand) => ShiftByCl(Shift.Rol, size, operand);

    public void Rol(OperandSize size, Memory operand, int count) => ShiftBy(Shift.Rol, size, operand, count);

    public void RolCl(OperandSize size, Memory operand) => ShiftByCl(Shift.Rol, size, operand);

    public void Ror(OperandSize size, Register64 operand, int count) => ShiftBy(Shift.Ror, size, operand, count);

    public void RorCl(OperandSize size, Register64 operand) => ShiftByCl(Shift.Ror, size, operand);

    public void Ror(OperandSize size, Memory operand, int count) => ShiftBy(Shift.Ror, size, operand, count);

    public void RorCl(OperandSize size, Memory operand) => ShiftByCl(Shift.Ror, size, operand);

    /// <summary>bt, bts, btr or btc with a bit number in a register, modulo the size. Not for bytes. There is no form with memory: its bit number would reach beyond the operand.</summary>
    public void TestBit(BitTest operation, OperandSize size, Register64 operand, Register64 bit) =>
        Emit((BitTestRmReg + ((uint)operation << 3)) | Narrow(size), (uint)bit, (uint)operand);

    /// <summary>bt, bts, btr or btc with an immediate bit number. Not for bytes.</summary>
    public void TestBit(BitTest operation, OperandSize size, Register64 operand, int bit) =>
        Emit((BitTestRmImm + ((uint)operation << DigitShift)) | Narrow(size), 0, (uint)operand, bit);

    /// <summary>bt, bts, btr or btc with an immediate bit number. Not for bytes.</summary>
    public void TestBit(BitTest operation, OperandSize size, Memory operand, int bit) =>
        Emit((BitTestRmImm + ((uint)operation << DigitShift)) | Narrow(size), 0, operand, bit);

    public void Bt(OperandSize size, Register64 operand, Register64 bit) => TestBit(BitTest.Bt, size, operand, bit);

    public void Bt(OperandSize size, Register64 operand, int bit) => TestBit(BitTest.Bt, size, operand, bit);

    public void Bt(OperandSize size, Memory operand, int bit) => TestBit(BitTest.Bt, size, operand, bit);

    public void Bts(OperandSize size, Register64 operand, Register64 bit) => TestBit(BitTest.Bts, size, operand, bit);

    public void Bts(OperandSize size, Register64 operand, int bit) => TestBit(BitTest.Bts, size, operand, bit);

    public void Bts(OperandSize size, Memory operand, int bit) => TestBit(BitTest.Bts, size, operand, bit);

    public void Btr(OperandSize size, Register64 operand, Register64 bit) => TestBit(BitTest.Btr, size, operand, bit);

    public void Btr(OperandSize size, Register64 operand, int bit) => TestBit(BitTest.Btr, size, operand, bit);

    public void Btr(OperandSize size, Memory operand, int bit) => TestBit(BitTest.Btr, size, operand, bit);

    public void Btc(OperandSize size, Register64 operand, Register64 bit) => TestBit(BitTest.Btc, size, operand, bit);

    public void Btc(OperandSize size, Register64 operand, int bit) => TestBit(BitTest.Btc, size, operand, bit);

    public void Btc(OperandSize size, Memory operand, int bit) => TestBit(BitTest.Btc, size, operand, bit);

    public void Popcnt(OperandSize size, Register64 destination, Register64 source) => Emit(EncodingTable.Popcnt | Narrow(size), (uint)destination, (uint)source);

    public void Popcnt(OperandSize size, Register64 destination, Memory source) => Emit(EncodingTable.Popcnt | Narrow(size), (uint)destination, source);

    public void Tzcnt(OperandSize size, Register64 destination, Register64 source) => Emit(EncodingTable.Tzcnt | Narrow(size), (uint)destination, (uint)source);

    public void Tzcnt(OperandSize size, Register64 destination, Memory source) => Emit(EncodingTable.Tzcnt | Narrow(size), (uint)destination, source);

    public void Lzcnt(OperandSize size, Register64 destination, Register64 source) => Emit(EncodingTable.Lzcnt | Narrow(size), (uint)destination, (uint)source);

    public void Lzcnt(OperandSize size, Register64 destination, Memory source) => Emit(EncodingTable.Lzcnt | Narrow(size), (uint)destination, source);

    /// <summary>destination = source &amp; ~inverted. Dword or Qword, as all that follow.</summary>
    public void Andn(OperandSize size, Register64 destination, Register64 inverted, Register64 source) =>
        EmitVex(EncodingTable.Andn | VexW(size), (uint)destination, (uint)inverted, (uint)source);

    public void Andn(OperandSize size, Register64 destination, Register64 inverted, Memory source) =>
        EmitVex(EncodingTable.Andn | VexW(size), (uint)destination, (uint)inverted, source);

    /// <summary>Bits of the source by the control's mask.</summary>
    public void Pext(OperandSize size, Register64 destination, Register64 source, Register64 mask) =>
        EmitVex(EncodingTable.Pext | VexW(size), (uint)destination, (uint)source, (uint)mask);

    public void Pext(OperandSize size, Register64 destination, Register64 source, Memory mask) =>
        EmitVex(EncodingTable.Pext | VexW(size), (uint)destination, (uint)source, mask);

    public void Pdep(OperandSize size, Register64 destination, Register64 source, Register64 mask) =>
        EmitVex(EncodingTable.Pdep | VexW(size), (uint)destination, (uint)source, (uint)mask);

    public void Pdep(OperandSize size, Register64 destination, Register64 source, Memory mask) =>
        EmitVex(EncodingTable.Pdep | VexW(size), (uint)destination, (uint)source, mask);

    /// <summary>(high, low) = rdx * source, unsigned, without flags.</summary>
    public void Mulx(OperandSize size, Register64 high, Register64 low, Register64 source) =>
        EmitVex(EncodingTable.Mulx | VexW(size), (uint)high, (uint)low, (uint)source);

    public void Mulx(OperandSize size, Register64 high, Register64 low, Memory source) =>
        EmitVex(EncodingTable.Mulx | VexW(size), (uint)high, (uint)low, source);

    /// <summary>Control: the start in bits 7 to 0, the length in bits 15 to 8.</summary>
    public void Bextr(OperandSize size, Register64 destination, Register64 source, Register64 control) =>
        EmitVex(EncodingTable.Bextr | VexW(size), (uint)destination, (uint)control, (uint)source);

    public void Bextr(OperandSize size, Register64 destination, Memory source, Register64 control) =>
        EmitVex(EncodingTable.Bextr | VexW(size), (uint)destination, (uint)control, source);

    /// <summary>Clears the bits from the number in index's low byte on.</summary>
    public void Bzhi(OperandSize size, Register64 destination, Register64 source, Register64 index) =>
        EmitVex(EncodingTable.Bzhi | VexW(size), (uint)destination, (uint)index, (uint)source);

    public void Bzhi(OperandSize size, Register64 destination, Memory source, Register64 index) =>
        EmitVex(EncodingTable.Bzhi | VexW(size), (uint)destination, (uint)index, source);

    /// <summary>Shifts without flags; the count is taken modulo the size.</summary>
    public void Shlx(OperandSize size, Register64 destination, Register64 source, Register64 count) =>
        EmitVex(EncodingTable.Shlx | VexW(size), (uint)destination, (uint)count, (uint)source);

    public void Shlx(OperandSize size, Register64 destination, Memory source, Register64 count) =>
        EmitVex(EncodingTable.Shlx | VexW(size), (uint)destination, (uint)count, source);

    /// <summary>Shifts without flags; the count is taken modulo the size.</summary>
    public void Shrx(OperandSize size, Register64 destination, Register64 source, Register64 count) =>
        EmitVex(EncodingTable.Shrx | VexW(size), (uint)destination, (uint)count, (uint)source);

    public void Shrx(OperandSize size, Register64 destination, Memory source, Register64 count) =>
        EmitVex(EncodingTable.Shrx | VexW(size), (uint)destination, (uint)count, source);

    /// <summary>Shifts without flags; the count is taken modulo the size.</summary>
    public void Sarx(OperandSize size, Register64 destination, Register64 source, Register64 count) =>
        EmitVex(EncodingTable.Sarx | VexW(size), (uint)destination, (uint)count, (uint)source);

    public void Sarx(OperandSize size, Register64 destination, Memory source, Register64 count) =>
        EmitVex(EncodingTable.Sarx | VexW(size), (uint)destination, (uint)count, source);

    /// <summary>Rotates right by an immediate, without flags.</summary>
    public void Rorx(OperandSize size, Register64 destination, Register64 source, int count) =>
        EmitVex(EncodingTable.Rorx | VexW(size), (uint)destination, 0, (uint)source, count);

    public void Rorx(OperandSize size, Register64 destination, Memory source, int count) =>
        EmitVex(EncodingTable.Rorx | VexW(size), (uint)destination, 0, source, count);

    /// <summary>Clears the lowest set bit.</summary>
    public void Blsr(OperandSize size, Register64 destination, Register64 source) =>
        EmitVex(EncodingTable.Blsr | VexW(size), 0, (uint)destination, (uint)source);

    public void Blsr(OperandSize size, Register64 destination, Memory source) =>
        EmitVex(EncodingTable.Blsr | VexW(size), 0, (uint)destination, source);

    /// <summary>All bits up to the lowest set one.</summary>
    public void Blsmsk(OperandSize size, Register64 destination, Register64 source) =>
        EmitVex(EncodingTable.Blsmsk | VexW(size), 0, (uint)destination, (uint)source);

    public void Blsmsk(OperandSize size, Register64 destination, Memory source) =>
        EmitVex(EncodingTable.Blsmsk | VexW(size), 0, (uint)destination, source);

    /// <summary>The lowest set bit alone.</summary>
    public void Blsi(OperandSize size, Register64 destination, Register64 source) =>
        EmitVex(EncodingTable.Blsi | VexW(size), 0, (uint)destination, (uint)source);

    public void Blsi(OperandSize size, Register64 destination, Memory source) =>
        EmitVex(EncodingTable.Blsi | VexW(size), 0, (uint)destination, source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint VexW(OperandSize size)
    {
        Debug.Assert(size is OperandSize.Dword or OperandSize.Qword, "these instructions have 32 and 64 bits only");
        return (uint)size & W1;
    }
}
