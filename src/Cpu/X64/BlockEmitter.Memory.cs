using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <content>Loads and stores: the software TLB inline, everything else in the monitor.</content>
/// <remarks>
/// An entry serves size bytes at address a if a - page &lt;= 4096 - size, unsigned: exact for misaligned accesses, for those that leave the page, and
/// for addresses that no page has. An entry holds for as long as this hart does not poll. A look-up takes rax and rcx; rdx is a run's.
/// </remarks>
internal sealed unsafe partial class BlockEmitter
{
    private static int SizeOf(IrOpcode opcode) => 1 << SizeLog(opcode);

    private static int SizeLog(IrOpcode opcode) => opcode switch
    {
        IrOpcode.LoadSigned8 or IrOpcode.LoadUnsigned8 or IrOpcode.Store8 => 0,
        IrOpcode.LoadSigned16 or IrOpcode.LoadUnsigned16 or IrOpcode.Store16 => 1,
        IrOpcode.LoadSigned32 or IrOpcode.LoadUnsigned32 or IrOpcode.Store32 => 2,
        _ => 3,
    };

    private static bool IsSigned(IrOpcode opcode) => opcode is IrOpcode.LoadSigned8 or IrOpcode.LoadSigned16 or IrOpcode.LoadSigned32;

    private void Load(in IrInstruction i)
    {
        byte slot = i.Destination == IrSlot.None ? _layout.DiscardedSlot : i.Destination;
        AccessDescriptor access = Describe(in i, slot, SizeLog(i.Opcode), IsSigned(i.Opcode));
        if (IsInColdRun)
        {
            Label loaded = CallFind(in i, table: 0, SizeLog(i.Opcode), access);
            LoadFrom(Memory.At(Rax), in i);
            _asm.Bind(loaded);
            return;
        }

        bool isHeld = !_map.IsPinned(i.Destination, out Register64 _) && IsReadNext(i.Destination);
        Label back = FindPage(in i, table: 0, SizeOf(i.Opcode), LoadStub, access, isHeld ? i.Destination : IrSlot.None);
        LoadFrom(PlaceOf(in i, table: 0), in i);

        // The monitor has written the register itself.
        _asm.Bind(back);
        _holds = isHeld ? i.Destination : IrSlot.None;
    }

    private void Store(in IrInstruction i)
    {
        AccessDescriptor access = Describe(in i, i.Right, SizeLog(i.Opcode));
        if (IsInColdRun)
        {
            Label stored = CallFind(in i, table: 1, SizeLog(i.Opcode), access);
            StoreTo(Memory.At(Rax), in i, Rcx);
            _asm.Bind(stored);
            return;
        }

        Label back = FindPage(in i, table: 1, SizeOf(i.Opcode), StoreStub, access);

        // rax held the address: what the instruction before left there is in memory.
        _held = IrSlot.None;
        StoreTo(PlaceOf(in i, table: 1), in i);
        _asm.Bind(back);
    }

    private void LoadFrom(Memory place, in IrInstruction i)
    {
        Register64 target = _map.IsPinned(i.Destination, out Register64 pinned) ? pinned : Rax;
        switch (i.Opcode)
        {
            case IrOpcode.LoadSigned8:
                _asm.Movsx(Qword, OperandSize.Byte, target, place);
                break;
            case IrOpcode.LoadUnsigned8:
                _asm.Movzx(OperandSize.Byte, target, place);
                break;
            case IrOpcode.LoadSigned16:
                _asm.Movsx(Qword, Word, target, place);
                break;
            case IrOpcode.LoadUnsigned16:
                _asm.Movzx(Word, target, place);
                break;
            case IrOpcode.LoadSigned32:
                _asm.Movsxd(target, place);
                break;
            case IrOpcode.LoadUnsigned32:
                _asm.Mov(Dword, target, place);
                break;
            default:
                _asm.Mov(Qword, target, place);
                break;
        }

        // What rax held before may be gone.
        _holds = IrSlot.None;
        if (i.Destination != IrSlot.None)
            WriteResult(i.Destination, target, Qword);
    }

    private void StoreTo(Memory place, in IrInstruction i, Register64 scratch = Rax)
    {
        OperandSize size = i.Opcode switch
        {
            IrOpcode.Store8 => OperandSize.Byte,
            IrOpcode.Store16 => Word,
            IrOpcode.Store32 => Dword,
            _ => Qword,
        };
        if (i.Right == IrSlot.Zero)
        {
            _asm.Mov(size, place, 0);
            return;
        }

        if (!IsInRegister(i.Right, out Register64 value))
            _asm.Mov(size == Qword ? Qword : Dword, value = scratch, RegisterMap.Slot(i.Right));
        _asm.Mov(size, place, value);
    }

    // The address in a register that stays as it is, if that is the base itself; else in `target`.
    private Register64 Address(in IrInstruction i, Register64 target)
    {
        if (i.Left == IrSlot.Zero)
        {
            _asm.Mov(target, i.Immediate);
            return target;
        }

        if (IsInRegister(i.Left, out Register64 register))
        {
            if (i.Immediate == 0)
                return register;
            _asm.Lea(Qword, target, Memory.At(register, (int)i.Immediate));
            return target;
        }

        MoveFirst(target, i.Left, Qword);
        if (i.Immediate != 0)
            _asm.Add(Qword, target, (int)i.Immediate);
        return target;
    }

    // What the access is to, after the look-up. The address is taken from the base again: so the processor need not wait for the comparison that it stands behind.
    private Memory PlaceOf(in IrInstruction i, int table)
    {
        FindBase(i.Left, table, Rcx);
        return FromBase(in i, Rcx);
    }

    // Leaves in `host` what takes the base register's place in the host's addresses: together with it, if it has a register of the host's.
    private void FindBase(byte slot, int table, Register64 host)
    {
        _asm.Mov(Qword, host, _tlb.Addend(table));
        if (slot != IrSlot.Zero && !_map.IsPinned(slot, out Register64 _))
            _asm.Add(Qword, host, RegisterMap.Slot(slot));
    }

    private Memory FromBase(in IrInstruction i, Register64 host) =>
        _map.IsPinned(i.Left, out Register64 pinned) ? Memory.At(pinned, host, 1, (int)i.Immediate) : Memory.At(host, (int)i.Immediate);

    /// <summary>Leaves in rax the offset in the page, in rcx the entry's index.</summary>
    /// <returns>The label where the monitor comes back to.</returns>
    private Label FindPage(in IrInstruction i, int table, int bytes, int stub, AccessDescriptor descriptor, byte held = IrSlot.None)
    {
        Label back = _asm.NewLabel();
        Label miss = IsInRun ? ExitOfRun() : _asm.NewLabel();
        FindPage(Address(in i, Rax), Rax, table, bytes, miss);
        if (!IsInRun)
            _coldAccesses.Add(new ColdAccess(miss, back, stub, table, descriptor, _planned, held));
        return back;
    }

    // Leaves the place in rax, or the monitor does it all and goes on at the label.
    private Label CallFind(in IrInstruction i, int table, int sizeLog, AccessDescriptor descriptor)
    {
        Label done = _asm.NewLabel();
        Register64 address = Address(in i, Rax);
        if (address != Rax)
            _asm.Mov(Qword, Rax, address);
        _asm.Mov(Rdx, descriptor.Bits);
        _asm.CallRel32(_stubs.Find(table, sizeLog, _hasFloats) - _origin);
        _asm.JccShort(Condition.Equal, done);
        return done;
    }

    // Leaves in `offset` the address's offset in its page, in rcx the entry's index; also where it misses.
    private void FindPage(Register64 address, Register64 offset, int table, int bytes, Label miss)
    {
        if (offset != address)
            _asm.Mov(Qword, offset, address);
        TlbTables.Index(_asm, address);
        _asm.Sub(Qword, offset, _tlb.Page(table));
        _asm.Cmp(Qword, offset, PageBytes - bytes);
        _asm.Jcc(Condition.Above, miss);
    }

    private void ZeroBlock(in IrInstruction i)
    {
        Label miss = _asm.NewLabel();
        Label back = _asm.NewLabel();
        _coldInterpretations.Add(new ColdInterpretation(miss, back, i, InterpretStub));
        _asm.Cmp(OperandSize.Byte, RegisterMap.Field(_layout.Mode), _layout.Zeroing.Mode);
        _asm.Jcc(Condition.Below, miss);
        _asm.Test(Dword, RegisterMap.Field(_layout.Zeroing.Permissions), _layout.Zeroing.Permission);
        _asm.Jcc(Condition.Equal, miss);
        Move(Rax, i.Left);
        _asm.And(Qword, Rax, -_layout.Zeroing.Bytes);
        FindPage(Rax, Rdx, table: 1, _layout.Zeroing.Bytes, miss);
        _asm.Mov(Qword, Rcx, _tlb.Addend(TlbTables.Write));
        _asm.Vpxor(XmmRegister.Xmm0, XmmRegister.Xmm0, XmmRegister.Xmm0);
        for (int offset = 0; offset < _layout.Zeroing.Bytes; offset += 16)
            _asm.Vmovups(Memory.At(Rax, Rcx, 1, offset), XmmRegister.Xmm0);
        _asm.Bind(back);
    }
}
