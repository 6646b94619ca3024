using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <content>What a block knows about the guest's floating point, and the ways out to the reference interpreter.</content>
/// <remarks>
/// The first floating-point instruction of a block makes sure that the numbers are loaded; what comes behind it relies on that. Flags wait in mxcsr, and
/// the status word says that something was written from the first result on; that a comparison raised a flag, it says when the flags leave mxcsr.
/// </remarks>
internal sealed unsafe partial class BlockEmitter
{
    private readonly List<ColdInstruction> _coldInstructions = [];

    // Of the block that is being written, as far as it goes.
    private bool _hasFloats;
    private bool _floatStatusIsSet;

    // A bit for each slot that is known to hold a single in its box.
    private ulong _boxed;

    // Of the instruction that is being written.
    private Label _interpreted;
    private Label _misfit;
    private bool _canBeInterpreted;
    private bool _canMisfit;

    // An instruction that the interpreter executes. The block goes on at Back; without that, it is left.
    private readonly record struct ColdInstruction(Label Start, Label Back, bool Leaves, bool Loads, uint Bits, AccessDescriptor Descriptor, int Index);

    private int LoadStub => _hasFloats ? _stubs.LoadAmongFloats : _stubs.Load;

    private int StoreStub => _hasFloats ? _stubs.StoreAmongFloats : _stubs.Store;

    private int InterpretStub => _hasFloats ? _stubs.InterpretAmongFloats : _stubs.Interpret;

    private void ClearFloats()
    {
        _coldInstructions.Clear();
        _hasFloats = false;
        _floatStatusIsSet = false;
        ForgetFloats();
    }

    // The interpreter may have written any register.
    private void ForgetFloats() => _boxed = 0;

    private void FloatingPoint(in IrInstruction i)
    {
        _canBeInterpreted = false;
        _canMisfit = false;
        _held = IrSlot.None;
        if (!_hasFloats)
            RequireFloats(in i);
        Write(in i);

        AccessDescriptor descriptor = Describe(in i);
        if (_canBeInterpreted && !IsInRun)
            _coldInstructions.Add(new ColdInstruction(_interpreted, _asm.Here(), Leaves: false, Loads: false, i.Bits, descriptor, i.Index));
        if (_canMisfit)
            _coldInstructions.Add(new ColdInstruction(_misfit, default, Leaves: true, Loads: false, i.Bits, descriptor, i.Index));
    }

    // Where the instruction is executed by the interpreter, and the block goes on: nothing of it is done yet but flags that it raises as well.
    private Label Interpreted()
    {
        if (!_canBeInterpreted)
            _interpreted = IsInRun ? ExitOfRun() : _asm.NewLabel();
        _canBeInterpreted = true;
        return _interpreted;
    }

    // Where the instruction is executed by the interpreter, and the block is left, since what it goes on to assume does not hold.
    private Label Misfit()
    {
        if (!_canMisfit)
            _misfit = _asm.NewLabel();
        _canMisfit = true;
        return _misfit;
    }

    private void RequireFloats(in IrInstruction i)
    {
        Label notLoaded = _asm.NewLabel();
        _asm.Cmp(Dword, RegisterMap.Field(_layout.FloatsLoaded), 0);
        _asm.Jcc(Condition.Equal, notLoaded);
        AccessDescriptor descriptor = Describe(in i);
        _coldInstructions.Add(new ColdInstruction(notLoaded, _asm.Here(), Leaves: true, Loads: true, i.Bits, descriptor, i.Index));
        _hasFloats = true;
    }

    private void MarkFloatsWritten()
    {
        if (!_floatStatusIsSet)
            _asm.Or(Dword, RegisterMap.Field(_layout.FloatStatus), _layout.Floats.StatusMask);
        _floatStatusIsSet = true;
    }

    private void RequireBoxed(byte slot)
    {
        if ((_boxed >> slot & 1) != 0)
            return;
        if (_map.IsPinned(slot, out XmmRegister pinned))
        {
            _asm.Vmov(Qword, Rax, pinned);
            _asm.Shr(Qword, Rax, 32);
            _asm.Cmp(Dword, Rax, -1);
        }
        else
        {
            _asm.Cmp(Dword, Memory.At(RegisterMap.State, (slot * 8) + 4 - RegisterMap.StateBias), -1);
        }

        _asm.Jcc(Condition.NotEqual, Misfit());
        _boxed |= 1UL << slot;
    }

    private void EmitColdInstructions()
    {
        foreach (ColdInstruction cold in _coldInstructions)
        {
            _asm.Bind(cold.Start);
            if (cold.Loads)
            {
                _asm.CallRel32(_stubs.LoadFloats - _origin);
                _asm.Jcc(Condition.NotEqual, cold.Back);
            }

            _asm.Mov(Rax, cold.Bits);
            _asm.Mov(Rdx, cold.Descriptor.Bits);
            _asm.CallRel32((cold.Leaves ? _stubs.Interpret : _stubs.InterpretAmongFloats) - _origin);
            if (!cold.Leaves)
            {
                _asm.Jmp(cold.Back);
                continue;
            }

            Refund(cold.Index + 1);
            _asm.Mov(Rax, (int)cold.Descriptor.PageOffset + cold.Descriptor.Length);
            _asm.JmpRel32(_stubs.Polled - _origin);
        }
    }
}
