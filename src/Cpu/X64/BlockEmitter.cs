using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <summary>A jump inside the page whose target can be changed later: its displacement, and the cold code that finds the target.</summary>
/// <param name="Displacement">Offset in the code cache of the four bytes.</param>
/// <param name="Cold">Offset in the code cache of the code that asks for the target.</param>
/// <param name="Target">Offset in the page.</param>
internal readonly record struct JumpSite(int Displacement, int Cold, int Target);

/// <summary>What the emitter asks about the page that the block belongs to.</summary>
internal interface IBlockPage
{
    /// <summary>Offset in the code cache of the code for an offset in the page, 0 if there is none.</summary>
    int CodeAt(int pageOffset);

    /// <summary>Remembers a jump; answers its number.</summary>
    int AddSite(JumpSite site);

    /// <summary>An instruction of the block can be entered from elsewhere at this offset in the code cache.</summary>
    void AddEntry(int pageOffset, int code);
}

/// <summary>Writes the machine code of blocks: one pass over the operations, guest registers where <see cref="RegisterMap"/> says, cold code behind.</summary>
/// <remarks>
/// At every boundary between two guest instructions all state is where the map says, so each of them can be entered from elsewhere, and any can leave;
/// but behind the first floating-point instruction of a block the guest's floating point is taken to be loaded, so there it cannot be entered, nor can it where
/// <see cref="BlockPlan"/> leaves something out.
/// rax, rcx and rdx are scratch inside an operation.
/// </remarks>
internal sealed unsafe partial class BlockEmitter
{
    // What the host's front end takes at once.
    private const int LoopAlignment = 32;

    private readonly Assembler _asm;
    private readonly StateLayout _layout;
    private readonly RegisterMap _map;
    private readonly RuntimeStubs _stubs;
    private readonly bool _counts;
    private readonly BlockPlan _plan;
    private readonly PageSharing _sharing;
    private readonly TlbTables _tlb;

    private readonly List<ColdAccess> _coldAccesses = [];
    private readonly List<ColdInterpretation> _coldInterpretations = [];
    private readonly List<ColdJump> _coldJumps = [];
    private readonly List<ColdPoll> _coldPolls = [];

    // The block that is being written.
    private IrBlock _block = null!;
    private IBlockPage _page = null!;
    private int _origin;
    private Label _otherBytes;

    /// <param name="assembler">To be used from now on.</param>
    /// <param name="layout">Of the state.</param>
    /// <param name="map">Of the registers.</param>
    /// <param name="stubs">Of the code cache.</param>
    /// <param name="counts">Blocks pay for their instructions out of the budget.</param>
    public BlockEmitter(Assembler assembler, StateLayout layout, RegisterMap map, RuntimeStubs stubs, bool counts)
    {
        _asm = assembler;
        _layout = layout;
        _map = map;
        _stubs = stubs;
        _counts = counts;
        byte pageSlot = checked((byte)(layout.CurrentPage / sizeof(ulong)));
        _plan = new BlockPlan(layout.HotSlots, pageSlot);
        _sharing = new PageSharing(pageSlot);
        _tlb = new TlbTables(layout);
    }

    /// <summary>Where the code of each guest instruction begins, and at the end where the cold code does; null: nobody wants to know.</summary>
    public List<(int PageOffset, int Code)>? Marks { get; init; }

    // A load or store that missed in a table: where it comes from and goes back to, which instruction it is if the plan holds for it, and what rax has to hold then.
    private readonly record struct ColdAccess(Label Start, Label Back, int Stub, int Table, AccessDescriptor Descriptor, int Planned, byte Held);

    // An instruction that is the interpreter's this time.
    private readonly record struct ColdInterpretation(Label Start, Label Back, IrInstruction Instruction, int Stub);

    // A jump inside the page: its displacement.
    private readonly record struct ColdJump(int Displacement, int Target);

    // A poll that found something.
    private readonly record struct ColdPoll(Label Start, int Target);

    /// <summary>Writes a block.</summary>
    /// <param name="block">Its operations; at least one guest instruction.</param>
    /// <param name="page">Its page.</param>
    /// <param name="code">Where to, in the writable view.</param>
    /// <param name="capacity">Bytes there.</param>
    /// <param name="origin">The same place as an offset in the code cache.</param>
    /// <returns>Bytes written, or 0 if there was no room.</returns>
    public int Emit(IrBlock block, IBlockPage page, byte* code, int capacity, int origin)
    {
        _block = block;
        _page = page;
        _origin = origin;
        _coldAccesses.Clear();
        _coldInterpretations.Clear();
        _coldJumps.Clear();
        _coldPolls.Clear();
        _coldRuns.Clear();
        _exitsOfRuns.Clear();
        ClearFloats();
        _plan.Make(block);
        _sharing.Make(_plan, block.Count, FirstFloat());
        BeginPlanned();
        _asm.Reset(code, capacity);
        if (block.BytesBeyond >= 0)
            RequireBytesBeyond();
        if (_counts)
            Pay();
        for (int n = 0; n < block.Count; n++)
        {
            if (_plan.IsLoopStart(n))
                _asm.Align(LoopAlignment);
            bool canEnter = CanEnter(n);
            int first = n;
            int start = _asm.Offset;
            ref readonly IrInstruction i = ref block.Instructions[n];
            Marks?.Add((i.PageOffset, start));
            if (_sharing.BeginsRun(n, out int last))
            {
                EmitRun(n, last);
                n = last;
            }
            else
            {
                EmitPlanned(n);
            }

            // What took a value from rax, relies on the instruction before it.
            if (canEnter && !_tookHeld)
                AddEntry(first, start);
        }

        EndPlanned();

        // After a fence.i comes what other harts wrote before they kicked this one.
        IrOpcode end = block.Instructions[^1].Opcode;
        if (!EndsWithJump(end))
            Goto(block.End, end is IrOpcode.InterpretAndLeave or IrOpcode.Synchronize ? block.End : 0);
        Marks?.Add((block.End, _asm.Offset));
        EmitColdCode();
        return _asm.Overflowed ? 0 : _asm.Offset;
    }

    // The instruction can be entered, if all state is where the map says.
    private bool CanEnter(int n)
    {
        ref readonly IrInstruction i = ref _block.Instructions[n];
        return i.Opcode != IrOpcode.Leave && (_counts ? i.Index == 0 : !_hasFloats) && _plan.CanBeEntered(n);
    }

    // At the block's start, where something has to be done before.
    private void AddEntry(int n, int code) =>
        _page.AddEntry(_block.Instructions[n].PageOffset, _origin + (_counts || _block.BytesBeyond >= 0 ? 0 : code));

    // The second half of the instruction is what was translated, and may be executed; else the interpreter looks at it.
    private void RequireBytesBeyond()
    {
        _asm.Mov(Qword, Rax, RegisterMap.Field(_layout.CurrentPage));
        _asm.Add(Qword, Rax, PageBytes);
        FindPage(Rax, Rdx, TlbTables.Fetch, sizeof(ushort), _otherBytes = _asm.NewLabel());
        _asm.Add(Qword, Rax, _tlb.Addend(TlbTables.Fetch));
        _asm.Movzx(Word, Rcx, Memory.At(Rax));
        _asm.Cmp(Dword, Rcx, _block.BytesBeyond);
        _asm.Jcc(Condition.NotEqual, _otherBytes);
    }

    private static bool EndsWithJump(IrOpcode opcode) => opcode is IrOpcode.Jump or IrOpcode.JumpIndirect or IrOpcode.Leave or IrOpcode.ModeCall or IrOpcode.ModeReturn;

    // The budget covers the whole block, or the block is not entered.
    private void Pay()
    {
        Label enough = _asm.NewLabel();
        _asm.Sub(Qword, RegisterMap.Field(_layout.Budget), _block.GuestInstructions);
        _asm.JccShort(Condition.NoSign, enough);
        _asm.Add(Qword, RegisterMap.Field(_layout.Budget), _block.GuestInstructions);
        _asm.Mov(Rax, _block.Start);
        _asm.JmpRel32(_stubs.Exhausted - _origin);
        _asm.Bind(enough);
    }

    // Gives back what the block has paid for instructions behind this one.
    private void Refund(int executed)
    {
        int rest = _block.GuestInstructions - executed;
        if (_counts && rest > 0)
            _asm.Add(Qword, RegisterMap.Field(_layout.Budget), rest);
    }

    private void EmitColdCode()
    {
        foreach (ColdRun run in _coldRuns)
            EmitOneByOne(run);

        foreach (ColdAccess access in _coldAccesses)
        {
            _asm.Bind(access.Start);
            if (access.Planned >= 0 && _plan.HasPending(access.Planned))
            {
                MakeUp(access.Planned);
                Register64 address = Address(in _plan[access.Planned], Rax);
                if (address != Rax)
                    _asm.Mov(Qword, Rax, address);
            }
            else
            {
                _asm.Add(Qword, Rax, _tlb.Page(access.Table));
            }

            _asm.Mov(Rdx, access.Descriptor.Bits);
            _asm.CallRel32(access.Stub - _origin);
            if (access.Held != IrSlot.None)
                _asm.Mov(Qword, Rax, RegisterMap.Slot(access.Held));
            _asm.Jmp(access.Back);
        }

        EmitColdInstructions();
        foreach (ColdInterpretation interpretation in _coldInterpretations)
        {
            _asm.Bind(interpretation.Start);
            IrInstruction instruction = interpretation.Instruction;
            Interpret(in instruction, interpretation.Stub);
            _asm.Jmp(interpretation.Back);
        }

        if (_block.BytesBeyond >= 0)
        {
            _asm.Bind(_otherBytes);
            _asm.Mov(Rax, _block.Start);
            _asm.JmpRel32(_stubs.Alone - _origin);
        }

        foreach (ColdPoll poll in _coldPolls)
        {
            _asm.Bind(poll.Start);
            _asm.Mov(Rax, poll.Target);
            _asm.JmpRel32(_stubs.Polled - _origin);
        }

        foreach (ColdJump jump in _coldJumps)
        {
            int cold = _asm.Offset;
            int site = _page.AddSite(new JumpSite(_origin + jump.Displacement, _origin + cold, jump.Target));
            _asm.Mov(Rax, (uint)site);
            _asm.Mov(Rdx, jump.Target);
            _asm.JmpRel32(_stubs.Link - _origin);
            if (_asm.Overflowed)
                return;
            int code = _page.CodeAt(jump.Target);
            Assembler.PatchRel32(_asm.Start, jump.Displacement, code != 0 ? code - _origin : cold);
        }
    }
}
