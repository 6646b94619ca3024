namespace Strata.Cpu.RiscV;

/// <summary>A decoded instruction: its row and its operands, those of compressed instructions as in the operation that they expand to.</summary>
internal readonly record struct Instruction(InstructionRow? Row, uint Bits)
{
    /// <summary>What it does; <see cref="Operation.Illegal"/> if no row matches or the encoding is reserved.</summary>
    public Operation Operation => Row?.Operation ?? Operation.Illegal;

    /// <summary>Bytes: 2 or 4, also for illegal ones (unprivileged specification, section 1.5).</summary>
    public int Length => (Bits & 3) == 3 ? 4 : 2;

    public byte Rd { get; init; }

    public byte Rs1 { get; init; }

    public byte Rs2 { get; init; }

    public byte Rs3 { get; init; }

    /// <summary>The rounding mode field, if the row has one.</summary>
    public byte RoundingMode => (byte)((Bits >> 12) & 7);

    /// <summary>The immediate, sign-extended as its format says; a shift amount; a CSR's number; aq and rl of an atomic.</summary>
    public int Immediate { get; init; }
}
