using System.Runtime.InteropServices;
using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <content>Runs: loads and stores that share look-ups, as <see cref="PageSharing"/> has found them, with whatever lies between.</content>
/// <remarks>
/// The first access of a group looks up a page that must hold all the group's bytes, for stores if there is one among them (what may be stored to may be loaded from); what must
/// be added to find it stays in rdx or on the stack, and holds until the run's end, for nothing in it polls or calls the monitor. Whatever would call it (a page is not there, or a
/// group does not lie in one; another access misses; a number is not what was expected) goes on in cold code that executes the run one by one; that is also where it can be
/// entered near its end.
/// </remarks>
internal sealed unsafe partial class BlockEmitter
{
    // Whoever comes to the middle of a run executes what is left of it one by one, if that is no more than this; else it is translated for him from there on.
    private const int MostAccessesOfEntry = 2;

    private const int NotInRun = -1;

    private readonly List<ColdRun> _coldRuns = [];

    // Of all runs, in order: the instructions from which on they are executed one by one.
    private readonly List<(Label Exit, int Instruction)> _exitsOfRuns = [];

    // Where branches of runs leave the block, by instruction; for the same ones in cold code.
    private readonly Label[] _waysOut = new Label[IrBlock.MaximumInstructions + 1];

    // The instruction of a run that is being written, as it is planned or one by one.
    private int _inRun = NotInRun;
    private int _inColdRun = NotInRun;

    // Which addend rcx holds in front of an access of a run; 0: who knows.
    private int _inRcx;

    // The same instructions again, each for itself, and what is known of floating point where they begin.
    private readonly record struct ColdRun(Label Back, int First, int Last, int FirstExit, int ExitCount, FloatKnowledge Floats);

    private readonly record struct FloatKnowledge(bool AreLoaded, bool StatusIsSet, ulong Boxed);

    private bool IsInRun => _inRun != NotInRun;

    private bool IsInColdRun => _inColdRun != NotInRun;

    private FloatKnowledge Floats
    {
        get => new(_hasFloats, _floatStatusIsSet, _boxed);
        set => (_hasFloats, _floatStatusIsSet, _boxed) = value;
    }

    /// <summary>Whether an operation does what it does without rdx and without the monitor, or says where the monitor would be needed.</summary>
    public static bool LeavesRdx(IrOpcode opcode) => opcode switch
    {
        >= IrOpcode.MultiplyHigh and <= IrOpcode.RemainderUnsigned32 or IrOpcode.OrCombineBytes => false,
        IrOpcode.FloatFlagsRead or IrOpcode.FloatFlagsExchange or IrOpcode.FloatRoundingRead => false,
        _ => IrEffects.IsPure(opcode) || IrEffects.Accesses(opcode) || IrEffects.IsFloat(opcode),
    };

    private static Memory HeldAddend(int holder) => Memory.At(Rsp, RuntimeStubs.HeldAddends + ((holder - 1) * 8));

    private int FirstFloat()
    {
        for (int n = 0; n < _block.Count; n++)
        {
            if (IrEffects.IsFloat(_plan[n].Opcode))
                return n;
        }

        return _block.Count;
    }

    private void EmitRun(int first, int last)
    {
        Label back = _asm.NewLabel();
        int firstExit = _exitsOfRuns.Count;
        bool tookHeld = false;
        FloatKnowledge floats = default;
        _inRcx = 0;
        for (int n = first; n <= last; n++)
        {
            ref readonly IrInstruction i = ref _plan[n];
            if (n > first)
                Marks?.Add((i.PageOffset, _asm.Offset));
            _inRun = n;
            if (!_sharing.IsShared(n, out PageSharing.Group group))
            {
                _inRcx = 0;
                EmitPlanned(n);
                continue;
            }

            TakeHeld(n);
            if (n == first)
            {
                if (IrEffects.IsFloat(i.Opcode) && !_hasFloats)
                {
                    _held = IrSlot.None;
                    RequireFloats(in i);
                }

                floats = Floats;
            }

            AccessAt(n == group.First ? FirstPlace(in i, in group) : NextPlace(in i, in group), in i);
            if (n == first)
                tookHeld = _tookHeld;
        }

        _inRun = NotInRun;
        _tookHeld = tookHeld;
        _asm.Bind(back);
        _holds = IrSlot.None;
        _coldRuns.Add(new ColdRun(back, first, last, firstExit, _exitsOfRuns.Count - firstExit, floats));
    }

    // Looks the group's page up and holds what must be added: to addresses, or to the number that is in the one base register, if that is in memory.
    private Memory FirstPlace(in IrInstruction i, in PageSharing.Group group)
    {
        int table = group.HasStores ? 1 : 0;
        bool inRegister = group.Holder == 0;
        Register64 offset = inRegister ? Rdx : Rax;
        FindPage(Address(i with { Immediate = i.Immediate + group.Low }, offset), offset, table, (int)(group.High - group.Low), ExitOfRun());
        Register64 addend = inRegister ? Rdx : Rcx;
        _inRcx = group.Holder;
        _asm.Mov(Qword, addend, _tlb.Addend(table));
        if (AddsBase(in i, in group))
            _asm.Add(Qword, addend, RegisterMap.Slot(i.Left));
        if (!inRegister)
        {
            // rax held the address: what the instruction before left there is in memory.
            _held = IrSlot.None;
            _asm.Mov(Qword, HeldAddend(group.Holder), Rcx);
        }

        return PlaceWith(addend, in i, in group);
    }

    private Memory NextPlace(in IrInstruction i, in PageSharing.Group group)
    {
        if (group.Holder == 0)
            return PlaceWith(Rdx, in i, in group);
        if (_inRcx != group.Holder)
            _asm.Mov(Qword, Rcx, HeldAddend(group.Holder));
        _inRcx = group.Holder;
        return PlaceWith(Rcx, in i, in group);
    }

    private Memory PlaceWith(Register64 addend, in IrInstruction i, in PageSharing.Group group)
    {
        if (_map.IsPinned(i.Left, out Register64 pinned))
            return Memory.At(pinned, addend, 1, (int)i.Immediate);
        if (i.Left == IrSlot.Zero || AddsBase(in i, in group))
            return Memory.At(addend, (int)i.Immediate);
        if (addend == Rcx)
        {
            if (!LeavesRax(in i))
                _inRcx = 0;
            return FromSlot(in i);
        }

        _inRcx = 0;
        _asm.Mov(Qword, Rcx, RegisterMap.Slot(i.Left));
        return Memory.At(Rcx, addend, 1, (int)i.Immediate);
    }

    private bool AddsBase(in IrInstruction i, in PageSharing.Group group) => group.HasOneBase && i.Left != IrSlot.Zero && !_map.IsPinned(i.Left, out Register64 _);

    private void AccessAt(Memory place, in IrInstruction i, Register64 scratch = Rax)
    {
        if (i.Opcode == IrOpcode.FloatLoad)
            FloatLoadFrom(place, in i);
        else if (i.Opcode == IrOpcode.FloatStore)
            FloatStoreTo(place, in i, scratch);
        else if (IrEffects.IsLoad(i.Opcode))
            LoadFrom(place, in i);
        else
            StoreTo(place, in i, scratch);
    }

    // In cold code: a stub looks the page up, or the monitor does it all.
    private void AccessByCall(in IrInstruction i)
    {
        Label done = _asm.NewLabel();
        Register64 address = Address(in i, Rax);
        if (address != Rax)
            _asm.Mov(Qword, Rax, address);
        _asm.Mov(Rdx, DescribeAccess(in i).Bits);
        _asm.CallRel32(_stubs.Find(IrEffects.Stores(i.Opcode) ? TlbTables.Write : TlbTables.Read, IrEffects.SizeLog(in i), _hasFloats) - _origin);
        _asm.JccShort(Condition.Equal, done);
        AccessAt(Memory.At(Rax), in i, scratch: Rcx);
        _asm.Bind(done);
    }

    // Where the instruction that is being written is executed for itself, and all behind it in the run; nothing of it is done yet.
    private Label ExitOfRun()
    {
        Label exit = _asm.NewLabel();
        _exitsOfRuns.Add((exit, _inRun));
        return exit;
    }

    private void EmitOneByOne(in ColdRun cold)
    {
        FloatKnowledge floats = Floats;
        Floats = cold.Floats;
        ReadOnlySpan<(Label Exit, int Instruction)> exits = CollectionsMarshal.AsSpan(_exitsOfRuns).Slice(cold.FirstExit, cold.ExitCount);
        Span<Label> starts = stackalloc Label[exits.Length];
        int next = 0;
        int accesses = 0;
        for (int n = cold.First; n <= cold.Last; n++)
        {
            if (IrEffects.Accesses(_plan[n].Opcode))
                accesses++;
        }

        for (int n = cold.First; n <= cold.Last; n++)
        {
            for (; next < exits.Length && exits[next].Instruction == n; next++)
            {
                starts[next] = _plan.HasPending(n) ? _asm.NewLabel() : exits[next].Exit;
                _asm.Bind(starts[next]);
            }

            if (n > cold.First && accesses <= MostAccessesOfEntry && CanEnter(n))
                AddEntry(n, _asm.Offset);
            if (IrEffects.Accesses(_plan[n].Opcode))
                accesses--;
            _inColdRun = n;
            ref readonly IrInstruction i = ref _block.Instructions[n];
            if (IrEffects.Accesses(i.Opcode))
                AccessByCall(in i);
            else
                Emit(in i);
        }

        _inColdRun = NotInRun;
        _asm.Jmp(cold.Back);
        for (int k = 0; k < exits.Length; k++)
        {
            if (starts[k] == exits[k].Exit)
                continue;
            _asm.Bind(exits[k].Exit);
            MakeUp(exits[k].Instruction);
            _asm.Jmp(starts[k]);
        }

        Floats = floats;
    }
}
