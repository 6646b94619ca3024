// System V ABI, AMD64 supplement 1.0, section 3.2: the way into emitted code and out of it.
using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <summary>What emitted code calls in the monitor; each gets the state's address first and answers where to go on, 0 for "here".</summary>
/// <param name="Continue">(state): the program counter is in the state.</param>
/// <param name="Link">(state, site): a jump inside the page that has not been linked; the page's offset is the program counter.</param>
/// <param name="Load">(state, address, descriptor): a load that missed the TLB.</param>
/// <param name="Store">(state, address, descriptor): a store that missed the TLB.</param>
/// <param name="Interpret">(state, instruction bits, descriptor): an instruction that is not translated.</param>
/// <param name="Exhausted">(state): the budget does not suffice for the next block.</param>
/// <param name="Alone">(state): the instruction at the program counter, which lies in two pages, is not what was translated.</param>
internal sealed record RuntimeCalls(nint Continue, nint Link, nint Load, nint Store, nint Interpret, nint Exhausted, nint Alone);

/// <summary>The code around all blocks: entry and exit, and the calls into the monitor. Written once at the start of a code cache.</summary>
/// <remarks>
/// <code>
///   C# ── Enter ──► block ──► block ──┬─ jmp ──► Continue, Missed, Untranslated, Polled, Link, Exhausted, Alone ── C# says where ──► block, or Leave ──► C#
///                     ▲               └─ call ─► Load, Store, Interpret ── 0 ──► back into the block;  else as above
/// </code>
/// Around every call all pinned registers are written to the state and read again. No garbage collection waits for emitted code: it runs as native code
/// that was called by a function pointer, and calls back by unmanaged entry points.
/// </remarks>
internal sealed partial class RuntimeStubs
{
    /// <summary>Where on the stack blocks hold addends of pages, from rsp on; what lies below, a fence locks.</summary>
    public const int HeldAddends = 8;

    /// <summary>Behind the last of them.</summary>
    public const int FrameBytes = HeldAddends + ((PageSharing.Holders - 1) * 8);

    private readonly Assembler _asm;
    private readonly StateLayout _layout;
    private readonly RegisterMap _map;
    private readonly TlbTables _tlb;

    /// <summary>Writes the stubs at the assembler's place, which is the start of the code cache.</summary>
    public RuntimeStubs(Assembler assembler, StateLayout layout, RegisterMap map, RuntimeCalls calls)
    {
        _asm = assembler;
        _layout = layout;
        _map = map;
        _tlb = new TlbTables(layout);

        WriteFloatCode();

        // void Enter(state, code): six registers are kept for the caller, which leaves the stack aligned to 16 bytes minus 8; so does the frame.
        Enter = assembler.Offset;
        foreach (Register64 register in (ReadOnlySpan<Register64>)[Rbx, Rbp, R12, R13, R14, R15])
            assembler.Push(register);
        assembler.Sub(Qword, Rsp, FrameBytes);
        assembler.Mov(Qword, Rax, Rsi);
        assembler.Lea(Qword, Rbp, Memory.At(Rdi, RegisterMap.StateBias));
        int go = assembler.Offset;
        Fill();
        assembler.Jmp(Rax);

        // What the monitor answers when the hart leaves; the state holds everything already.
        Leave = assembler.Offset;
        assembler.Add(Qword, Rsp, FrameBytes);
        foreach (Register64 register in (ReadOnlySpan<Register64>)[R15, R14, R13, R12, Rbp, Rbx])
            assembler.Pop(register);
        assembler.Ret();

        // eax: offset in the current page.
        Polled = assembler.Offset;
        assembler.Add(Qword, Rax, RegisterMap.Field(layout.CurrentPage));

        // rax: the program counter.
        Missed = assembler.Offset;
        assembler.Mov(Qword, RegisterMap.Field(layout.ProgramCounter), Rax);
        Spill();
        Call(calls.Continue);
        assembler.JmpRel32(go);

        // rax: a page; rdx: offset in it.
        MissedPage = assembler.Offset;
        assembler.Add(Qword, Rax, Rdx);
        assembler.JmpRel32(Missed);

        // rdx: offset in the current page; where entries of pages lead that are not translated.
        Untranslated = assembler.Offset;
        assembler.Mov(Qword, Rax, Rdx);
        assembler.JmpRel32(Polled);

        // eax: number of the site; edx: offset in the current page.
        Link = assembler.Offset;
        assembler.Add(Qword, Rdx, RegisterMap.Field(layout.CurrentPage));
        assembler.Mov(Qword, RegisterMap.Field(layout.ProgramCounter), Rdx);
        Spill();
        assembler.Mov(Dword, Rsi, Rax);
        Call(calls.Link);
        assembler.JmpRel32(go);

        // eax: offset in the current page.
        Exhausted = Instead(calls.Exhausted, go);
        Alone = Instead(calls.Alone, go);

        // rcx: a view, spoiled. Zero is set if the monitor has to choose. Called by blocks.
        ChooseView = assembler.Offset;
        Label unknown = assembler.NewLabel();
        assembler.Mov(Qword, Rcx, Memory.At(RegisterMap.State, Rcx, 8, layout.Views - RegisterMap.StateBias));
        assembler.Test(Qword, Rcx, Rcx);
        assembler.JccShort(Condition.Equal, unknown);
        assembler.Mov(Qword, RegisterMap.Tlb, Rcx);
        assembler.Mov(Qword, RegisterMap.Field(layout.Tlb), Rcx);
        assembler.Bind(unknown);
        assembler.Ret();

        // rax: address or instruction; edx: descriptor. Called by blocks.
        Load = Returning(calls.Load, go);
        Store = Returning(calls.Store, go);
        Interpret = Returning(calls.Interpret, go);

        // As before, called where the guest's floating-point numbers are loaded: they are when the block goes on.
        LoadAmongFloats = Returning(calls.Load, go, loadsFloats: true);
        StoreAmongFloats = Returning(calls.Store, go, loadsFloats: true);
        InterpretAmongFloats = Returning(calls.Interpret, go, loadsFloats: true);
        WriteFinds(calls, go);
        ReadTime = WriteReadTime(Interpret, loadsFloats: false);
        ReadTimeAmongFloats = WriteReadTime(InterpretAmongFloats, loadsFloats: true);
    }

    /// <summary>Where code goes on, and what the places are called.</summary>
    public (string Name, int Offset)[] All =>
    [
        ("enter", Enter), ("leave", Leave), ("polled", Polled), ("missed", Missed), ("missed page", MissedPage), ("untranslated", Untranslated), ("link", Link), ("exhausted", Exhausted), ("alone", Alone),
        ("choose view", ChooseView), ("load", Load), ("store", Store), ("interpret", Interpret),
        ("read time", ReadTime), ("read time", ReadTimeAmongFloats), ("load", LoadAmongFloats), ("store", StoreAmongFloats), ("interpret", InterpretAmongFloats),
        ("load floats", LoadFloats), ("spill floats", _spillFloats), ("read float flags", ReadFlags), ("exchange float flags", ExchangeFlags),
        .. FindStubs,
    ];

    public int Enter { get; }

    public int Leave { get; }

    public int Polled { get; }

    public int Missed { get; }

    public int MissedPage { get; }

    public int Untranslated { get; }

    public int Link { get; }

    public int Exhausted { get; }

    public int Alone { get; }

    public int ChooseView { get; }

    public int Load { get; }

    public int Store { get; }

    public int Interpret { get; }

    public int LoadAmongFloats { get; }

    public int StoreAmongFloats { get; }

    public int InterpretAmongFloats { get; }

    public int ReadTime { get; }

    public int ReadTimeAmongFloats { get; }

    // The monitor does what is at an offset of the page.
    private int Instead(nint function, int go)
    {
        int start = _asm.Offset;
        _asm.Add(Qword, Rax, RegisterMap.Field(_layout.CurrentPage));
        _asm.Mov(Qword, RegisterMap.Field(_layout.ProgramCounter), Rax);
        Spill();
        Call(function);
        _asm.JmpRel32(go);
        return start;
    }

    private int Returning(nint function, int go, bool loadsFloats = false)
    {
        int start = _asm.Offset;
        CallForBlock(function, go);
        if (loadsFloats)
            _asm.JmpRel32(LoadFloats);
        else
            _asm.Ret();
        return start;
    }

    // Called by blocks, so the stack is aligned when there are 8 bytes more. Afterwards "equal", unless the hart goes on elsewhere.
    private void CallForBlock(nint function, int go)
    {
        Spill();
        _asm.Mov(Qword, Rsi, Rax);
        _asm.Sub(Qword, Rsp, 8);
        Call(function);
        _asm.Add(Qword, Rsp, 8);
        _asm.Test(Qword, Rax, Rax);
        Label here = _asm.NewLabel();
        _asm.JccShort(Condition.Equal, here);
        _asm.Add(Qword, Rsp, 8);
        _asm.JmpRel32(go);
        _asm.Bind(here);
        Fill();
    }

    private void Call(nint function)
    {
        _asm.Lea(Qword, Rdi, Memory.At(Rbp, -RegisterMap.StateBias));
        _asm.Mov(Rax, function);
        _asm.Call(Rax);
    }

    private void Spill()
    {
        foreach ((byte slot, Register64 register) in _map.Pinned)
            _asm.Mov(Qword, RegisterMap.Slot(slot), register);
        Label notLoaded = _asm.NewLabel();
        _asm.Cmp(Dword, RegisterMap.Field(_layout.FloatsLoaded), 0);
        _asm.JccShort(Condition.Equal, notLoaded);
        _asm.CallRel32(_spillFloats);
        _asm.Bind(notLoaded);
    }

    private void Fill()
    {
        foreach ((byte slot, Register64 register) in _map.Pinned)
            _asm.Mov(Qword, register, RegisterMap.Slot(slot));
        _asm.Mov(Qword, RegisterMap.Tlb, RegisterMap.Field(_layout.Tlb));
    }
}
