using System.Globalization;
using Iced.Intel;
using Strata.Cpu.X64;

namespace Strata.Cpu.Tests.Translations.Audit;

/// <summary>
/// Reads the machine code of a block with a foreign disassembler and proves that it cannot reach what it was not given: on every way through the block each access
/// to memory is to the hart's state, a constant or the TLB, or stands behind the comparison with the TLB entry that it belongs to; and it leaves only to known places.
/// </summary>
/// <remarks>
/// The proof is by values: a register holds "address minus the page of entry E", "addend of E" or "address plus addend of E"; the fall-through of an unsigned
/// comparison of the first with a limit is a guard, and an access at d bytes from the address needs 0 ≤ d and limit + d + size ≤ 4096. Where ways meet, and where the block can
/// be entered from elsewhere, only what all ways know remains.
/// </remarks>
internal sealed class BlockAudit
{
    private const int PageBytes = 4096;
    private const int FetchTable = 2;
    private const int CodeTable = 3;
    private const int PiecesOfPage = 16;
    private const int StepsPerInstruction = 100;
    private const int FromElsewhere = int.MinValue;
    private const int ShortLoop = 64;

    private readonly TranslatedCode _code;
    private readonly Func<nint, bool> _isEntry;
    private readonly InstructionInfoFactory _information = new();

    private BlockContent _content = null!;
    private Dictionary<int, Instruction> _instructions = [];
    private Dictionary<int, AuditState> _states = [];
    private Dictionary<int, Dictionary<int, AuditState>> _ways = [];
    private SortedSet<int> _open = [];
    private int _steps;
    private List<string> _faults = [];

    /// <param name="code">The code that blocks belong to.</param>
    /// <param name="isEntry">Whether another block can be entered at an address.</param>
    public BlockAudit(TranslatedCode code, Func<nint, bool> isEntry)
    {
        _code = code;
        _isEntry = isEntry;
    }

    /// <summary>What is wrong with a block; nothing, if it is as it should be.</summary>
    public IReadOnlyList<string> Check(BlockContent content)
    {
        _content = content;
        _instructions = Decode(content);
        _states = [];
        _ways = [];
        _open = [];
        _steps = 0;
        _faults = [];

        // What nothing leads to now can be led to later, by an unlinked jump: it must hold whatever state it is entered in.
        List<int> entries = [.. content.Entries];
        Enter(entries);
        foreach (int offset in _instructions.Keys.Order())
        {
            if (_states.ContainsKey(offset))
                continue;
            entries.Add(offset);
            Enter([offset]);
        }

        // Again, with the ways back from cold code known from the start (calls forget what is known of entries, so these depend little on the rest): else a loop holds on to what
        // came into it before they were known. Whatever it starts with, states that no step changes are true.
        Dictionary<int, Dictionary<int, AuditState>> first = _ways;
        (_ways, _states) = ([], []);
        foreach ((int target, Dictionary<int, AuditState> ways) in first)
        {
            Dictionary<int, AuditState> cold = ways.Where(way => (way.Key < 0 ? ~way.Key : way.Key) is var from && from >= content.ColdOffset && way.Key != FromElsewhere).ToDictionary();
            if (cold.Count > 0)
                _ways.Add(target, cold);
        }

        Enter(entries);
        if (_faults.Count > 0)
            return [.. _faults.Distinct(StringComparer.Ordinal)];

        // The states are final now: what they allow is asked once.
        foreach ((int offset, Instruction instruction) in _instructions)
            CheckOne(in instruction, offset, _states[offset]);
        return [.. _faults.Distinct(StringComparer.Ordinal)];
    }

    private static Dictionary<int, Instruction> Decode(BlockContent content)
    {
        Dictionary<int, Instruction> instructions = [];
        ByteArrayCodeReader reader = new(content.Host);
        Decoder decoder = Decoder.Create(64, reader, (ulong)content.Block.HostAddress);
        while (reader.CanReadByte)
        {
            decoder.Decode(out Instruction instruction);
            instructions.Add((int)((long)instruction.IP - content.Block.HostAddress), instruction);
        }

        return instructions;
    }

    private void Enter(IEnumerable<int> entries)
    {
        foreach (int entry in entries)
            Reach(entry, FromElsewhere, AuditState.Unknown(entry));
        Drain();
    }

    private void Drain()
    {
        while (_open.Count > 0)
        {
            int offset = _open.Min;
            _ = _open.Remove(offset);
            if (++_steps > StepsPerInstruction * _instructions.Count)
            {
                Fault(offset, "the audit does not come to an end");
                return;
            }

            Step(offset);
        }
    }

    // What is known at an offset is what all ways to it know as they are now, not as they were before.
    private void Reach(int offset, int from, AuditState state)
    {
        if (!_instructions.ContainsKey(offset))
        {
            Fault(offset, "is led to, and is no instruction");
            return;
        }

        if (!_ways.TryGetValue(offset, out Dictionary<int, AuditState>? ways))
            _ways.Add(offset, ways = []);
        if (IsForward(from, offset) && ways.TryGetValue(from, out AuditState? before) && !before.SameAs(state))
            ReachBackAnew(offset, ways);
        ways[from] = state;
        AuditState met = AuditState.Meet(ways.Values, offset);
        if (_states.TryGetValue(offset, out AuditState? known) && known.SameAs(met))
            return;
        _states[offset] = met;
        _ = _open.Add(offset);
    }

    private static int SourceOf(int from) => from < 0 ? ~from : from;

    private static bool IsForward(int from, int offset) => from == FromElsewhere || SourceOf(from) < offset;

    // What a short loop (one that tries an atomic access again) brings back was derived from what came into it before: it would never know again what it did not know once.
    private void ReachBackAnew(int offset, Dictionary<int, AuditState> ways)
    {
        foreach (int from in ways.Keys.Where(from => !IsForward(from, offset) && SourceOf(from) - offset <= ShortLoop).ToArray())
        {
            _ = ways.Remove(from);
            _ = _open.Add(SourceOf(from));
        }
    }

    private void Step(int offset)
    {
        Instruction instruction = _instructions[offset];
        AuditState state = _states[offset].Copy();
        int next = offset + instruction.Length;
        switch (instruction.FlowControl)
        {
            case FlowControl.Next:
                AuditTransfer.Apply(in instruction, offset, state, _code, _information);
                Reach(next, offset, state);
                break;
            case FlowControl.ConditionalBranch:
                AuditState taken = state.Copy();
                if (state.Sought is { } sought && instruction.ConditionCode == ConditionCode.e)
                    state[Register.RAX] = new AuditValue.Found(sought);
                taken.Sought = state.Sought = null;
                if (state.Compared is ({ } value, var limit) && value is AuditValue.Difference difference && limit >= 0)
                {
                    if (instruction.ConditionCode == ConditionCode.a)
                        state.Guards = state.Guards.Add(new PassedGuard(difference.Address, difference.Entry, limit));
                    else if (instruction.ConditionCode == ConditionCode.be)
                        taken.Guards = taken.Guards.Add(new PassedGuard(difference.Address, difference.Entry, limit));
                }

                // The fall-through of "is not the entry's page".
                if (state.ComparedPage is ({ } address, var page) && instruction.ConditionCode == ConditionCode.ne)
                    state.Guards = state.Guards.Add(new PassedGuard(address, page, 0));
                Branch(in instruction, offset, taken);
                Reach(next, offset, state);
                break;
            case FlowControl.UnconditionalBranch:
                Branch(in instruction, offset, state);
                break;
            case FlowControl.Call when instruction.IsCallNear:
                Call(in instruction, offset, state);
                state.Sought = _code.FindAt((nint)instruction.NearBranchTarget) is var (table, bytes) ? new FoundBytes(table, bytes) : null;
                Reach(next, offset, state);
                break;
            case FlowControl.IndirectBranch:
                break;
            default:
                Fault(offset, $"{instruction} is not allowed");
                break;
        }
    }

    // The monitor does a load or store: it writes the register that the descriptor in edx names, if any. Or the floating-point instruction in eax: it writes an integer register at
    // most, the one that its bits 11:7 name. Of any other instruction nobody knows what it does.
    private void Call(in Instruction instruction, int offset, AuditState state)
    {
        string? stub = _code.StubAt((nint)instruction.NearBranchTarget);
        bool loads = stub is "load" or "find to load";
        if ((loads || stub is "store" or "find to store") && state[Register.RDX].Split() is (AuditValue.Zero, var bits))
        {
            AccessDescriptor access = new((uint)bits);
            AuditTransfer.ForgetCalled(offset, state, loads && !access.IsFloat ? access.Slot : null, _code);
        }
        else if (stub == "interpret" && state[Register.RAX].Split() is (AuditValue.Zero, var instruction32) && (instruction32 & 0x7f) is 0x53 or 0x43 or 0x47 or 0x4b or 0x4f)
        {
            AuditTransfer.ForgetCalled(offset, state, (int)(instruction32 >> 7) & 31, _code);
        }
        else
        {
            state.Forget(offset);
        }
    }

    private void Branch(in Instruction instruction, int offset, AuditState state)
    {
        nint target = (nint)instruction.NearBranchTarget;
        if (target >= _content.Block.HostAddress && target < _content.Block.HostAddress + _content.Host.Length)
            Reach((int)(target - _content.Block.HostAddress), ~offset, state);
        else if (!_code.IsStub(target) && !_isEntry(target))
            Fault(offset, $"{instruction} leads to no known place");
    }

    private void CheckOne(in Instruction instruction, int offset, AuditState state)
    {
        if (instruction.IsPrivileged || instruction.SegmentPrefix != Register.None)
            Fault(offset, $"{instruction} is not allowed");
        switch (instruction.FlowControl)
        {
            case FlowControl.IndirectBranch when instruction.Op0Kind != OpKind.Register || state[instruction.Op0Register] is not AuditValue.Code:
                Fault(offset, $"{instruction} goes to no address of code");
                break;
            case FlowControl.Call when !_code.IsStub((nint)instruction.NearBranchTarget):
                Fault(offset, $"{instruction} calls no stub");
                break;
        }

        // A call's own push is the stub's business.
        if (instruction.FlowControl == FlowControl.Call)
            return;
        InstructionInfo information = _information.GetInfo(in instruction);
        foreach (UsedRegister used in information.GetUsedRegisters())
        {
            if (used.Access is not (OpAccess.Read or OpAccess.CondRead) && used.Register.GetFullRegister() is Register.RSP or Register.RBP or Register.R15 && used.Access is not OpAccess.None and not OpAccess.NoMemAccess)
                Fault(offset, $"{instruction} changes a register of the monitor's");
        }

        foreach (UsedMemory used in information.GetUsedMemory())
        {
            if (used.Access is OpAccess.None or OpAccess.NoMemAccess)
                continue;
            bool writes = used.Access is not (OpAccess.Read or OpAccess.CondRead);
            if (!IsAllowed(in used, writes, state))
                Fault(offset, $"{instruction} accesses memory without its guard");
        }
    }

    private bool IsAllowed(in UsedMemory used, bool writes, AuditState state)
    {
        long displacement = (long)used.Displacement;
        int size = used.MemorySize.GetSize();
        switch (used.Base)
        {
            case Register.RBP:
                (int first, int behind) = _code.StateRange;
                return used.Index == Register.None && displacement >= first && displacement + size <= behind;
            case Register.RSP:
                // Only where fences lock, and where addends are held.
                return used.Index == Register.None && size <= 8 && (displacement == 0 || (displacement >= _code.HeldRange.First && displacement + size <= _code.HeldRange.Behind));
            case Register.RIP or Register.None:
                return !writes && used.Index == Register.None && _code.StubAt((nint)displacement) is not null;
            case Register.R15:
                return !writes && IsInTlb(in used, displacement, size, state);
        }

        if (used.Index is Register.RBP or Register.RSP or Register.R15)
            return false;
        AuditValue address = state[used.Base];
        if (address is AuditValue.Found { What: var found })
            return used.Index == Register.None && displacement == 0 && size <= found.Bytes && (!writes || found.Table == 1);
        if (address is AuditValue.Addend { Entry.Table: CodeTable } or AuditValue.Piece)
            return !writes && IsEntryOfPage(in used, address, displacement, size, state);
        if (used.Index != Register.None)
        {
            AuditValue index = state[used.Index];
            if (used.Scale != 1)
                return false;
            address = AuditTransfer.Add(address, index) ?? new AuditValue.Opaque(-1, Register.None);
        }

        (AuditValue root, long constant) = address.Split();
        if (root is AuditValue.Addend alone)
            root = new AuditValue.HostPlace(new AuditValue.Zero(), alone.Entry);
        if (root is not AuditValue.HostPlace place || (place.Entry.Table != 1 && (writes || place.Entry.Table is not (0 or FetchTable))))
            return false;
        (AuditValue guest, long from) = place.Address.Split();
        from += constant + displacement;
        foreach (PassedGuard guard in state.Guards)
        {
            (AuditValue guarded, long at) = guard.Address.Split();
            long distance = from - at;
            if (guard.Entry == place.Entry && guarded == guest && distance >= 0 && guard.Limit + distance + size <= PageBytes)
                return true;
        }

        return false;
    }

    // Which code an offset of a page has: first one of 16 pointers to words for 256 bytes of the page, as if all words lay one behind the other; then one of these words, for two
    // bytes each. The offset is an address minus the page, which has been found to be an offset; or a constant, where the page is the one that was looked for.
    private static bool IsEntryOfPage(in UsedMemory used, AuditValue address, long displacement, int size, AuditState state)
    {
        AuditValue index = used.Index == Register.None ? new AuditValue.Code() : state[used.Index];
        bool Guarded(TlbPlace entry, AuditValue.Difference? of) => state.Guards.Any(guard =>
            guard.Entry == entry && (of is null || (of.Entry == entry && guard.Address == of.Address)) && guard.Limit <= PageBytes - 2);
        return (address, used.Index, used.Scale, index) switch
        {
            (AuditValue.Addend directory, Register.None, _, _) => size == 8 && displacement is >= 0 and < PiecesOfPage * 8 && displacement % 8 == 0 && Guarded(directory.Entry, null),
            (AuditValue.Addend directory, _, 8, AuditValue.PieceIndex piece) => size == 8 && displacement == 0 && Guarded(directory.Entry, piece.Of),
            (AuditValue.Piece { Of: null } piece, Register.None, _, _) =>
                size == 4 && displacement % 4 == 0 && displacement / (2 * PageBytes / PiecesOfPage) == piece.Number && Guarded(piece.Entry, null),
            (AuditValue.Piece { Of: { } of } piece, _, 2, AuditValue.Difference difference) => size == 4 && displacement == 0 && difference == of && Guarded(piece.Entry, of),
            _ => false,
        };
    }

    private bool IsInTlb(in UsedMemory used, long displacement, int size, AuditState state)
    {
        (int distance, int entries, int records) = _code.TlbLayout;
        long maximum = (entries - 1) * sizeof(ulong);
        if (used.Index == Register.None || state[used.Index] is not AuditValue.TlbIndex || used.Scale != sizeof(ulong))
            return false;
        long tables = 4L * 2 * entries * sizeof(ulong);
        long first = displacement - distance;
        long last = first + maximum + size;
        return (first >= 0 && last <= tables) || (first >= records && last <= records + tables);
    }

    private void Fault(int offset, string what) =>
        _faults.Add(string.Create(CultureInfo.InvariantCulture, $"+{offset}: {what}"));
}
