using System.Runtime.InteropServices;
using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <content>Runs: loads and stores from one base register, with arithmetic and other accesses between them, look their page up once for all.</content>
/// <remarks>
/// The first one looks up a page that must hold all their bytes, for stores if there is one among them (what may be stored to may be loaded from); what must
/// be added to find it stays in rdx, and holds until the run's end, for nothing in it polls or calls the monitor. Whatever would call it (the page is not there, or they do not lie
/// in one; another access misses; a number is not what was expected) goes on in cold code that executes the run one by one; that is also where it is entered in
/// its middle.
/// </remarks>
internal sealed unsafe partial class BlockEmitter
{
    // A longer run would more often lie in two pages.
    private const int MostRunBytes = 512;

    // All of a run is written twice.
    private const int MostBetween = 8;

    private const int NotInRun = -1;

    private readonly List<ColdRun> _coldRuns = [];

    // Of all runs, in order: the instructions from which on they are executed one by one.
    private readonly List<(Label Exit, int Instruction)> _exitsOfRuns = [];

    // The instruction of a run that is being written, behind the look-up.
    private int _inRun = NotInRun;

    // Instructions of the block; the first is an access, and the bytes of all accesses from its base register on lie in [Low, High).
    private readonly record struct Run(int First, int Length, int Accesses, bool HasStores, long Low, long High);

    // The same instructions again, each for itself, and what is known of floating point where they begin.
    private readonly record struct ColdRun(Label Start, Label Back, Run Run, int FirstExit, int ExitCount, FloatKnowledge Floats);

    private readonly record struct FloatKnowledge(bool AreLoaded, bool StatusIsSet, ulong Boxed);

    private bool IsInRun => _inRun != NotInRun;

    private FloatKnowledge Floats
    {
        get => new(_hasFloats, _floatStatusIsSet, _boxed);
        set => (_hasFloats, _floatStatusIsSet, _boxed) = value;
    }

    private static bool IsAccess(IrOpcode opcode) => IrEffects.IsLoad(opcode) || IrEffects.IsStore(opcode) || opcode is IrOpcode.FloatLoad or IrOpcode.FloatStore;

    private static bool IsFloat(IrOpcode opcode) => opcode is >= IrOpcode.FloatAdd and <= IrOpcode.FloatStore;

    private static long EndOf(in IrInstruction access) => access.Immediate + (IsFloat(access.Opcode) ? 1 << FloatSizeLog(in access) : SizeOf(access.Opcode));

    // Does what it does without rdx and without the monitor, or says where the monitor would be needed.
    private static bool LeavesRdx(IrOpcode opcode) => opcode switch
    {
        >= IrOpcode.MultiplyHigh and <= IrOpcode.RemainderUnsigned32 or IrOpcode.OrCombineBytes => false,
        IrOpcode.FloatFlagsRead or IrOpcode.FloatFlagsExchange or IrOpcode.FloatRoundingRead => false,
        _ => IrEffects.IsPure(opcode) || IsAccess(opcode) || IsFloat(opcode),
    };

    // The run that begins at an instruction, if there are at least two accesses in it and none from another base would save more.
    private bool IsRunAt(int first, out Run run)
    {
        if (!FindRun(first, _block.Count, out run))
            return false;
        byte own = _plan[first].Left;
        int ownBefore = 1;
        for (int n = first + 1; n < first + run.Length; n++)
        {
            ref readonly IrInstruction i = ref _plan[n];
            if (!IsAccess(i.Opcode))
                continue;
            if (i.Left == own)
                ownBefore++;
            else if (FindRun(n, _block.Count, out Run other) && other.Accesses - 1 > run.Accesses - ownBefore)
                return FindRun(first, n, out run);
        }

        return true;
    }

    private bool FindRun(int first, int end, out Run run)
    {
        ref readonly IrInstruction leader = ref _plan[first];
        run = default;
        if (!IsAccess(leader.Opcode) || leader.Left == IrSlot.Zero || leader.Destination == leader.Left)
            return false;
        bool hasFloats = _hasFloats || IsFloat(leader.Opcode);
        for (int n = first; n < end && n - (first + run.Length) <= MostBetween; n++)
        {
            ref readonly IrInstruction i = ref _plan[n];
            if (!LeavesRdx(i.Opcode) || (IsFloat(i.Opcode) && !hasFloats) || (n > first && _plan.IsTarget(n)))
                break;
            if (IsAccess(i.Opcode) && i.Left == leader.Left)
            {
                long low = n == first ? i.Immediate : Math.Min(run.Low, i.Immediate);
                long high = n == first ? EndOf(in i) : Math.Max(run.High, EndOf(in i));
                if (high - low > MostRunBytes)
                    break;
                run = new Run(first, n + 1 - first, run.Accesses + 1, run.HasStores || i.Opcode == IrOpcode.FloatStore || IrEffects.IsStore(i.Opcode), low, high);
            }

            if (i.Destination == leader.Left)
                break;
        }

        return run.Accesses > 1;
    }

    private void Emit(in Run run)
    {
        ref readonly IrInstruction leader = ref _plan[run.First];
        int table = run.HasStores ? 1 : 0;
        Label slow = _asm.NewLabel();
        Label back = _asm.NewLabel();
        int firstExit = _exitsOfRuns.Count;
        TakeHeld(run.First);
        if (IsFloat(leader.Opcode) && !_hasFloats)
        {
            _held = IrSlot.None;
            RequireFloats(in leader);
        }

        FloatKnowledge floats = Floats;
        FindPage(Address(leader with { Immediate = run.Low }, Rdx), Rdx, table, (int)(run.High - run.Low), slow);
        FindBase(leader.Left, table, Rdx);
        bool tookHeld = _tookHeld;
        for (int n = run.First; n < run.First + run.Length; n++)
        {
            ref readonly IrInstruction i = ref _plan[n];
            _inRun = n;
            if (n > run.First)
                Marks?.Add((i.PageOffset, _asm.Offset));
            if (!IsAccess(i.Opcode) || i.Left != leader.Left)
            {
                EmitPlanned(n);
                continue;
            }

            if (n > run.First)
                TakeHeld(n);
            AccessAt(FromBase(in i, Rdx), in i);
            if (n == run.First)
                tookHeld = _tookHeld;
        }

        _inRun = NotInRun;
        _tookHeld = tookHeld;
        _asm.Bind(back);
        _holds = IrSlot.None;
        _coldRuns.Add(new ColdRun(slow, back, run, firstExit, _exitsOfRuns.Count - firstExit, floats));
    }

    private void AccessAt(Memory place, in IrInstruction i)
    {
        if (i.Opcode == IrOpcode.FloatLoad)
            FloatLoadFrom(place, in i);
        else if (i.Opcode == IrOpcode.FloatStore)
            FloatStoreTo(place, in i);
        else if (IrEffects.IsLoad(i.Opcode))
            LoadFrom(place, in i);
        else
            StoreTo(place, in i);
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
        _asm.Bind(cold.Start);
        MakeUp(cold.Run.First);
        for (int n = cold.Run.First; n < cold.Run.First + cold.Run.Length; n++)
        {
            for (; next < exits.Length && exits[next].Instruction == n; next++)
            {
                starts[next] = _plan.HasPending(n) ? _asm.NewLabel() : exits[next].Exit;
                _asm.Bind(starts[next]);
            }

            if (n > cold.Run.First && CanEnter(n))
                AddEntry(n, _asm.Offset);
            Emit(in _block.Instructions[n]);
        }

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
