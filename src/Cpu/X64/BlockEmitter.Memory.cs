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
    private static bool IsSigned(IrOpcode opcode) => opcode is IrOpcode.LoadSigned8 or IrOpcode.LoadSigned16 or IrOpcode.LoadSigned32;

    private void Load(in IrInstruction i)
    {
        bool isHeld = !_map.IsPinned(i.Destination, out Register64 _) && IsReadNext(i.Destination);
        Label back = FindPage(in i, TlbTables.Read, LoadStub, isHeld ? i.Destination : IrSlot.None);
        LoadFrom(PlaceOf(in i, TlbTables.Read), in i);

        // The monitor has written the register itself.
        _asm.Bind(back);
        _holds = isHeld ? i.Destination : IrSlot.None;
    }

    private void Store(in IrInstruction i)
    {
        Label back = FindPage(in i, TlbTables.Write, StoreStub);

        // rax held the address: what the instruction before left there is in memory.
        _held = IrSlot.None;
        StoreTo(PlaceOf(in i, TlbTables.Write), in i);
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
        _asm.Mov(Qword, Rcx, _tlb.Addend(table));
        if (_map.IsPinned(i.Left, out Register64 pinned))
            return Memory.At(pinned, Rcx, 1, (int)i.Immediate);
        return i.Left == IrSlot.Zero ? Memory.At(Rcx, (int)i.Immediate) : FromSlot(in i);
    }

    // The base is in memory, what must be added in rcx. rcx is spoiled where a store needs rax for what it stores.
    private Memory FromSlot(in IrInstruction i)
    {
        if (LeavesRax(in i))
            return Memory.At(Fetch(i.Left, Rax, Qword), Rcx, 1, (int)i.Immediate);
        _asm.Add(Qword, Rcx, RegisterMap.Slot(i.Left));
        return Memory.At(Rcx, (int)i.Immediate);
    }

    private bool LeavesRax(in IrInstruction i) => i.Opcode switch
    {
        IrOpcode.FloatStore => _map.IsPinned(i.Right, out XmmRegister _),
        _ when IrEffects.IsStore(i.Opcode) => i.Right == IrSlot.Zero || _map.IsPinned(i.Right, out Register64 _),
        _ => true,
    };

    /// <summary>Leaves in rax the offset in the page, in rcx the entry's index.</summary>
    /// <returns>The label where the monitor comes back to.</returns>
    private Label FindPage(in IrInstruction i, int table, int stub, byte held = IrSlot.None)
    {
        Label back = _asm.NewLabel();
        Label miss = IsInRun ? ExitOfRun() : _asm.NewLabel();
        FindPage(Address(in i, Rax), Rax, table, 1 << IrEffects.SizeLog(in i), miss);
        if (!IsInRun)
            _coldAccesses.Add(new ColdAccess(miss, back, stub, table, DescribeAccess(in i), _planned, held));
        return back;
    }

    private AccessDescriptor DescribeAccess(in IrInstruction i)
    {
        byte slot = IrEffects.Stores(i.Opcode) ? i.Right : i.Destination;
        return Describe(in i, slot == IrSlot.None ? _layout.DiscardedSlot : slot, IrEffects.SizeLog(in i), IsSigned(i.Opcode), i.Opcode == IrOpcode.FloatLoad);
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
