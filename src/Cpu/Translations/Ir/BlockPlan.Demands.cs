namespace Strata.Cpu.Translations.Ir;

/// <content>From the end backward: what of each result is read before it is written again.</content>
internal sealed partial class BlockPlan
{
    private readonly Demand[] _demands = new Demand[Slots];

    // Who writes a register next, up to the next instruction at which all registers have to be right.
    private readonly sbyte[] _writers = new sbyte[Slots];

    private void FindDemands()
    {
        Forget();
        for (int n = _count - 1; n >= 0; n--)
        {
            ref readonly IrInstruction i = ref _instructions[n];
            if (!IsPlain(i.Opcode))
                Forget();
            else if (!IsLeftOut(n))
                Consider(n, in i);
            if (IsTarget(n))
                Forget();
        }
    }

    // Everything is wanted.
    private void Forget()
    {
        _demands.AsSpan().Fill(Demand.Full);
        _writers.AsSpan().Fill(Nowhere);
    }

    private void Consider(int n, in IrInstruction i)
    {
        byte d = i.Destination;
        bool isNarrow = false;
        if (d < Slots)
        {
            int writer = _writers[d];
            Demand demand = _demands[d];
            if (IrEffects.IsPure(i.Opcode) && writer != Nowhere && demand != Demand.Full)
            {
                int until = LastAccess(n, writer);
                if (demand == Demand.None && CanBeMadeUpFor(in i, n, until))
                {
                    _flags[n] |= PlanFlags.LeftOut;
                    Postpone(n, until);
                    return;
                }

                if (IrEffects.IsNarrow(i.Opcode) || _narrowSince[n] != Nowhere)
                {
                    isNarrow = true;
                    _flags[n] |= PlanFlags.Narrow;
                    Postpone(n, until);
                    if (_narrowSince[n] != Nowhere)
                        Enclose(_narrowSince[n], n);
                }
            }

            if (writer == n + 1 && _isInMemory[d] && IsChained(n, in i))
            {
                _flags[n] |= PlanFlags.Transient;
                Enclose(n, n + 1);
            }

            _demands[d] = Demand.None;
            _writers[d] = (sbyte)n;
        }

        // What is narrow keeps the demand that it has on others low.
        Want(i.Left, IrEffects.OfLeft(in i, isNarrow));
        if (i.Right != IrSlot.Immediate)
            Want(i.Right, IrEffects.OfRight(in i, isNarrow));
    }

    private void Want(byte slot, Demand demand)
    {
        if (slot < Slots && _demands[slot] < demand)
            _demands[slot] = demand;
    }

    private void Postpone(int n, int until)
    {
        if (until == Nowhere)
            return;
        _pendingUntil[n] = (sbyte)until;
        _pendingFrom[_pendingCount++] = (byte)n;
        Enclose(n, until);
    }

    // The last load or store behind one instruction up to another.
    private int LastAccess(int n, int last)
    {
        for (int m = last; m > n; m--)
        {
            if (IsAccess(_instructions[m].Opcode))
                return m;
        }

        return Nowhere;
    }

    // Its operands still are what they were wherever it may have to be computed.
    private bool CanBeMadeUpFor(in IrInstruction i, int n, int until)
    {
        if (until == Nowhere)
            return true;
        if (i.Destination == i.Left || i.Destination == i.Right)
            return false;
        for (int m = n + 1; m < until; m++)
        {
            byte d = _instructions[m].Destination;
            if (d < Slots && (d == i.Left || d == i.Right))
                return false;
        }

        return true;
    }

    // The next instruction reads the result before anything else, and once.
    private bool IsChained(int n, in IrInstruction i)
    {
        ref readonly IrInstruction next = ref _instructions[n + 1];
        if (!PassesOn(i.Opcode) || i.Left == IrSlot.Zero || !PassesOn(next.Opcode) || IsLeftOut(n + 1) || (next.Left == i.Destination) == (next.Right == i.Destination))
            return false;
        return next.Left == i.Destination || next.Opcode is not (IrOpcode.Subtract or IrOpcode.Subtract32);
    }

    // Computes in one register from its first operand on.
    private static bool PassesOn(IrOpcode opcode) => opcode is IrOpcode.Add or IrOpcode.Subtract or IrOpcode.And or IrOpcode.Or or IrOpcode.Xor
        or IrOpcode.Add32 or IrOpcode.Subtract32;
}
