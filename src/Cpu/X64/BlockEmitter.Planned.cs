using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <content>Instructions as <see cref="BlockPlan"/> has them: what is left out, what is narrow, and results that are still in rax when the next instruction reads them.</content>
/// <remarks>Cold code executes all instructions as they stand; there nothing is narrow or held.</remarks>
internal sealed unsafe partial class BlockEmitter
{
    // The register in memory whose value is in rax behind the instruction that is being written, and the one that was before it.
    private byte _holds;
    private byte _held;

    // Of the instruction that is being written.
    private bool _tookHeld;
    private bool _isNarrow;
    private bool _isTransient;

    // Its number, if the plan holds for it.
    private int _planned;

    // Registers that the block writes.
    private uint _written;

    private void BeginPlanned()
    {
        _holds = IrSlot.None;
        _written = 0;
        foreach (ref readonly IrInstruction i in _block.Instructions)
        {
            if (i.Destination < 32)
                _written |= 1u << i.Destination;
        }
    }

    private void EndPlanned()
    {
        _holds = _held = IrSlot.None;
        _isNarrow = _isTransient = false;
        _planned = -1;
    }

    private void EmitPlanned(int n)
    {
        TakeHeld(n);
        if (_plan.IsLeftOut(n))
        {
            // Whoever enters here goes on to the next instruction.
            _holds = _held;
            _tookHeld = _held != IrSlot.None;
            return;
        }

        _isNarrow = _plan.IsNarrow(n);
        _isTransient = _plan.IsTransient(n);
        Emit(in _plan[n]);
        _isNarrow = _isTransient = false;
    }

    private void TakeHeld(int n)
    {
        _held = _plan.IsTarget(n) ? IrSlot.None : _holds;
        _holds = IrSlot.None;
        _tookHeld = false;
        _planned = n;
    }

    // Computes what is pending at a load or store.
    private void MakeUp(int access)
    {
        for (int n = 0; n < access; n++)
        {
            if (!_plan.IsPending(n, access))
                continue;
            ref readonly IrInstruction i = ref _plan[n];
            if (_plan.IsLeftOut(n))
                Compute(in i);
            else if (_map.IsPinned(i.Destination, out Register64 pinned))
                _asm.Movsxd(pinned, pinned);
            else
                ExtendInMemory(i.Destination);
        }
    }

    private void ExtendInMemory(byte slot)
    {
        _asm.Movsxd(Rax, RegisterMap.Slot(slot));
        _asm.Mov(Qword, RegisterMap.Slot(slot), Rax);
    }

    // Whether the next instruction could take the register from rax.
    private bool IsReadNext(byte slot) =>
        _planned >= 0 && _planned + 1 < _block.Count && !_plan.IsTarget(_planned + 1) && (_plan[_planned + 1].Left == slot || _plan[_planned + 1].Right == slot);

    // The slot's value is in a register: its own, or rax before that is written.
    private bool IsInRegister(byte slot, out Register64 register)
    {
        if (_map.IsPinned(slot, out register))
            return true;
        if (slot != _held)
            return false;
        _tookHeld = true;
        register = Rax;
        return true;
    }

    // Before rax is written: the slot's value, of which the low half at least is right.
    private void MoveFirst(Register64 target, byte slot, OperandSize size)
    {
        if (slot == IrSlot.Zero)
            _asm.Mov(target, 0);
        else if (!IsInRegister(slot, out Register64 register))
            _asm.Mov(size, target, RegisterMap.Slot(slot));
        else if (register != target)
            _asm.Mov(size, target, register);
    }

    // The block itself writes it: what reads it may have to wait for that.
    private bool IsFresh(byte slot) => slot < 32 && (_written & (1u << slot)) != 0;

    // A register in memory, by an instruction of its own: of what was stored shortly before, the processor hands the value on at once to plain loads of the same
    // place from rbp, but to any other instruction that reads it seven cycles later (Zen 2 and later).
    private Register64 Fetch(byte slot, Register64 scratch, OperandSize size)
    {
        _asm.Mov(size, scratch, RegisterMap.Slot(slot));
        return scratch;
    }

    // Before rax is written: the slot's register, or scratch with its value.
    private Register64 ReadFirst(byte slot, Register64 scratch, OperandSize size)
    {
        if (IsInRegister(slot, out Register64 register))
            return register;
        MoveFirst(scratch, slot, size);
        return scratch;
    }

    // The result is in value; of a doubleword the sign-extension, if that is wanted.
    private void WriteResult(byte slot, Register64 value, OperandSize size)
    {
        bool isPinned = _map.IsPinned(slot, out Register64 pinned);
        Register64 target = isPinned ? pinned : Rax;
        if (size == Dword && !_isNarrow)
            _asm.Movsxd(target, value);
        else if (target != value && (isPinned || _isTransient))
            _asm.Mov(size, target, value);
        else
            target = value;
        if (isPinned)
            return;
        if (!_isTransient)
            _asm.Mov(size == Dword && _isNarrow ? Dword : Qword, RegisterMap.Slot(slot), target);
        if (target == Rax)
            _holds = slot;
    }
}
