using System.Collections.Immutable;
using Iced.Intel;

namespace Strata.Cpu.Tests.Translations.Audit;

/// <summary>What the audit knows of a register: where its value comes from. Equal values are the same number at run time.</summary>
internal abstract record AuditValue
{
    /// <summary>Any number: what the instruction at an offset left in a register, or what a register, or else a doubleword of the hart's state, holds where ways meet (then the
    /// offset is below zero).</summary>
    public sealed record Opaque(int Offset, Register Register, long Slot = 0) : AuditValue;

    /// <summary>The index that an address has in tables of the TLB.</summary>
    public sealed record TlbIndex(AuditValue Address) : AuditValue;

    /// <summary>Nothing: constants are sums of it.</summary>
    public sealed record Zero : AuditValue;

    /// <summary>A value plus a constant.</summary>
    public sealed record Sum(AuditValue Root, long Constant) : AuditValue;

    /// <summary>An address minus the page of a TLB entry: below 4096 if the entry serves it.</summary>
    public sealed record Difference(AuditValue Address, TlbPlace Entry) : AuditValue;

    /// <summary>What an entry says must be added to addresses of its page.</summary>
    public sealed record Addend(TlbPlace Entry) : AuditValue;

    /// <summary>An address plus the addend of an entry.</summary>
    public sealed record HostPlace(AuditValue Address, TlbPlace Entry) : AuditValue;

    /// <summary>Bits 15:8 of a difference.</summary>
    public sealed record PieceIndex(Difference Of) : AuditValue;

    /// <summary>Words of a page's entries: those for 256 bytes of it, which a difference lies in, or whose number is known.</summary>
    public sealed record Piece(TlbPlace Entry, Difference? Of, int Number) : AuditValue;

    /// <summary>The host's address of so many bytes of the guest's, which a stub has found in a table.</summary>
    public sealed record Found(FoundBytes What) : AuditValue;

    /// <summary>An address of code that was read out of a page's entries.</summary>
    public sealed record Code : AuditValue;

    /// <summary>The value plus a constant, in its one form.</summary>
    public AuditValue Plus(long constant) => this switch
    {
        _ when constant == 0 => this,
        Sum sum when sum.Constant + constant == 0 => sum.Root,
        Sum sum => sum with { Constant = sum.Constant + constant },
        _ => new Sum(this, constant),
    };

    /// <summary>Whether the value depends on what an instruction left somewhere.</summary>
    public bool DependsOn(Opaque source) => this switch
    {
        Opaque opaque => opaque == source,
        TlbIndex index => index.Address.DependsOn(source),
        Sum sum => sum.Root.DependsOn(source),
        Difference difference => difference.Address.DependsOn(source) || difference.Entry.DependsOn(source),
        Addend addend => addend.Entry.DependsOn(source),
        PieceIndex index => index.Of.DependsOn(source),
        Piece piece => piece.Entry.DependsOn(source) || (piece.Of?.DependsOn(source) ?? false),
        HostPlace place => place.Address.DependsOn(source) || place.Entry.DependsOn(source),
        _ => false,
    };

    /// <summary>The value without its constant, and that.</summary>
    public (AuditValue Root, long Constant) Split() => this is Sum sum ? (sum.Root, sum.Constant) : (this, 0);
}

/// <summary>An entry of the software TLB.</summary>
/// <param name="Index">Its index in the table.</param>
/// <param name="Table">Which table: 0 read, 1 write, 2 fetch, 3 code.</param>
internal readonly record struct TlbPlace(AuditValue? Index, int Table)
{
    /// <summary>Whether which entry it is depends on what an instruction left somewhere.</summary>
    public bool DependsOn(AuditValue.Opaque source) => Index?.DependsOn(source) ?? false;

    /// <summary>
    /// Whether it is where this address is looked up: an empty entry only promises that no address of its own index lies in its page.
    /// </summary>
    public bool IsFor(AuditValue address) => Index is AuditValue.TlbIndex index && index.Address == address;
}

/// <summary>What a stub looks for.</summary>
/// <param name="Table">In which table.</param>
/// <param name="Bytes">How many bytes.</param>
internal readonly record struct FoundBytes(int Table, int Bytes);

/// <summary>A guard that has been passed: the address minus the entry's page is at most a limit.</summary>
internal readonly record struct PassedGuard(AuditValue Address, TlbPlace Entry, long Limit);

/// <summary>What the audit knows at a place of a block.</summary>
internal sealed class AuditState
{
    private readonly AuditValue[] _registers = new AuditValue[16];

    private AuditState()
    {
    }

    /// <summary>Guards that hold.</summary>
    public ImmutableHashSet<PassedGuard> Guards { get; set; } = [];

    /// <summary>What was compared last with which constant, if nothing has changed the flags since.</summary>
    public (AuditValue Value, long Constant)? Compared { get; set; }

    /// <summary>What doublewords of the hart's state are known to hold, by their displacements: what was read there, and not written since.</summary>
    public ImmutableDictionary<long, AuditValue> Slots { get; set; } = ImmutableDictionary<long, AuditValue>.Empty;

    /// <summary>The same, with the page of which entry.</summary>
    public (AuditValue Value, TlbPlace Entry)? ComparedPage { get; set; }

    /// <summary>What the stub that was called last looks for, if nothing has changed the flags since: whether it has found it, and its place is in rax.</summary>
    public FoundBytes? Sought { get; set; }

    public AuditValue this[Register register]
    {
        get => _registers[register.GetFullRegister() - Register.RAX];
        set => _registers[register.GetFullRegister() - Register.RAX] = value;
    }

    /// <summary>Nothing is known, at an offset.</summary>
    public static AuditState Unknown(int offset)
    {
        AuditState state = new();
        state.Forget(~offset);
        return state;
    }

    /// <summary>A register holds another number from here on: what was known of the number that the same instruction left there the last time, in a loop, is void.</summary>
    /// <param name="register">Which.</param>
    /// <param name="offset">The instruction's, or the place's where ways meet.</param>
    public void Renew(Register register, int offset)
    {
        Register full = register.GetFullRegister();
        AuditValue.Opaque source = new(offset, full);
        this[full] = source;
        Void(source, full, offset);
    }

    // A doubleword of the state likewise.
    private void Renew(long slot, int offset)
    {
        AuditValue.Opaque source = new(offset, Register.None, slot);
        Void(source, Register.None, offset);
        Slots = Slots.SetItem(slot, source);
    }

    private void Void(AuditValue.Opaque source, Register but, int offset)
    {
        for (Register other = Register.RAX; other <= Register.R15; other++)
        {
            if (other != but && this[other].DependsOn(source))
                Renew(other, offset);
        }

        if (!Slots.IsEmpty)
            Slots = Slots.RemoveRange(Slots.Where(slot => slot.Value.DependsOn(source)).Select(slot => slot.Key));
        if (!Guards.IsEmpty)
            Guards = Guards.Except(Guards.Where(guard => guard.Address.DependsOn(source) || guard.Entry.DependsOn(source)));
        if (Compared is { } compared && compared.Value.DependsOn(source))
            Compared = null;
        if (ComparedPage is { } page && (page.Value.DependsOn(source) || page.Entry.DependsOn(source)))
            ComparedPage = null;
    }

    public AuditState Copy()
    {
        AuditState copy = new() { Guards = Guards, Compared = Compared, ComparedPage = ComparedPage, Slots = Slots, Sought = Sought };
        _registers.CopyTo(copy._registers, 0);
        return copy;
    }

    /// <summary>Whatever was known is void: something else was executed.</summary>
    public void Forget(int offset)
    {
        for (Register register = Register.RAX; register <= Register.R15; register++)
            this[register] = new AuditValue.Opaque(offset, register);
        Guards = [];
        Compared = null;
        ComparedPage = null;
        Sought = null;
        Slots = Slots.Clear();
    }

    /// <summary>What is known where several ways meet at an offset: what all know.</summary>
    public static AuditState Meet(IReadOnlyCollection<AuditState> ways, int offset)
    {
        AuditState met = ways.First().Copy();
        HashSet<Register> renewed = [];
        foreach (AuditState way in ways.Skip(1))
        {
            for (Register register = Register.RAX; register <= Register.R15; register++)
            {
                if (met[register] != way[register])
                    _ = renewed.Add(register);
            }

            met.Guards = met.Guards.Intersect(way.Guards);
            met.Slots = met.Slots.RemoveRange(met.Slots.Where(slot => way.Slots.GetValueOrDefault(slot.Key) != slot.Value).Select(slot => slot.Key));
            if (met.Compared != way.Compared)
                met.Compared = null;
            if (met.ComparedPage != way.ComparedPage)
                met.ComparedPage = null;
            if (met.Sought != way.Sought)
                met.Sought = null;
        }

        foreach (Register register in renewed)
            met.Renew(register, ~offset);

        // What is in a register and in the state, or in the state twice, whichever way was taken, still is the same number in both, or as far from it.
        List<long> slots = [.. ways.First().Slots.Keys.Where(slot => !met.Slots.ContainsKey(slot) && ways.All(way => way.Slots.ContainsKey(slot)))];
        foreach (long slot in slots)
            met.Renew(slot, ~offset);
        for (int i = 0; i < slots.Count; i++)
        {
            long slot = slots[i];
            foreach (Register register in renewed)
            {
                if (Distance(ways, way => way.Slots[slot], way => way[register]) is { } distance)
                    met.Slots = met.Slots.SetItem(slot, met[register].Plus(distance));
            }

            foreach (long other in slots.Take(i))
            {
                if (Distance(ways, way => way.Slots[slot], way => way.Slots[other]) is { } distance)
                    met.Slots = met.Slots.SetItem(slot, met.Slots[other].Plus(distance));
            }
        }

        return met;
    }

    // How much more one value is than another, if it is the same on every way.
    private static long? Distance(IEnumerable<AuditState> ways, Func<AuditState, AuditValue> of, Func<AuditState, AuditValue> from)
    {
        long? distance = null;
        foreach (AuditState way in ways)
        {
            (AuditValue root, long constant) = of(way).Split();
            (AuditValue otherRoot, long otherConstant) = from(way).Split();
            if (root != otherRoot || (distance is { } before && before != constant - otherConstant))
                return null;
            distance = constant - otherConstant;
        }

        return distance;
    }

    /// <summary>Whether the same is known.</summary>
    public bool SameAs(AuditState other) =>
        Compared == other.Compared && ComparedPage == other.ComparedPage && Sought == other.Sought && Guards.SetEquals(other.Guards) && Slots.Count == other.Slots.Count
            && Slots.All(slot => other.Slots.GetValueOrDefault(slot.Key) == slot.Value) && _registers.AsSpan().SequenceEqual(other._registers);
}
