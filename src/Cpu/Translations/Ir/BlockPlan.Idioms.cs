namespace Strata.Cpu.Translations.Ir;

/// <content>From the start forward: several instructions that are one operation of the host.</content>
/// <remarks>
/// The last of them becomes that operation; the others are left out if nobody reads what they give. One that overwrites its own operand, which the operation
/// needs, is left out at once, or there is no operation.
/// </remarks>
internal sealed partial class BlockPlan
{
    // What a displacement can be, with room for what is added to it elsewhere.
    private const long MostDistance = int.MaxValue / 2;

    // Of what runs in one stretch up to here: who wrote a register last, and who wrote the destination of an instruction before it.
    private readonly sbyte[] _lastWriters = new sbyte[Slots];
    private readonly sbyte[] _earlierWriters = new sbyte[Capacity];

    // The first of the instructions that make a register, or a bitwise operation's result, the sign-extension of its low half.
    private readonly sbyte[] _extendedSince = new sbyte[Slots];
    private readonly sbyte[] _narrowSince = new sbyte[Capacity];

    private void FindIdioms()
    {
        for (int n = 0; n < _count; n++)
        {
            ref IrInstruction i = ref _instructions[n];
            _narrowSince[n] = Nowhere;
            bool isPlain = IsPlain(i.Opcode);
            if (n == 0 || IsTarget(n) || !isPlain)
            {
                _lastWriters.AsSpan().Fill(Nowhere);
                _extendedSince.AsSpan().Fill(Nowhere);
                if (!isPlain)
                    continue;
            }

            if (IsAccess(i.Opcode))
                FoldBase(n, ref i);
            byte d = i.Destination;
            if (d >= Slots)
                continue;
            if (IrEffects.IsPure(i.Opcode))
                Replace(n, ref i);
            if (IrEffects.IsSignExtended(in i))
                _extendedSince[d] = (sbyte)n;
            else
                _extendedSince[d] = _narrowSince[n] = ExtendedSince(in i);
            _earlierWriters[n] = _lastWriters[d];
            _lastWriters[d] = (sbyte)n;
        }
    }

    // Bits of two sign-extended operands give a sign-extended result.
    private sbyte ExtendedSince(in IrInstruction i)
    {
        if (!IrEffects.IsBitwise(i.Opcode) || i.Left == IrSlot.Zero || i.Right == IrSlot.Zero)
            return Nowhere;
        sbyte left = _extendedSince[i.Left];
        if (i.Right == IrSlot.Immediate || left == Nowhere)
            return left;
        sbyte right = _extendedSince[i.Right];
        return right == Nowhere ? right : Math.Min(left, right);
    }

    private void Replace(int n, ref IrInstruction i)
    {
        switch (i.Opcode)
        {
            case IrOpcode.Or or IrOpcode.Xor or IrOpcode.Add or IrOpcode.Add32 when i.Right != IrSlot.Immediate:
                if (!Rotate(n, ref i) && i.Opcode == IrOpcode.Add && !ShiftAdd(n, ref i, i.Left, i.Right))
                    _ = ShiftAdd(n, ref i, i.Right, i.Left);
                break;
            case IrOpcode.ShiftRight or IrOpcode.ShiftRightArithmetic when i.Right == IrSlot.Immediate:
                Extend(n, ref i);
                break;
            case IrOpcode.Add or IrOpcode.Add32 or IrOpcode.ShiftLeft when i.Right == IrSlot.Immediate:
                Fold(n, ref i);
                break;
        }
    }

    // (s shifted left by k) | (s shifted right by the rest).
    private bool Rotate(int n, ref IrInstruction i)
    {
        int first = WriterOf(i.Left);
        int second = WriterOf(i.Right);
        if (first == Nowhere || second == Nowhere)
            return false;
        if (_instructions[first].Opcode is IrOpcode.ShiftRight or IrOpcode.ShiftRight32)
            (first, second) = (second, first);
        ref readonly IrInstruction left = ref _instructions[first];
        ref readonly IrInstruction right = ref _instructions[second];
        int bits = (left.Opcode, right.Opcode) switch
        {
            (IrOpcode.ShiftLeft, IrOpcode.ShiftRight) when i.Opcode != IrOpcode.Add32 => 64,
            (IrOpcode.ShiftLeft32, IrOpcode.ShiftRight32) => 32,
            _ => 0,
        };
        bool isRotation = bits != 0 && left.Right == IrSlot.Immediate && right.Right == IrSlot.Immediate && left.Left == right.Left && left.Left != IrSlot.Zero
            && left.Immediate != 0 && left.Immediate + right.Immediate == bits;
        if (!isRotation || !Keeps(Math.Min(first, second), Math.Max(first, second), n))
            return false;
        i.Opcode = bits == 64 ? IrOpcode.RotateRight : IrOpcode.RotateRight32;
        i.Left = left.Left;
        i.Right = IrSlot.Immediate;
        i.Immediate = right.Immediate;
        return true;
    }

    // Shifted to the top and back: some low bits, extended, and shifted left.
    private void Extend(int n, ref IrInstruction i)
    {
        int first = WriterOf(i.Left);
        if (first == Nowhere || _instructions[first] is not { Opcode: IrOpcode.ShiftLeft, Right: IrSlot.Immediate } up || up.Left == IrSlot.Zero)
            return;
        bool isSigned = i.Opcode == IrOpcode.ShiftRightArithmetic;
        long bits = 64 - up.Immediate;
        bool isBack = i.Immediate == up.Immediate;
        (IrOpcode opcode, long immediate) = (bits, isSigned) switch
        {
            (32, false) when i.Immediate <= 32 => (IrOpcode.ShiftLeftUnsigned32, 32 - i.Immediate),
            (32, true) when isBack => (IrOpcode.Add32, 0),
            (16, true) when isBack => (IrOpcode.SignExtend16, 0),
            (8, true) when isBack => (IrOpcode.SignExtend8, 0),
            (16, false) when isBack => (IrOpcode.ZeroExtend16, 0),
            ( < 32, false) when isBack => (IrOpcode.And, (1L << (int)bits) - 1),
            _ => (IrOpcode.None, 0L),
        };
        if (opcode == IrOpcode.None || !Keeps(first, first, n))
            return;
        i.Opcode = opcode;
        i.Left = up.Left;
        i.Immediate = immediate;
        if (opcode is IrOpcode.SignExtend8 or IrOpcode.SignExtend16 or IrOpcode.ZeroExtend16)
            i.Right = IrSlot.Zero;
    }

    // A constant, or an address from the page's start, and another constant.
    private void Fold(int n, ref IrInstruction i)
    {
        int first = WriterOf(i.Left);
        if (first == Nowhere)
            return;
        ref readonly IrInstruction source = ref _instructions[first];
        bool isConstant = source.Opcode == IrOpcode.Constant || source is { Opcode: IrOpcode.Add, Left: IrSlot.Zero, Right: IrSlot.Immediate };
        if (isConstant)
        {
            i.Immediate = i.Opcode switch
            {
                IrOpcode.Add => source.Immediate + i.Immediate,
                IrOpcode.Add32 => (int)(source.Immediate + i.Immediate),
                _ => source.Immediate << (int)i.Immediate,
            };
            i.Opcode = IrOpcode.Constant;
        }
        else if (source.Opcode == IrOpcode.PcRelative && i.Opcode == IrOpcode.Add)
        {
            i.Immediate += source.PageOffset + source.Immediate - i.PageOffset;
            i.Opcode = IrOpcode.PcRelative;
        }
        else
        {
            return;
        }

        i.Left = IrSlot.Zero;
        Enclose(first, n);
    }

    // An access from a constant, from an address in the page's neighbourhood or from another register's neighbourhood: then whoever computed the base may be left out.
    private void FoldBase(int n, ref IrInstruction i)
    {
        int first = WriterOf(i.Left);
        if (first == Nowhere)
            return;
        ref readonly IrInstruction source = ref _instructions[first];
        long immediate;
        byte left;
        if (source is { Opcode: IrOpcode.Add, Right: IrSlot.Immediate } && source.Left != IrSlot.Zero)
        {
            // Unless that register has changed, or lies in memory when this does not.
            if (_lastWriters[source.Left] >= first || (_isInMemory[source.Left] && !_isInMemory[i.Left]))
                return;
            (left, immediate) = (source.Left, source.Immediate);
        }
        else if (!_isInMemory[i.Left] && i.Destination != i.Left)
        {
            return;
        }
        else if (source.Opcode == IrOpcode.PcRelative)
        {
            (left, immediate) = (_pageSlot, source.PageOffset + source.Immediate);
        }
        else if (source.Opcode == IrOpcode.Constant || source is { Opcode: IrOpcode.Add, Left: IrSlot.Zero, Right: IrSlot.Immediate })
        {
            (left, immediate) = (IrSlot.Zero, source.Immediate);
        }
        else
        {
            return;
        }

        immediate += i.Immediate;
        if (immediate is < -MostDistance or > MostDistance)
            return;
        i.Left = left;
        i.Immediate = immediate;
        Enclose(first, n);
    }

    // (s shifted left by 1, 2 or 3, or its low half by up to 3) + b, where the shifted one is written anew.
    private bool ShiftAdd(int n, ref IrInstruction i, byte shifted, byte other)
    {
        int first = WriterOf(shifted);
        if (first == Nowhere || i.Destination != shifted || shifted == other || other == IrSlot.Zero)
            return false;
        ref readonly IrInstruction up = ref _instructions[first];
        bool isWide = up is { Opcode: IrOpcode.ShiftLeft, Right: IrSlot.Immediate, Immediate: >= 1 and <= 3 };
        bool isUnsigned = up is { Opcode: IrOpcode.ShiftLeftUnsigned32, Immediate: <= 3 };
        if ((!isWide && !isUnsigned) || up.Left == IrSlot.Zero || !Keeps(first, first, n))
            return false;
        i.Opcode = isWide ? IrOpcode.ShiftAdd : IrOpcode.ShiftAddUnsigned32;
        i.Left = up.Left;
        i.Right = other;
        i.Immediate = up.Immediate;
        return true;
    }

    private int WriterOf(byte slot) => slot < Slots ? _lastWriters[slot] : Nowhere;

    // What instructions first and second (or the one) read as their first operand, instruction n can read as well. The block cannot be entered between them.
    private bool Keeps(int first, int second, int n)
    {
        byte source = _instructions[first].Left;
        int writer = _lastWriters[source];
        if (writer >= first)
        {
            // One that overwrites its own operand: it may be left out, if instruction n is the first to look at what it gives, and the next to write it.
            if (writer != second || (first != second && _instructions[first].Destination == source) || _earlierWriters[second] >= first || _instructions[n].Destination != source)
                return false;
            for (int m = second + 1; m < n; m++)
            {
                ref readonly IrInstruction between = ref _instructions[m];
                if (IsAccess(between.Opcode) || (!IsLeftOut(m) && (between.Left == source || between.Right == source)))
                    return false;
            }

            _flags[second] |= PlanFlags.LeftOut;
        }

        Enclose(first, n);
        return true;
    }
}
