using System.Globalization;
using System.Text;

namespace Strata.Cpu.RiscV;

/// <summary>Writes instructions as binutils does with <c>-M no-aliases</c>: mnemonic, a tab, operands.</summary>
public static class Disassembler
{
    private static readonly string[] RoundingModes = ["rne", "rtz", "rdn", "rup", "rmm", "unknown", "unknown", "dyn"];

    /// <summary>The text of the instruction in the low bits of <paramref name="bits"/>.</summary>
    /// <param name="bits">Four bytes from the instruction's start on.</param>
    /// <param name="address">Where it lies: targets are written as addresses.</param>
    /// <returns><c>.2byte</c> or <c>.4byte</c> with its value if it is no instruction of the hart.</returns>
    public static string Disassemble(uint bits, ulong address)
    {
        Instruction instruction = Decoder.Decode(bits);
        if (instruction.Row is not { } row || instruction.Operation == Operation.Illegal)
            return string.Create(CultureInfo.InvariantCulture, $".{instruction.Length}byte\t0x{instruction.Bits:x}");
        StringBuilder text = new(row.Mnemonic);
        if (row.Format == InstructionFormat.Atomic)
            text.Append((instruction.Immediate & 3) switch { 0 => "", 1 => ".rl", 2 => ".aq", _ => ".aqrl" });
        if (row.Operands.Length == 0)
            return text.ToString();

        text.Append('\t');
        int start = 0;
        for (int i = 0; i <= row.Operands.Length; i++)
        {
            if (i < row.Operands.Length && char.IsAsciiLetterOrDigit(row.Operands[i]))
                continue;
            if (i > start)
                text.Append(Operand(row.Operands[start..i], instruction, address));
            if (i < row.Operands.Length)
                text.Append(row.Operands[i]);
            start = i + 1;
        }

        // The dynamic rounding mode goes without saying.
        string result = text.ToString();
        return result.EndsWith(",dyn", StringComparison.Ordinal) ? result[..^4] : result;
    }

    /// <summary>Bytes of the instruction that begins with <paramref name="firstUnit"/>: 2 or 4.</summary>
    public static int LengthOf(ushort firstUnit) => (firstUnit & 3) == 3 ? 4 : 2;

    private static string Operand(string name, in Instruction instruction, ulong address) => name switch
    {
        "rd" => RegisterNames.Integer[instruction.Rd],
        "rs1" => RegisterNames.Integer[instruction.Rs1],
        "rs2" => RegisterNames.Integer[instruction.Rs2],
        "fd" => RegisterNames.Float[instruction.Rd],
        "fs1" => RegisterNames.Float[instruction.Rs1],
        "fs2" => RegisterNames.Float[instruction.Rs2],
        "fs3" => RegisterNames.Float[instruction.Rs3],
        "imm" => instruction.Immediate.ToString(CultureInfo.InvariantCulture),
        "uimm5" => instruction.Rs1.ToString(CultureInfo.InvariantCulture),
        "uimm20" => Hexadecimal((uint)instruction.Immediate >> 12),
        "shamt" => Hexadecimal((uint)instruction.Immediate),
        "target" => Hexadecimal(address + (ulong)instruction.Immediate),
        "csr" => RegisterNames.Csr(instruction.Immediate),
        "rm" => RoundingModes[instruction.RoundingMode],
        "pred" => FenceSet(instruction.Bits >> 24),
        "succ" => FenceSet(instruction.Bits >> 20),
        _ => throw new System.Diagnostics.UnreachableException($"operand {name}"),
    };

    private static string Hexadecimal(ulong value) => "0x" + value.ToString("x", CultureInfo.InvariantCulture);

    private static string FenceSet(uint bits)
    {
        string set = string.Concat((bits & 8) != 0 ? "i" : "", (bits & 4) != 0 ? "o" : "", (bits & 2) != 0 ? "r" : "", (bits & 1) != 0 ? "w" : "");
        return set.Length == 0 ? "unknown" : set;
    }
}
