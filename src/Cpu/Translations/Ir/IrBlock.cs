namespace Strata.Cpu.Translations.Ir;

/// <summary>The operations of one block, in the order of execution; reused from block to block.</summary>
internal sealed class IrBlock
{
    /// <summary>Guest instructions in a block at most.</summary>
    public const int MaximumInstructions = 64;

    /// <summary>Bytes of a guest instruction at most.</summary>
    public const int MaximumInstructionBytes = 4;

    private readonly IrInstruction[] _instructions = new IrInstruction[MaximumInstructions + 1];

    /// <summary>Operations so far.</summary>
    public int Count { get; private set; }

    /// <summary>Guest instructions so far; one that ends the block because it cannot be translated does not count.</summary>
    public int GuestInstructions { get; private set; }

    /// <summary>Offset in the page of the first guest instruction.</summary>
    public int Start { get; private set; }

    /// <summary>Offset in the page behind the last guest instruction; beyond the page, where that is the only one and lies in two pages.</summary>
    public int End { get; private set; }

    /// <summary>The first two bytes of the next page, if the only instruction has them: whoever executes it must find them there. Else -1.</summary>
    public int BytesBeyond { get; private set; }

    /// <summary>The operations.</summary>
    public ReadOnlySpan<IrInstruction> Instructions => _instructions.AsSpan(0, Count);

    /// <summary>Begins anew at an offset in a page.</summary>
    /// <param name="start">The offset.</param>
    /// <param name="bytesBeyond">See <see cref="BytesBeyond"/>.</param>
    public void Clear(int start, int bytesBeyond = -1)
    {
        BytesBeyond = bytesBeyond;
        Count = 0;
        GuestInstructions = 0;
        Start = start;
        End = start;
    }

    /// <summary>The guest's next instruction; one operation each for now.</summary>
    public void Add(IrOpcode opcode, int length, byte destination, byte left, byte right, long immediate) =>
        Add(new IrInstruction { Opcode = opcode, Length = (byte)length, Destination = destination, Left = left, Right = right, Immediate = immediate });

    /// <summary>As before; where the operation lies is filled in.</summary>
    public void Add(in IrInstruction instruction)
    {
        ref IrInstruction added = ref _instructions[Count++];
        added = instruction;
        added.PageOffset = (ushort)End;
        added.Index = (byte)GuestInstructions;
        End += instruction.Length;
        if (instruction.Opcode != IrOpcode.Leave)
            GuestInstructions++;
    }
}

/// <summary>Turns a guest's instructions into operations.</summary>
internal interface IFrontEnd
{
    /// <summary>
    /// Appends the instructions of <paramref name="page"/> (4 KiB, and for an instruction that lies in two pages the two bytes behind) from the block's end on, to the first
    /// that ends a block.
    /// </summary>
    void Lower(ReadOnlySpan<byte> page, IrBlock block, int maximumInstructions);
}
