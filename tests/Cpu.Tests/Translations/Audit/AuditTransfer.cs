using Iced.Intel;
using Strata.Cpu.X64;

namespace Strata.Cpu.Tests.Translations.Audit;

/// <summary>What instructions make of what the audit knows.</summary>
internal static class AuditTransfer
{
    // The integer ones.
    private const int GuestRegisters = 32;

    private const long Stack = 1L << 40;

    /// <summary>The sum of two values, if it means something: an address plus the addend of an entry.</summary>
    public static AuditValue? Add(AuditValue left, AuditValue right) => (left, right) switch
    {
        (AuditValue.Addend addend, _) => new AuditValue.HostPlace(right, addend.Entry),
        (_, AuditValue.Addend addend) => new AuditValue.HostPlace(left, addend.Entry),
        _ => null,
    };

    /// <summary>Executes an instruction that goes on to the next.</summary>
    public static void Apply(in Instruction i, int offset, AuditState state, TranslatedCode code, InstructionInfoFactory information)
    {
        (int distance, int entries, _) = code.TlbLayout;
        long? slot = SlotOf(in i, code);
        AuditValue? result = i.OpCount >= 2 && i.Op0Kind == OpKind.Register && i.Op0Register.IsGPR() ? ResultOf(in i, slot, offset, state, distance, entries) : null;
        bool readsSlot = i.Mnemonic == Mnemonic.Mov && i.Op1Kind == OpKind.Memory && slot is not null && i.Op0Register.IsGPR64();
        bool writesSlot = i.Mnemonic == Mnemonic.Mov && i.Op0Kind == OpKind.Memory && slot is not null && i.Op1Kind == OpKind.Register && i.Op1Register.IsGPR64();
        AuditValue? written = i.Mnemonic == Mnemonic.Add && i.Op0Kind == OpKind.Memory && slot is { } changed && IsImmediate(in i)
            ? state.Slots.GetValueOrDefault(changed)?.Plus((long)i.GetImmediate(1)) : null;
        if (i.Mnemonic == Mnemonic.Mov && i.Op0Kind == OpKind.Memory && slot is not null && IsImmediate(in i))
            written = new AuditValue.Zero().Plus((long)i.GetImmediate(1));
        (AuditValue Value, long Constant)? compared = i.Mnemonic == Mnemonic.Cmp && i.Op0Kind == OpKind.Register && i.Op0Register.IsGPR64() && IsImmediate(in i)
            ? (state[i.Op0Register], (long)i.GetImmediate(1)) : null;
        (AuditValue Value, TlbPlace Entry)? comparedPage = i.Mnemonic == Mnemonic.Cmp && i.Op0Kind == OpKind.Register && i.Op0Register.IsGPR64() && i.Op1Kind == OpKind.Memory
            && EntryAt(in i, state, distance, entries, isAddend: false) is { } place && place.IsFor(state[i.Op0Register]) ? (state[i.Op0Register], place) : null;
        InstructionInfo all = information.GetInfo(in i);
        ForgetWrittenSlots(all, state);
        foreach (UsedRegister used in all.GetUsedRegisters())
        {
            if (used.Access is not (OpAccess.Read or OpAccess.CondRead or OpAccess.None or OpAccess.NoMemAccess) && used.Register.GetFullRegister().IsGPR64())
                state.Renew(used.Register, offset);
        }

        if (result is not null)
            state[i.Op0Register] = result;
        if (all.GetUsedRegisters().Any(used => used.Register.GetFullRegister() == Register.RAX && used.Access is not (OpAccess.Read or OpAccess.CondRead or OpAccess.None or OpAccess.NoMemAccess)))
            state.Sought = null;
        if (readsSlot || writesSlot)
            state.Slots = state.Slots.SetItem(slot!.Value, state[readsSlot ? i.Op0Register : i.Op1Register]);
        else if (written is not null)
            state.Slots = state.Slots.SetItem(slot!.Value, written);
        if (compared is not null)
            state.Compared = compared;
        else if (i.RflagsModified != RflagsBits.None)
            state.Compared = null;
        if (i.RflagsModified != RflagsBits.None)
            (state.ComparedPage, state.Sought) = (comparedPage, null);
    }

    private static AuditValue? ResultOf(in Instruction i, long? slot, int offset, AuditState state, int distance, int entries)
    {
        bool isWide = i.Op0Register.IsGPR64();
        switch (i.Mnemonic)
        {
            case Mnemonic.Mov when IsImmediate(in i) && (isWide || i.Op0Register.IsGPR32()):
                return new AuditValue.Zero().Plus((long)i.GetImmediate(1));
            case Mnemonic.Mov when isWide && i.Op1Kind == OpKind.Register:
                return state[i.Op1Register];
            case Mnemonic.Mov when isWide && i.Op1Kind == OpKind.Memory && slot is { } read:
                return state.Slots.GetValueOrDefault(read);
            case Mnemonic.Add when isWide && i.Op1Kind == OpKind.Memory && slot is { } term:
                return state.Slots.TryGetValue(term, out AuditValue? held) ? Add(state[i.Op0Register], held) : null;
            case Mnemonic.Mov when isWide && i.Op1Kind == OpKind.Memory && i.MemoryBase.IsGPR64() && state[i.MemoryBase] is AuditValue.Addend { Entry.Table: 3 } pieces:
                return PieceAt(in i, state, pieces.Entry);
            case Mnemonic.Movzx when i.Op1Kind == OpKind.Register && i.Op1Register == Register.DH:
                return state[Register.RDX] is AuditValue.Difference difference ? new AuditValue.PieceIndex(difference) : null;
            case Mnemonic.Mov when isWide && i.Op1Kind == OpKind.Memory:
                return EntryAt(in i, state, distance, entries, isAddend: true) is { } entry ? new AuditValue.Addend(entry) : null;
            case Mnemonic.Mov when i.Op0Register.IsGPR32() && i.Op1Kind == OpKind.Memory && i.MemoryBase.IsGPR64() && state[i.MemoryBase] is AuditValue.Piece:
                return new AuditValue.Code();
            case Mnemonic.Lea when isWide && i.MemoryBase.IsGPR64():
                AuditValue address = state[i.MemoryBase];
                if (i.MemoryIndex != Register.None)
                    address = i.MemoryIndexScale == 1 && Add(address, state[i.MemoryIndex]) is { } sum ? sum : new AuditValue.Opaque(offset, i.Op0Register);
                return address.Plus((long)i.MemoryDisplacement64);
            case Mnemonic.Add when isWide && IsImmediate(in i):
                return state[i.Op0Register].Plus((long)i.GetImmediate(1));
            case Mnemonic.Add when isWide && i.Op1Kind == OpKind.Register:
                return Add(state[i.Op0Register], state[i.Op1Register]);
            case Mnemonic.Add when isWide && i.Op1Kind == OpKind.Memory:
                return EntryAt(in i, state, distance, entries, isAddend: true) is { } added ? new AuditValue.HostPlace(state[i.Op0Register], added) : null;
            case Mnemonic.Sub when isWide && IsImmediate(in i):
                return state[i.Op0Register].Plus(-(long)i.GetImmediate(1));
            case Mnemonic.Sub when isWide && i.Op1Kind == OpKind.Memory:
                return EntryAt(in i, state, distance, entries, isAddend: false) is { } page && page.IsFor(state[i.Op0Register]) ? new AuditValue.Difference(state[i.Op0Register], page) : null;
            case Mnemonic.Bextr when isWide && i.Op2Register == Register.R15:
                // Whose low bits say which bits to take: as many as an index has.
                return new AuditValue.TlbIndex(state[i.Op1Register]);
            default:
                return null;
        }
    }

    /// <summary>The monitor has been called, and has come back: pages may have gone meanwhile, but the guest's registers, but for one, are what they were.</summary>
    public static void ForgetCalled(int offset, AuditState state, int? writtenSlot, TranslatedCode code)
    {
        foreach (Register scratch in (ReadOnlySpan<Register>)[Register.RAX, Register.RCX, Register.RDX])
            state.Renew(scratch, offset);
        if (writtenSlot is { } slot)
        {
            state.Slots = state.Slots.Remove((slot * sizeof(ulong)) - RegisterMap.StateBias);
            string? name = code.HostOf(slot);
            if (name is not null)
                state.Renew(Enum.Parse<Register>(name, ignoreCase: true), offset);
        }

        // Whatever was made of an entry of the TLB, wherever it is.
        for (Register register = Register.RAX; register <= Register.R15; register++)
        {
            if (IsOfEntry(state[register]))
                state.Renew(register, offset);
        }

        state.Slots = state.Slots.RemoveRange(state.Slots.Where(held => held.Key >= Stack / 2 || IsOfEntry(held.Value)).Select(held => held.Key));
        state.Guards = [];
        state.Compared = null;
        state.ComparedPage = null;
        state.Sought = null;
    }

    private static bool IsOfEntry(AuditValue value) =>
        value.Split().Root is AuditValue.Found or AuditValue.Addend or AuditValue.HostPlace or AuditValue.Piece or AuditValue.Code;

    // A doubleword that nobody else writes: a register of the guest's in the hart's state, the page that is executed, an addend on the stack. (Other threads raise interrupts in other
    // doublewords of the state.) The stack's are told from the state's by their numbers.
    private static long? SlotOf(in Instruction i, TranslatedCode code)
    {
        if (i.MemoryIndex != Register.None || i.MemorySize.GetSize() != sizeof(ulong))
            return null;
        long at = (long)i.MemoryDisplacement64;
        return i.MemoryBase switch
        {
            Register.RBP when at == code.CurrentPageOffset || at is >= -RegisterMap.StateBias and < (GuestRegisters * sizeof(ulong)) - RegisterMap.StateBias => at,
            Register.RSP when at >= code.HeldRange.First && at < code.HeldRange.Behind => at + Stack,
            _ => null,
        };
    }

    private static void ForgetWrittenSlots(InstructionInfo all, AuditState state)
    {
        foreach (UsedMemory used in all.GetUsedMemory())
        {
            if (used.Base is not (Register.RBP or Register.RSP) || used.Access is OpAccess.Read or OpAccess.CondRead or OpAccess.None or OpAccess.NoMemAccess)
                continue;
            long first = (long)used.Displacement + (used.Base == Register.RSP ? Stack : 0);
            long behind = first + used.MemorySize.GetSize();
            state.Slots = state.Slots.RemoveRange(state.Slots.Keys.Where(slot => slot < behind && slot + sizeof(ulong) > first));
        }
    }

    private static AuditValue.Piece? PieceAt(in Instruction i, AuditState state, TlbPlace entries) =>
        i.MemoryIndex == Register.None ? new AuditValue.Piece(entries, null, (int)(i.MemoryDisplacement64 / 8))
        : i.MemoryIndexScale == 8 && state[i.MemoryIndex] is AuditValue.PieceIndex index && index.Of.Entry == entries ? new AuditValue.Piece(entries, index.Of, 0)
        : null;

    private static TlbPlace? EntryAt(in Instruction i, AuditState state, int distance, int entries, bool isAddend)
    {
        int fieldBytes = entries * sizeof(ulong);
        int tableBytes = 2 * fieldBytes;
        long at = (long)i.MemoryDisplacement64 - distance - (isAddend ? fieldBytes : 0);
        if (i.MemoryBase != Register.R15 || (i.MemoryIndex != Register.None && i.MemoryIndexScale != sizeof(ulong)) || at < 0 || at % tableBytes != 0 || at / tableBytes > 3)
            return null;
        return new TlbPlace(i.MemoryIndex == Register.None ? null : state[i.MemoryIndex], (int)(at / tableBytes));
    }

    private static bool IsImmediate(in Instruction i) => i.Op1Kind is >= OpKind.Immediate8 and <= OpKind.Immediate32to64 or OpKind.Immediate64;
}
