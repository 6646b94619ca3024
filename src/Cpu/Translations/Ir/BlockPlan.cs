namespace Strata.Cpu.Translations.Ir;

/// <summary>What of a block need not be done as it stands, where nothing looks at the state in between.</summary>
/// <remarks>
/// <code>
///   slliw t1,a3,21          left out: t1 is written again before it is read
///   lw    t2,0(s1)          if this faults, t1 is computed first (it is "pending" here)
///   srliw a0,a3,11          left out
///   or    a0,a0,t1          rotates a3
///   addw  t1,a0,t2          narrow: the upper half of t1 is pending until t1 is written again
/// </code>
/// Where something is pending, the block cannot be entered. Nothing is pending where the block is left, where it branches and where its own branches lead:
/// only loads and stores have a way out on which what is pending is made up for. Whoever executes all instructions as they stand, is right everywhere.
/// </remarks>
internal sealed partial class BlockPlan
{
    private const int Capacity = IrBlock.MaximumInstructions + 1;
    private const int Slots = 32;
    private const int Nowhere = -1;

    private readonly IrInstruction[] _instructions = new IrInstruction[Capacity];
    private readonly PlanFlags[] _flags = new PlanFlags[Capacity];

    // The last load or store at which an instruction's result is pending; Nowhere: there is none.
    private readonly sbyte[] _pendingUntil = new sbyte[Capacity];
    private readonly byte[] _pendingFrom = new byte[Capacity];
    private readonly bool[] _isInMemory = new bool[256];
    private readonly byte _pageSlot;
    private int _count;
    private int _pendingCount;

    [Flags]
    private enum PlanFlags : byte
    {
        None = 0,
        LeftOut = 1,
        Narrow = 2,
        Transient = 4,
        Target = 8,
        Inside = 16,
        LoopStart = 32,
    }

    /// <param name="heldSlots">Registers of the guest that have one of the host's.</param>
    /// <param name="pageSlot">Where the address of the page that is executed lies.</param>
    public BlockPlan(ReadOnlySpan<byte> heldSlots, byte pageSlot)
    {
        _pageSlot = pageSlot;
        _isInMemory.AsSpan(1, Slots - 1).Fill(true);
        foreach (byte slot in heldSlots)
            _isInMemory[slot] = false;
    }

    /// <summary>What to do instead of the block's instruction with this number.</summary>
    public ref readonly IrInstruction this[int n] => ref _instructions[n];

    /// <summary>It need not be done at all.</summary>
    public bool IsLeftOut(int n) => (_flags[n] & PlanFlags.LeftOut) != 0;

    /// <summary>The upper half of its result need not be right.</summary>
    public bool IsNarrow(int n) => (_flags[n] & PlanFlags.Narrow) != 0;

    /// <summary>Only the next instruction reads its result, first of all, and writes another one to the same register.</summary>
    public bool IsTransient(int n) => (_flags[n] & PlanFlags.Transient) != 0;

    /// <summary>A branch of the block leads here.</summary>
    public bool IsTarget(int n) => (_flags[n] & PlanFlags.Target) != 0;

    /// <summary>A branch of the block leads back here.</summary>
    public bool IsLoopStart(int n) => (_flags[n] & PlanFlags.LoopStart) != 0;

    /// <summary>All registers are right before this instruction, and it relies on none before it.</summary>
    public bool CanBeEntered(int n) => (_flags[n] & PlanFlags.Inside) == 0;

    /// <summary>Whether something is pending at a load or store.</summary>
    public bool HasPending(int access)
    {
        for (int k = 0; k < _pendingCount; k++)
        {
            if (IsPending(_pendingFrom[k], access))
                return true;
        }

        return false;
    }

    /// <summary>Whether what instruction <paramref name="n"/> gives is pending at a load or store behind it.</summary>
    public bool IsPending(int n, int access) => n < access && access <= _pendingUntil[n];

    /// <summary>Looks at a block.</summary>
    public void Make(IrBlock block)
    {
        _count = block.Count;
        _pendingCount = 0;
        block.Instructions.CopyTo(_instructions);
        Array.Clear(_flags, 0, _count);
        Array.Fill(_pendingUntil, (sbyte)Nowhere, 0, _count);
        MarkTargets();
        FindIdioms();
        FindDemands();
    }

    // Where branches of the block lead that lie in it.
    private void MarkTargets()
    {
        for (int n = 0; n < _count; n++)
        {
            ref readonly IrInstruction i = ref _instructions[n];
            if (!IrEffects.IsBranch(i.Opcode) && i.Opcode != IrOpcode.Jump)
                continue;
            long target = i.PageOffset + i.Immediate;
            if (target < _instructions[0].PageOffset || target > _instructions[_count - 1].PageOffset)
                continue;
            for (int m = 0; m < _count; m++)
            {
                if (_instructions[m].PageOffset == target)
                    _flags[m] |= m <= n ? PlanFlags.Target | PlanFlags.LoopStart : PlanFlags.Target;
            }
        }
    }

    /// <summary>Behind the first of these two, and up to the last, the block cannot be entered.</summary>
    public void Enclose(int first, int last)
    {
        for (int n = first + 1; n <= last; n++)
            _flags[n] |= PlanFlags.Inside;
    }

    // Nothing but registers changes, or memory; and what is pending can be made up for.
    private static bool IsPlain(IrOpcode opcode) => IrEffects.IsPure(opcode) || IrEffects.IsLoad(opcode) || IrEffects.IsStore(opcode);

    private static bool IsAccess(IrOpcode opcode) => IrEffects.IsLoad(opcode) || IrEffects.IsStore(opcode);
}
