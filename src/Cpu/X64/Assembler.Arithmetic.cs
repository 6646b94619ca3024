using System.Runtime.CompilerServices;
using static Strata.Cpu.X64.EncodingNotation;
using static Strata.Cpu.X64.EncodingTable;

namespace Strata.Cpu.X64;

// Integer arithmetic and logic.
internal sealed unsafe partial class Assembler
{
    /// <summary>add, or, adc, sbb, and, sub, xor or cmp of two registers.</summary>
    public void Alu(Arithmetic operation, OperandSize size, Register64 destination, Register64 source) =>
        Emit((ArithmeticRmReg + ((uint)operation << 3)) | (uint)size, (uint)source, (uint)destination);

    public void Alu(Arithmetic operation, OperandSize size, Register64 destination, Memory source) =>
        Emit((ArithmeticRegRm + ((uint)operation << 3)) | (uint)size, (uint)destination, source);

    public void Alu(Arithmetic operation, OperandSize size, Memory destination, Register64 source) =>
        Emit((ArithmeticRmReg + ((uint)operation << 3)) | (uint)size, (uint)source, destination);

    /// <summary>The same with an immediate of one byte where that suffices.</summary>
    public void Alu(Arithmetic operation, OperandSize size, Register64 destination, int immediate)
    {
        if (size != OperandSize.Byte && immediate == (sbyte)immediate)
            Emit((ArithmeticRmImm8 + ((uint)operation << DigitShift)) | (uint)size, 0, (uint)destination, immediate);
        else if (destination == Register64.Rax)
            EmitPlain(WithImmediate(ArithmeticAccImm + ((uint)operation << 3), size), immediate);
        else
            Emit(WithImmediate(ArithmeticRmImm + ((uint)operation << DigitShift), size), 0, (uint)destination, immediate);
    }

    public void Alu(Arithmetic operation, OperandSize size, Memory destination, int immediate)
    {
        if (size != OperandSize.Byte && immediate == (sbyte)immediate)
            Emit((ArithmeticRmImm8 + ((uint)operation << DigitShift)) | (uint)size, 0, destination, immediate);
        else
            Emit(WithImmediate(ArithmeticRmImm + ((uint)operation << DigitShift), size), 0, destination, immediate);
    }

    public void Add(OperandSize size, Register64 destination, Register64 source) => Alu(Arithmetic.Add, size, destination, source);

    public void Add(OperandSize size, Register64 destination, Memory source) => Alu(Arithmetic.Add, size, destination, source);

    public void Add(OperandSize size, Memory destination, Register64 source) => Alu(Arithmetic.Add, size, destination, source);

    public void Add(OperandSize size, Register64 destination, int immediate) => Alu(Arithmetic.Add, size, destination, immediate);

    public void Add(OperandSize size, Memory destination, int immediate) => Alu(Arithmetic.Add, size, destination, immediate);

    public void Or(OperandSize size, Register64 destination, Register64 source) => Alu(Arithmetic.Or, size, destination, source);

    public void Or(OperandSize size, Register64 destination, Memory source) => Alu(Arithmetic.Or, size, destination, source);

    public void Or(OperandSize size, Memory destination, Register64 source) => Alu(Arithmetic.Or, size, destination, source);

    public void Or(OperandSize size, Register64 destination, int immediate) => Alu(Arithmetic.Or, size, destination, immediate);

    public void Or(OperandSize size, Memory destination, int immediate) => Alu(Arithmetic.Or, size, destination, immediate);

    public void Adc(OperandSize size, Register64 destination, Register64 source) => Alu(Arithmetic.Adc, size, destination, source);

    public void Adc(OperandSize size, Register64 destination, Memory source) => Alu(Arithmetic.Adc, size, destination, source);

    public void Adc(OperandSize size, Memory destination, Register64 source) => Alu(Arithmetic.Adc, size, destination, source);

    public void Adc(OperandSize size, Register64 destination, int immediate) => Alu(Arithmetic.Adc, size, destination, immediate);

    public void Adc(OperandSize size, Memory destination, int immediate) => Alu(Arithmetic.Adc, size, destination, immediate);

    public void Sbb(OperandSize size, Register64 destination, Register64 source) => Alu(Arithmetic.Sbb, size, destination, source);

    public void Sbb(OperandSize size, Register64 destination, Memory source) => Alu(Arithmetic.Sbb, size, destination, source);

    public void Sbb(OperandSize size, Memory destination, Register64 source) => Alu(Arithmetic.Sbb, size, destination, source);

    public void Sbb(OperandSize size, Register64 destination, int immediate) => Alu(Arithmetic.Sbb, size, destination, immediate);

    public void Sbb(OperandSize size, Memory destination, int immediate) => Alu(Arithmetic.Sbb, size, destination, immediate);

    public void And(OperandSize size, Register64 destination, Register64 source) => Alu(Arithmetic.And, size, destination, source);

    public void And(OperandSize size, Register64 destination, Memory source) => Alu(Arithmetic.And, size, destination, source);

    public void And(OperandSize size, Memory destination, Register64 source) => Alu(Arithmetic.And, size, destination, source);

    public void And(OperandSize size, Register64 destination, int immediate) => Alu(Arithmetic.And, size, destination, immediate);

    public void And(OperandSize size, Memory destination, int immediate) => Alu(Arithmetic.And, size, destination, immediate);

    public void Sub(OperandSize size, Register64 destination, Register64 source) => Alu(Arithmetic.Sub, size, destination, source);

    public void Sub(OperandSize size, Register64 destination, Memory source) => Alu(Arithmetic.Sub, size, destination, source);

    public void Sub(OperandSize size, Memory destination, Register64 source) => Alu(Arithmetic.Sub, size, destination, source);

    public void Sub(OperandSize size, Register64 destination, int immediate) => Alu(Arithmetic.Sub, size, destination, immediate);

    public void Sub(OperandSize size, Memory destination, int immediate) => Alu(Arithmetic.Sub, size, destination, immediate);

    public void Xor(OperandSize size, Register64 destination, Register64 source) => Alu(Arithmetic.Xor, size, destination, source);

    public void Xor(OperandSize size, Register64 destination, Memory source) => Alu(Arithmetic.Xor, size, destination, source);

    public void Xor(OperandSize size, Memory destination, Register64 source) => Alu(Arithmetic.Xor, size, destination, source);

    public void Xor(OperandSize size, Register64 destination, int immediate) => Alu(Arithmetic.Xor, size, destination, immediate);

    public void Xor(OperandSize size, Memory destination, int immediate) => Alu(Arithmetic.Xor, size, destination, immediate);

    public void Cmp(OperandSize size, Register64 first, Register64 second) => Alu(Arithmetic.Cmp, size, first, second);

    public void Cmp(OperandSize size, Register64 first, Memory second) => Alu(Arithmetic.Cmp, size, first, second);

    public void Cmp(OperandSize size, Memory first, Register64 second) => Alu(Arithmetic.Cmp, size, first, second);

    public void Cmp(OperandSize size, Register64 first, int second) => Alu(Arithmetic.Cmp, size, first, second);

    public void Cmp(OperandSize size, Memory first, int second) => Alu(Arithmetic.Cmp, size, first, second);

    /// <summary>test r, r.</summary>
    public void Test(OperandSize size, Register64 first, Register64 second) => Emit(TestRmReg | (uint)size, (uint)second, (uint)first);

    public void Test(OperandSize size, Memory first, Register64 second) => Emit(TestRmReg | (uint)size, (uint)second, first);

    /// <summary>test r, imm. There is no short immediate: a mask that fits in the size Byte is smaller there.</summary>
    public void Test(OperandSize size, Register64 first, int immediate)
    {
        if (first == Register64.Rax)
            EmitPlain(WithImmediate(TestAccImm, size), immediate);
        else
            Emit(WithImmediate(TestRmImm, size), 0, (uint)first, immediate);
    }

    public void Test(OperandSize size, Memory first, int immediate) => Emit(WithImmediate(TestRmImm, size), 0, first, immediate);

    /// <summary>Keeps the carry flag.</summary>
    public void Inc(OperandSize size, Register64 operand) => Emit(IncRm | (uint)size, 0, (uint)operand);

    public void Inc(OperandSize size, Memory operand) => Emit(IncRm | (uint)size, 0, operand);

    /// <summary>Keeps the carry flag.</summary>
    public void Dec(OperandSize size, Register64 operand) => Emit(DecRm | (uint)size, 0, (uint)operand);

    public void Dec(OperandSize size, Memory operand) => Emit(DecRm | (uint)size, 0, operand);

    public void Neg(OperandSize size, Register64 operand) => Emit(NegRm | (uint)size, 0, (uint)operand);

    public void Neg(OperandSize size, Memory operand) => Emit(NegRm | (uint)size, 0, operand);

    /// <summary>Keeps all flags.</summary>
    public void Not(OperandSize size, Register64 operand) => Emit(NotRm | (uint)size, 0, (uint)operand);

    public void Not(OperandSize size, Memory operand) => Emit(NotRm | (uint)size, 0, operand);

    /// <summary>rdx:rax = rax * operand, unsigned (of a byte: ax = al * operand).</summary>
    public void Mul(OperandSize size, Register64 operand) => Emit(MulRm | (uint)size, 0, (uint)operand);

    public void Mul(OperandSize size, Memory operand) => Emit(MulRm | (uint)size, 0, operand);

    /// <summary>rdx:rax = rax * operand, signed (of a byte: ax = al * operand).</summary>
    public void Imul(OperandSize size, Register64 operand) => Emit(ImulRm | (uint)size, 0, (uint)operand);

    public void Imul(OperandSize size, Memory operand) => Emit(ImulRm | (uint)size, 0, operand);

    /// <summary>Quotient of rdx:rax in rax, remainder in rdx, unsigned; raises #DE on zero and overflow.</summary>
    public void Div(OperandSize size, Register64 operand) => Emit(DivRm | (uint)size, 0, (uint)operand);

    public void Div(OperandSize size, Memory operand) => Emit(DivRm | (uint)size, 0, operand);

    /// <summary>Quotient of rdx:rax in rax, remainder in rdx, signed; raises #DE on zero and overflow.</summary>
    public void Idiv(OperandSize size, Register64 operand) => Emit(IdivRm | (uint)size, 0, (uint)operand);

    public void Idiv(OperandSize size, Memory operand) => Emit(IdivRm | (uint)size, 0, operand);

    /// <summary>imul r, r. Not for bytes.</summary>
    public void Imul(OperandSize size, Register64 destination, Register64 source) => Emit(ImulRegRm | Narrow(size), (uint)destination, (uint)source);

    public void Imul(OperandSize size, Register64 destination, Memory source) => Emit(ImulRegRm | Narrow(size), (uint)destination, source);

    /// <summary>imul r, r, imm. Not for bytes.</summary>
    public void Imul(OperandSize size, Register64 destination, Register64 source, int immediate) =>
        Emit(ImulWithImmediate(size, immediate), (uint)destination, (uint)source, immediate);

    public void Imul(OperandSize size, Register64 destination, Memory source, int immediate) =>
        Emit(ImulWithImmediate(size, immediate), (uint)destination, source, immediate);

    /// <summary>edx = sign of eax.</summary>
    public void Cdq() => EmitPlain(EncodingTable.Cdq);

    /// <summary>rdx = sign of rax.</summary>
    public void Cqo() => EmitPlain(EncodingTable.Cdq | W1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint ImulWithImmediate(OperandSize size, int immediate) =>
        immediate == (sbyte)immediate ? ImulRegRmImm8 | Narrow(size) : WithImmediate(ImulRegRmImm, size);
}
