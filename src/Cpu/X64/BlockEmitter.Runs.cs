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

    // The same instructions again, each for itself.
    private readonly record struct ColdRun(Label Start, Label Back, int First, int Length, bool HasFloats);

    private static bool IsLoad(in IrInstruction i) => i.Opcode is >= IrOpcode.LoadSigned8 and <= IrOpcode.Load64;

    private static bool IsStore(in IrInstruction i) => i.Opcode is >= IrOpcode.Store8 and <= IrOpcode.Store64;

    private static int SizeLog(IrOpcode opcode) => opcode switch
    {
        IrOpcode.LoadSigned8 or IrOpcode.LoadUnsigned8 or IrOpcode.Store8 => 0,
        IrOpcode.LoadSigned16 or IrOpcode.LoadUnsigned16 or IrOpcode.Store16 => 1,
        IrOpcode.LoadSigned32 or IrOpcode.LoadUnsigned32 or IrOpcode.Store32 => 2,
        _ => 3,
    };

    private static bool IsSigned(IrOpcode opcode) => opcode is IrOpcode.LoadSigned8 or IrOpcode.LoadSigned16 or IrOpcode.LoadSigned32;

    // Computes a register without rcx.
    private static bool IsPlain(in IrInstruction i) => i.Opcode switch
    {
        IrOpcode.Constant or IrOpcode.Add or IrOpcode.Subtract or IrOpcode.And or IrOpcode.Or or IrOpcode.Xor
            or IrOpcode.Add32 or IrOpcode.Subtract32 or IrOpcode.Multiply or IrOpcode.Multiply32 => true,
        IrOpcode.PcRelative => i.PageOffset + i.Immediate == (int)(i.PageOffset + i.Immediate),
        IrOpcode.ShiftLeft or IrOpcode.ShiftRight or IrOpcode.ShiftRightArithmetic or IrOpcode.ShiftLeft32 or IrOpcode.ShiftRight32
            or IrOpcode.ShiftRightArithmetic32 => i.Right == IrSlot.Immediate,
        _ => false,
    };

    // Instructions of the run that begins at an instruction, at least two accesses; else less than 2.
    private int RunAt(int first)
    {
        ReadOnlySpan<IrInstruction> instructions = _block.Instructions;
        ref readonly IrInstruction leader = ref instructions[first];
        bool loads = IsLoad(in leader);
        if ((!loads && !IsStore(in leader)) || leader.Left == IrSlot.Zero || leader.Destination == leader.Left)
            return 0;
        long low = leader.Immediate;
        long high = low + (1 << SizeLog(leader.Opcode));
        int length = 1;
        for (int n = first + 1; n < instructions.Length; n++)
        {
            ref readonly IrInstruction i = ref instructions[n];
            if (loads ? IsLoad(in i) : IsStore(in i))
            {
                long newLow = Math.Min(low, i.Immediate);
                long newHigh = Math.Max(high, i.Immediate + (1 << SizeLog(i.Opcode)));
                if (i.Left != leader.Left || newHigh - newLow > MostRunBytes)
                    break;
                (low, high, length) = (newLow, newHigh, n + 1 - first);
            }
            else if (!IsPlain(in i))
            {
                break;
            }

            if (i.Destination == leader.Left)
                break;
        }

        return length;
    }

    private void EmitRun(int first, int length)
    {
        ReadOnlySpan<IrInstruction> run = _block.Instructions.Slice(first, length);
        byte slot = run[0].Left;
        bool loads = IsLoad(in run[0]);
        long low = long.MaxValue;
        long high = long.MinValue;
        foreach (ref readonly IrInstruction i in run)
        {
            if (!IsLoad(in i) && !IsStore(in i))
                continue;
            low = Math.Min(low, i.Immediate);
            high = Math.Max(high, i.Immediate + (1 << SizeLog(i.Opcode)));
        }

        Label slow = _asm.NewLabel();
        Label back = _asm.NewLabel();
        bool isPinned = _map.IsPinned(slot, out Register64 pinned);
        TranslateBytes(Address(run[0] with { Immediate = low }), loads ? 0 : 1, (int)(high - low), slow);

        // A base in memory is added now: then rcx is the place of the lowest byte.
        if (!isPinned)
            _asm.Add(Qword, Rcx, Rax);
        for (int n = 0; n < length; n++)
        {
            ref readonly IrInstruction i = ref run[n];
            if (n > 0)
                Marks?.Add((i.PageOffset, _asm.Offset));
            Memory place = isPinned ? Memory.At(pinned, Rcx, 1, (int)i.Immediate) : Memory.At(Rcx, (int)(i.Immediate - low));
            if (IsLoad(in i))
                LoadFrom(place, in i, SizeLog(i.Opcode), IsSigned(i.Opcode));
            else if (IsStore(in i))
                StoreTo(place, in i, SizeLog(i.Opcode));
            else
                Emit(in i);
        }

        _asm.Bind(back);
        _coldRuns.Add(new ColdRun(slow, back, first, length, _hasFloats));
    }

    private void EmitOneByOne(ColdRun run)
    {
        bool hasFloats = _hasFloats;
        _hasFloats = run.HasFloats;
        _asm.Bind(run.Start);
        for (int n = run.First; n < run.First + run.Length; n++)
        {
            if (n > run.First)
                Enter(in _block.Instructions[n]);
            Emit(in _block.Instructions[n]);
        }

        _asm.Jmp(run.Back);
        _hasFloats = hasFloats;
    }
}
