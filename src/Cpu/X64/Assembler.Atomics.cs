using static Strata.Cpu.X64.EncodingNotation;
using static Strata.Cpu.X64.EncodingTable;

namespace Strata.Cpu.X64;

// Read-modify-write instructions with and without the LOCK prefix. xchg with memory is in Assembler.Moves.cs.
internal sealed unsafe partial class Assembler
{
    /// <summary>Compares rax with memory: equal, memory = source; else rax = memory.</summary>
    public void Cmpxchg(OperandSize size, Memory destination, Register64 source) => Emit(CmpxchgRmReg | (uint)size, (uint)source, destination);

    /// <summary>Memory += source, source = what memory was.</summary>
    public void Xadd(OperandSize size, Memory destination, Register64 source) => Emit(XaddRmReg | (uint)size, (uint)source, destination);

    /// <summary>Compares rdx:rax with 16 aligned bytes: equal, memory = rcx:rbx; else rdx:rax = memory.</summary>
    public void Cmpxchg16b(Memory destination) => Emit(EncodingTable.Cmpxchg16b, 0, destination);

    public void LockCmpxchg(OperandSize size, Memory destination, Register64 source) => Emit(LOCK | CmpxchgRmReg | (uint)size, (uint)source, destination);

    public void LockXadd(OperandSize size, Memory destination, Register64 source) => Emit(LOCK | XaddRmReg | (uint)size, (uint)source, destination);

    public void LockCmpxchg16b(Memory destination) => Emit(LOCK | EncodingTable.Cmpxchg16b, 0, destination);

    /// <summary>lock add, or, adc, sbb, and, sub, xor of memory and register (cmp writes nothing and has no lock).</summary>
    public void LockAlu(Arithmetic operation, OperandSize size, Memory destination, Register64 source) =>
        Emit((LOCK | ArithmeticRmReg | (uint)size) + ((uint)operation << 3), (uint)source, destination);

    /// <summary>The same with an immediate; lock or dword [rsp], 0 is the cheapest full fence.</summary>
    public void LockAlu(Arithmetic operation, OperandSize size, Memory destination, int immediate)
    {
        uint digit = (uint)operation << DigitShift;
        if (size != OperandSize.Byte && immediate == (sbyte)immediate)
            Emit((LOCK | ArithmeticRmImm8 | (uint)size) + digit, 0, destination, immediate);
        else
            Emit(LOCK | WithImmediate(ArithmeticRmImm + digit, size), 0, destination, immediate);
    }

    public void LockAdd(OperandSize size, Memory destination, Register64 source) => LockAlu(Arithmetic.Add, size, destination, source);

    public void LockAnd(OperandSize size, Memory destination, Register64 source) => LockAlu(Arithmetic.And, size, destination, source);

    public void LockOr(OperandSize size, Memory destination, Register64 source) => LockAlu(Arithmetic.Or, size, destination, source);

    public void LockSub(OperandSize size, Memory destination, Register64 source) => LockAlu(Arithmetic.Sub, size, destination, source);

    public void LockXor(OperandSize size, Memory destination, Register64 source) => LockAlu(Arithmetic.Xor, size, destination, source);
}
