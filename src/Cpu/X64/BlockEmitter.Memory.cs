using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <content>Loads and stores: the software TLB inline, everything else in the monitor.</content>
/// <remarks>
/// An entry serves size bytes at address a if a - page &lt;= 4096 - size, unsigned: exact for misaligned accesses, for those that leave the page, and
/// for addresses that no page has. An entry holds for as long as this hart does not poll.
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
        Register64 address = Address(in i);
        byte slot = i.Destination == IrSlot.None ? _layout.DiscardedSlot : i.Destination;
        AccessDescriptor access = Describe(in i, slot, SizeLog(i.Opcode), IsSigned(i.Opcode));
        bool isHeld = !_map.IsPinned(i.Destination, out Register64 _) && IsReadNext(i.Destination);
        Label back = Translate(address, table: 0, SizeOf(i.Opcode), LoadStub, access, isHeld ? i.Destination : IrSlot.None);
        LoadFrom(Memory.At(address, Rcx), in i);

        // The monitor has written the register itself.
        _asm.Bind(back);
        _holds = isHeld ? i.Destination : IrSlot.None;
    }

    private void Store(in IrInstruction i)
    {
        Register64 address = Address(in i);
        Label back = Translate(address, table: 1, SizeOf(i.Opcode), StoreStub, Describe(in i, i.Right, SizeLog(i.Opcode)));
        StoreTo(Memory.At(address, Rcx), in i);
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

    private void StoreTo(Memory place, in IrInstruction i)
    {
        OperandSize size = i.Opcode switch
        {
            IrOpcode.Store8 => OperandSize.Byte,
            IrOpcode.Store16 => Word,
            IrOpcode.Store32 => Dword,
            _ => Qword,
        };
        if (i.Right == IrSlot.Zero)
            _asm.Mov(size, place, 0);
        else
            _asm.Mov(size, place, _map.IsPinned(i.Right, out Register64 pinned) ? pinned : ReadLow(i.Right, size));
    }

    private Register64 ReadLow(byte slot, OperandSize size)
    {
        _asm.Mov(size == Qword ? Qword : Dword, Rdx, RegisterMap.Slot(slot));
        return Rdx;
    }

    // The address in a register that stays as it is: the base itself, or rax.
    private Register64 Address(in IrInstruction i)
    {
        if (i.Left == IrSlot.Zero)
        {
            _asm.Mov(Rax, i.Immediate);
            return Rax;
        }

        if (_map.IsPinned(i.Left, out Register64 pinned))
        {
            if (i.Immediate == 0)
                return pinned;
            _asm.Lea(Qword, Rax, Memory.At(pinned, (int)i.Immediate));
            return Rax;
        }

        MoveFirst(Rax, i.Left, Qword);
        if (i.Immediate != 0)
            _asm.Add(Qword, Rax, (int)i.Immediate);
        return Rax;
    }

    /// <summary>Leaves in rcx what must be added to the address; rdx is spoiled.</summary>
    /// <returns>The label where the monitor comes back to.</returns>
    private Label Translate(Register64 address, int table, int bytes, int stub, AccessDescriptor descriptor, byte held = IrSlot.None)
    {
        Label miss = _asm.NewLabel();
        Label back = _asm.NewLabel();
        Translate(address, table, bytes, miss);
        _coldAccesses.Add(new ColdAccess(miss, back, stub, address, descriptor, _planned, held));
        return back;
    }

    private void Translate(Register64 address, int table, int bytes, Label miss)
    {
        FindEntry(address, table, bytes, miss);
        _asm.Mov(Qword, Rcx, Memory.At(RegisterMap.Tlb, Rcx, 1, (table * _tableBytes) + 8));
    }

    // Leaves in rcx the entry's offset in its table, in rdx the address's offset in its page.
    private void FindEntry(Register64 address, int table, int bytes, Label miss)
    {
        int offset = table * _tableBytes;
        _asm.Rorx(Qword, Rcx, address, 8);
        _asm.And(Dword, Rcx, _indexMask);
        _asm.Mov(Qword, Rdx, address);
        _asm.Sub(Qword, Rdx, Memory.At(RegisterMap.Tlb, Rcx, 1, offset));
        _asm.Cmp(Qword, Rdx, PageBytes - bytes);
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
        Translate(Rax, table: 1, _layout.Zeroing.Bytes, miss);
        _asm.Vpxor(XmmRegister.Xmm0, XmmRegister.Xmm0, XmmRegister.Xmm0);
        for (int offset = 0; offset < _layout.Zeroing.Bytes; offset += 16)
            _asm.Vmovups(Memory.At(Rax, Rcx, 1, offset), XmmRegister.Xmm0);
        _asm.Bind(back);
    }
}
