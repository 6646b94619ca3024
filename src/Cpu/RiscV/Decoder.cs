namespace Strata.Cpu.RiscV;

/// <summary>Finds the row of an instruction and takes its operands apart.</summary>
internal static class Decoder
{
    // Rows by the bits that nearly all rows fix: opcode and funct3, or the quadrant and funct3 of a compressed instruction; those with more fixed bits first.
    private static readonly InstructionRow[][] Buckets = MakeBuckets();

    /// <summary>Decodes the instruction in the low bits of <paramref name="bits"/>; if it is a compressed one the upper half is ignored.</summary>
    public static Instruction Decode(uint bits)
    {
        if ((bits & 3) != 3)
            bits &= 0xffff;
        foreach (InstructionRow row in Buckets[BucketOf(bits)])
        {
            if ((bits & row.Mask) == row.Match)
                return row.Length == 4 ? Decode32(row, bits) : Decode16(row, bits);
        }

        return new Instruction(null, bits);
    }

    private static Instruction Decode32(InstructionRow row, uint bits)
    {
        Instruction instruction = new(row, bits)
        {
            Rd = (byte)((bits >> 7) & 31),
            Rs1 = (byte)((bits >> 15) & 31),
            Rs2 = (byte)((bits >> 20) & 31),
            Rs3 = (byte)(bits >> 27),
        };
        int signed = (int)bits;
        return row.Format switch
        {
            InstructionFormat.I => instruction with { Immediate = signed >> 20 },
            InstructionFormat.S => instruction with { Immediate = ((signed >> 25) << 5) | Field(bits, 7, 5) },
            InstructionFormat.B => instruction with
            {
                Immediate = ((signed >> 31) << 12) | (Field(bits, 7, 1) << 11) | (Field(bits, 25, 6) << 5) | (Field(bits, 8, 4) << 1),
            },
            InstructionFormat.U => instruction with { Immediate = signed & ~0xfff },
            InstructionFormat.J => instruction with
            {
                Immediate = ((signed >> 31) << 20) | (Field(bits, 12, 8) << 12) | (Field(bits, 20, 1) << 11) | (Field(bits, 21, 10) << 1),
            },
            InstructionFormat.Shift => instruction with { Immediate = Field(bits, 20, 6) },
            InstructionFormat.CsrAccess => instruction with { Immediate = Field(bits, 20, 12) },
            InstructionFormat.Atomic => instruction with { Immediate = Field(bits, 25, 2) },
            InstructionFormat.Prefetch => instruction with { Immediate = (signed >> 25) << 5 },
            _ => instruction,
        };
    }

    private static Instruction Decode16(InstructionRow row, uint bits)
    {
        byte rd = (byte)((bits >> 7) & 31);
        byte rs2 = (byte)((bits >> 2) & 31);
        byte rdPrime = (byte)(8 + ((bits >> 2) & 7));
        byte rs1Prime = (byte)(8 + ((bits >> 7) & 7));
        int imm6 = (-Field(bits, 12, 1) << 5) | Field(bits, 2, 5);
        int shamt = (Field(bits, 12, 1) << 5) | Field(bits, 2, 5);
        int wordOffset = (Field(bits, 5, 1) << 6) | (Field(bits, 10, 3) << 3) | (Field(bits, 6, 1) << 2);
        int doubleOffset = (Field(bits, 5, 2) << 6) | (Field(bits, 10, 3) << 3);
        Instruction instruction = new(row, bits);
        return row.Format switch
        {
            InstructionFormat.CAddi => instruction with { Rd = rd, Rs1 = rd, Immediate = imm6 },
            InstructionFormat.CAddi4spn => instruction with
            {
                Rd = rdPrime,
                Rs1 = 2,
                Immediate = (Field(bits, 7, 4) << 6) | (Field(bits, 11, 2) << 4) | (Field(bits, 5, 1) << 3) | (Field(bits, 6, 1) << 2),
            },
            InstructionFormat.CAddi16sp => instruction with
            {
                Rd = 2,
                Rs1 = 2,
                Immediate = (-Field(bits, 12, 1) << 9) | (Field(bits, 3, 2) << 7) | (Field(bits, 5, 1) << 6) | (Field(bits, 2, 1) << 5) | (Field(bits, 6, 1) << 4),
            },
            InstructionFormat.CLi => instruction with { Rd = rd, Immediate = imm6 },
            InstructionFormat.CLui => instruction with { Rd = rd, Immediate = imm6 << 12 },
            InstructionFormat.CAndi => instruction with { Rd = rs1Prime, Rs1 = rs1Prime, Immediate = imm6 },
            InstructionFormat.CShift => instruction with { Rd = rd, Rs1 = rd, Immediate = shamt },
            InstructionFormat.CShiftPrime => instruction with { Rd = rs1Prime, Rs1 = rs1Prime, Immediate = shamt },
            InstructionFormat.CA => instruction with { Rd = rs1Prime, Rs1 = rs1Prime, Rs2 = rdPrime },
            InstructionFormat.CMv => instruction with { Rd = rd, Rs2 = rs2 },
            InstructionFormat.CAdd => instruction with { Rd = rd, Rs1 = rd, Rs2 = rs2 },
            InstructionFormat.CJr => instruction with { Rs1 = rd },
            InstructionFormat.CJalr => instruction with { Rd = 1, Rs1 = rd },
            InstructionFormat.CJ => instruction with
            {
                Immediate = (-Field(bits, 12, 1) << 11) | (Field(bits, 8, 1) << 10) | (Field(bits, 9, 2) << 8) | (Field(bits, 6, 1) << 7)
                    | (Field(bits, 7, 1) << 6) | (Field(bits, 2, 1) << 5) | (Field(bits, 11, 1) << 4) | (Field(bits, 3, 3) << 1),
            },
            InstructionFormat.CB => instruction with
            {
                Rs1 = rs1Prime,
                Immediate = (-Field(bits, 12, 1) << 8) | (Field(bits, 5, 2) << 6) | (Field(bits, 2, 1) << 5) | (Field(bits, 10, 2) << 3) | (Field(bits, 3, 2) << 1),
            },
            InstructionFormat.CLw => instruction with { Rd = rdPrime, Rs1 = rs1Prime, Immediate = wordOffset },
            InstructionFormat.CLd => instruction with { Rd = rdPrime, Rs1 = rs1Prime, Immediate = doubleOffset },
            InstructionFormat.CSw => instruction with { Rs2 = rdPrime, Rs1 = rs1Prime, Immediate = wordOffset },
            InstructionFormat.CSd => instruction with { Rs2 = rdPrime, Rs1 = rs1Prime, Immediate = doubleOffset },
            InstructionFormat.CLwsp => instruction with
            {
                Rd = rd,
                Rs1 = 2,
                Immediate = (Field(bits, 2, 2) << 6) | (Field(bits, 12, 1) << 5) | (Field(bits, 4, 3) << 2),
            },
            InstructionFormat.CLdsp => instruction with
            {
                Rd = rd,
                Rs1 = 2,
                Immediate = (Field(bits, 2, 3) << 6) | (Field(bits, 12, 1) << 5) | (Field(bits, 5, 2) << 3),
            },
            InstructionFormat.CSwsp => instruction with { Rs2 = rs2, Rs1 = 2, Immediate = (Field(bits, 7, 2) << 6) | (Field(bits, 9, 4) << 2) },
            InstructionFormat.CSdsp => instruction with { Rs2 = rs2, Rs1 = 2, Immediate = (Field(bits, 7, 3) << 6) | (Field(bits, 10, 3) << 3) },
            _ => instruction,
        };
    }

    private static int Field(uint bits, int shift, int width) => (int)(bits >> shift) & ((1 << width) - 1);

    private static int BucketOf(uint bits) => (bits & 3) == 3 ? (int)(((bits >> 2) & 31) | ((bits >> 7) & 0xe0)) : (int)(256 + ((bits & 3) << 3) + (bits >> 13));

    private static InstructionRow[][] MakeBuckets()
    {
        List<InstructionRow>[] buckets = [.. Enumerable.Range(0, 256 + 32).Select(_ => new List<InstructionRow>())];
        foreach (InstructionRow row in InstructionTable.Rows.OrderByDescending(row => uint.PopCount(row.Mask)))
        {
            if (row.Length == 2)
            {
                buckets[BucketOf(row.Match)].Add(row);
                continue;
            }

            for (uint funct3 = 0; funct3 < 8; funct3++)
            {
                uint bits = (row.Match & ~0x7000u) | (funct3 << 12);
                if (((bits ^ row.Match) & row.Mask) == 0)
                    buckets[BucketOf(bits)].Add(row);
            }
        }

        return [.. buckets.Select(bucket => bucket.ToArray())];
    }
}
