using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <content>Runs: loads, or stores, from one base register with plain arithmetic between them look the page up once for all.</content>
/// <remarks>
/// The first one looks up a page that must hold all their bytes; what it finds stays in rcx, and holds until the run's end, for nothing in it polls or calls the
/// monitor. If the page is not there, or they do not lie in one, cold code executes the run one by one; that is also where it is entered in its middle.
/// </remarks>
internal sealed unsafe partial class BlockEmitter
{
    // A longer run would more often lie in two pages.
    private const int MostRunBytes = 512;

    private readonly List<ColdRun> _coldRuns = [];

    // Instructions of the block; the first is an access, and all accesses' bytes lie in [Low, High) from the base register on.
    private readonly record struct Run(int First, int Length, long Low, long High);

    // The same instructions again, each for itself.
    private readonly record struct ColdRun(Label Start, Label Back, Run Run, bool HasFloats);

    // Computes a register without rcx.
    private static bool LeavesRcx(in IrInstruction i) => i.Opcode switch
    {
        IrOpcode.Constant or IrOpcode.Add or IrOpcode.Subtract or IrOpcode.And or IrOpcode.Or or IrOpcode.Xor
            or IrOpcode.Add32 or IrOpcode.Subtract32 or IrOpcode.Multiply or IrOpcode.Multiply32 or IrOpcode.ShiftAdd or IrOpcode.ShiftAddUnsigned32
            or IrOpcode.ShiftLeftUnsigned32 or IrOpcode.SetLess or IrOpcode.SetLessUnsigned
            or IrOpcode.SignExtend8 or IrOpcode.SignExtend16 or IrOpcode.ZeroExtend16 => true,
        IrOpcode.PcRelative => i.PageOffset + i.Immediate == (int)(i.PageOffset + i.Immediate),
        IrOpcode.ShiftLeft or IrOpcode.ShiftRight or IrOpcode.ShiftRightArithmetic or IrOpcode.ShiftLeft32 or IrOpcode.ShiftRight32
            or IrOpcode.ShiftRightArithmetic32 or IrOpcode.RotateRight or IrOpcode.RotateRight32 => i.Right == IrSlot.Immediate,
        _ => false,
    };

    // The run that begins at an instruction, if there are at least two accesses in it.
    private bool IsRunAt(int first, out Run run)
    {
        ref readonly IrInstruction leader = ref _plan[first];
        bool loads = IrEffects.IsLoad(leader.Opcode);
        run = new Run(first, 1, leader.Immediate, leader.Immediate + SizeOf(leader.Opcode));
        if ((!loads && !IrEffects.IsStore(leader.Opcode)) || leader.Left == IrSlot.Zero || leader.Destination == leader.Left)
            return false;
        for (int n = first + 1; n < _block.Count; n++)
        {
            ref readonly IrInstruction i = ref _plan[n];
            if (loads ? IrEffects.IsLoad(i.Opcode) : IrEffects.IsStore(i.Opcode))
            {
                long low = Math.Min(run.Low, i.Immediate);
                long high = Math.Max(run.High, i.Immediate + SizeOf(i.Opcode));
                if (i.Left != leader.Left || high - low > MostRunBytes)
                    break;
                run = new Run(first, n + 1 - first, low, high);
            }
            else if (!LeavesRcx(in i))
            {
                break;
            }

            if (i.Destination == leader.Left)
                break;
        }

        return run.Length > 1;
    }

    private void Emit(in Run run)
    {
        ref readonly IrInstruction leader = ref _plan[run.First];
        Label slow = _asm.NewLabel();
        Label back = _asm.NewLabel();
        bool isPinned = _map.IsPinned(leader.Left, out Register64 pinned);
        TakeHeld(run.First);
        Translate(Address(leader with { Immediate = run.Low }), IrEffects.IsLoad(leader.Opcode) ? 0 : 1, (int)(run.High - run.Low), slow);

        // A base in memory is added now: then rcx is the place of the lowest byte.
        if (!isPinned)
            _asm.Add(Qword, Rcx, Rax);
        bool tookHeld = _tookHeld;
        _held = IrSlot.None;
        for (int n = run.First; n < run.First + run.Length; n++)
        {
            ref readonly IrInstruction i = ref _plan[n];
            if (n > run.First)
                Marks?.Add((i.PageOffset, _asm.Offset));
            Memory place = isPinned ? Memory.At(pinned, Rcx, 1, (int)i.Immediate) : Memory.At(Rcx, (int)(i.Immediate - run.Low));
            if (IrEffects.IsLoad(i.Opcode))
                LoadFrom(place, in i);
            else if (IrEffects.IsStore(i.Opcode))
                StoreTo(place, in i);
            else
                EmitPlanned(n);
        }

        _tookHeld = tookHeld;
        _asm.Bind(back);
        _holds = IrSlot.None;
        _coldRuns.Add(new ColdRun(slow, back, run, _hasFloats));
    }

    private void EmitOneByOne(in ColdRun cold)
    {
        bool hasFloats = _hasFloats;
        _hasFloats = cold.HasFloats;
        _asm.Bind(cold.Start);
        MakeUp(cold.Run.First);
        for (int n = cold.Run.First; n < cold.Run.First + cold.Run.Length; n++)
        {
            if (n > cold.Run.First && CanEnter(n))
                AddEntry(n, _asm.Offset);
            Emit(in _block.Instructions[n]);
        }

        _asm.Jmp(cold.Back);
        _hasFloats = hasFloats;
    }
}
