using Iced.Intel;
using Strata.Cpu.X64;

namespace Strata.Cpu.Tests.Translations.Audit;

/// <summary>What instructions make of what the audit knows.</summary>
internal static class AuditTransfer
{
    // The integer ones.
    private const int GuestRegisters = 32;

    /// <summary>The sum of two values, if it means something: an address plus the addend of an entry.</summary>
    public static AuditValue? Add(AuditValue left, AuditValue right) => (left, right) switch
    {
        (AuditValue.Addend addend, _) => new AuditValue.HostPlace(right, addend.Entry),
        (_, AuditValue.Addend addend) => new AuditValue.HostPlace(left, addend.Entry),
        _ => null,
    };

    /// <summary>Executes an instruction that goes on to the next.</summary>
    public static void Apply(in Instruction i, int offset, AuditState state, int tableBytes, InstructionInfoFactory information)
    {
        AuditValue? result = i.OpCount >= 2 && i.Op0Kind == OpKind.Register && i.Op0Register.IsGPR() ? ResultOf(in i, offset, state, tableBytes) : null;
        bool readsSlot = i.Mnemonic == Mnemonic.Mov && i.Op1Kind == OpKind.Memory && IsSlot(in i) && i.Op0Register.IsGPR64();
        bool writesSlot = i.Mnemonic == Mnemonic.Mov && i.Op0Kind == OpKind.Memory && IsSlot(in i) && i.Op1Kind == OpKind.Register && i.Op1Register.IsGPR64();
        (AuditValue Value, long Constant)? compared = i.Mnemonic == Mnemonic.Cmp && i.Op0Kind == OpKind.Register && i.Op0Register.IsGPR64() && IsImmediate(in i)
            ? (state[i.Op0Register], (long)i.GetImmediate(1)) : null;
        (AuditValue Value, TlbPlace Entry)? comparedPage = i.Mnemonic == Mnemonic.Cmp && i.Op0Kind == OpKind.Register && i.Op0Register.IsGPR64() && i.Op1Kind == OpKind.Memory
            && EntryAt(in i, state, tableBytes, field: 0) is { } place ? (state[i.Op0Register], place) : null;
        InstructionInfo all = information.GetInfo(in i);
        ForgetWrittenSlots(all, state);
        foreach (UsedRegister used in all.GetUsedRegisters())
        {
            if (used.Access is not (OpAccess.Read or OpAccess.CondRead or OpAccess.None or OpAccess.NoMemAccess) && used.Register.GetFullRegister().IsGPR64())
                state.Renew(used.Register, offset);
        }

        if (result is not null)
            state[i.Op0Register] = result;
        if (readsSlot || writesSlot)
            state.Slots = state.Slots.SetItem((long)i.MemoryDisplacement64, state[readsSlot ? i.Op0Register : i.Op1Register]);
        if (compared is not null)
            state.Compared = compared;
        else if (i.RflagsModified != RflagsBits.None)
            state.Compared = null;
        if (i.RflagsModified != RflagsBits.None)
            state.ComparedPage = comparedPage;
    }

    private static AuditValue? ResultOf(in Instruction i, int offset, AuditState state, int tableBytes)
    {
        bool isWide = i.Op0Register.IsGPR64();
        switch (i.Mnemonic)
        {
            case Mnemonic.Mov when IsImmediate(in i) && (isWide || i.Op0Register.IsGPR32()):
                return new AuditValue.Zero().Plus((long)i.GetImmediate(1));
            case Mnemonic.Mov when isWide && i.Op1Kind == OpKind.Register:
                return state[i.Op1Register];
            case Mnemonic.Mov when isWide && i.Op1Kind == OpKind.Memory && IsSlot(in i):
                return state.Slots.GetValueOrDefault((long)i.MemoryDisplacement64);
            case Mnemonic.Add when isWide && i.Op1Kind == OpKind.Memory && IsSlot(in i):
                return state.Slots.TryGetValue((long)i.MemoryDisplacement64, out AuditValue? held) ? Add(state[i.Op0Register], held) : null;
            case Mnemonic.Mov when isWide && i.Op1Kind == OpKind.Memory && i.MemoryBase.IsGPR64() && state[i.MemoryBase] is AuditValue.Addend { Entry.Table: 3 } entries:
                return PieceAt(in i, state, entries.Entry);
            case Mnemonic.Movzx when i.Op1Kind == OpKind.Register && i.Op1Register == Register.DH:
                return state[Register.RDX] is AuditValue.Difference difference ? new AuditValue.PieceIndex(difference) : null;
            case Mnemonic.Mov when isWide && i.Op1Kind == OpKind.Memory:
                return EntryAt(in i, state, tableBytes, field: 8) is { } entry ? new AuditValue.Addend(entry) : null;
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
                return EntryAt(in i, state, tableBytes, field: 8) is { } added ? new AuditValue.HostPlace(state[i.Op0Register], added) : null;
            case Mnemonic.Sub when isWide && IsImmediate(in i):
                return state[i.Op0Register].Plus(-(long)i.GetImmediate(1));
            case Mnemonic.Sub when isWide && i.Op1Kind == OpKind.Memory:
                return EntryAt(in i, state, tableBytes, field: 0) is { } page ? new AuditValue.Difference(state[i.Op0Register], page) : null;
            case Mnemonic.And when IsImmediate(in i) && (long)i.GetImmediate(1) >= 0:
                return new AuditValue.Bounded(offset, i.Op0Register.GetFullRegister(), (long)i.GetImmediate(1));
            default:
                return null;
        }
    }

    // A register of the guest's in the hart's state, which nobody else writes: other threads raise interrupts in other doublewords.
    private static bool IsSlot(in Instruction i) =>
        i.MemoryBase == Register.RBP && i.MemoryIndex == Register.None && i.MemorySize.GetSize() == sizeof(ulong)
        && (long)i.MemoryDisplacement64 is >= -RegisterMap.StateBias and < (GuestRegisters * sizeof(ulong)) - RegisterMap.StateBias;

    private static void ForgetWrittenSlots(InstructionInfo all, AuditState state)
    {
        foreach (UsedMemory used in all.GetUsedMemory())
        {
            if (used.Base != Register.RBP || used.Access is OpAccess.Read or OpAccess.CondRead or OpAccess.None or OpAccess.NoMemAccess)
                continue;
            long first = (long)used.Displacement;
            long behind = first + used.MemorySize.GetSize();
            state.Slots = state.Slots.RemoveRange(state.Slots.Keys.Where(slot => slot < behind && slot + sizeof(ulong) > first));
        }
    }

    private static AuditValue.Piece? PieceAt(in Instruction i, AuditState state, TlbPlace entries) =>
        i.MemoryIndex == Register.None ? new AuditValue.Piece(entries, null, (int)(i.MemoryDisplacement64 / 8))
        : i.MemoryIndexScale == 8 && state[i.MemoryIndex] is AuditValue.PieceIndex index && index.Of.Entry == entries ? new AuditValue.Piece(entries, index.Of, 0)
        : null;

    private static TlbPlace? EntryAt(in Instruction i, AuditState state, int tableBytes, int field)
    {
        long at = (long)i.MemoryDisplacement64 - field;
        if (i.MemoryBase != Register.R15 || at < 0 || at % tableBytes != 0 || at / tableBytes > 3)
            return null;
        return new TlbPlace(i.MemoryIndex == Register.None ? null : state[i.MemoryIndex], (int)(at / tableBytes));
    }

    private static bool IsImmediate(in Instruction i) => i.Op1Kind is >= OpKind.Immediate8 and <= OpKind.Immediate32to64 or OpKind.Immediate64;
}
