using System.Globalization;
using Strata.Cpu.RiscV;

namespace Strata.Cpu.Tests.Interpreter;

/// <summary>Assembles instructions of four bytes by <see cref="InstructionTable"/>, written as the disassembler shows them; labels end in a colon.</summary>
internal static class Assembler
{
    private static readonly string[] RoundingModes = ["rne", "rtz", "rdn", "rup", "rmm", "", "", "dyn"];

    /// <summary>Assembles a program, one instruction or label per line, for the given address.</summary>
    public static byte[] Assemble(string program, ulong address = 0)
    {
        List<(string Line, ulong Address)> instructions = [];
        Dictionary<string, ulong> labels = [];
        ulong here = address;
        foreach (string raw in program.Split('\n'))
        {
            string line = raw.Split('#')[0].Trim();
            if (line.Length == 0)
                continue;
            if (line.EndsWith(':'))
            {
                labels.Add(line[..^1], here);
                continue;
            }

            instructions.Add((line, here));
            here += line.StartsWith(".half", StringComparison.Ordinal) ? 2UL : 4;
        }

        using MemoryStream bytes = new();
        foreach ((string line, ulong at) in instructions)
        {
            uint word = AssembleLine(line, at, labels);
            bytes.Write(BitConverter.GetBytes(word).AsSpan(0, line.StartsWith(".half", StringComparison.Ordinal) ? 2 : 4));
        }

        return bytes.ToArray();
    }

    /// <summary>Assembles one instruction.</summary>
    public static uint Word(string instruction) => AssembleLine(instruction, 0, []);

    private static uint AssembleLine(string line, ulong address, Dictionary<string, ulong> labels)
    {
        string[] parts = line.Split(' ', 2, StringSplitOptions.TrimEntries);
        string[] operands = parts.Length == 1 ? [] : Split(parts[1]);
        if (parts[0] is ".word" or ".half")
            return (uint)Number(operands[0]);
        InstructionRow row = InstructionTable.Rows.FirstOrDefault(row => row.Length == 4 && row.Mnemonic == parts[0])
            ?? throw new ArgumentException($"no instruction {parts[0]}", nameof(line));
        string[] names = Split(row.Operands);
        uint word = row.Match;
        if (row.HasRoundingMode && operands.Length == names.Length - 1)
            operands = [.. operands, "dyn"];
        if (operands.Length != names.Length)
            throw new ArgumentException($"{line}: operands are {row.Operands}", nameof(line));
        for (int i = 0; i < names.Length; i++)
        {
            string text = operands[i];
            word |= names[i] switch
            {
                "rd" => Register(RegisterNames.Integer, 'x', text) << 7,
                "rs1" => Register(RegisterNames.Integer, 'x', text) << 15,
                "rs2" => Register(RegisterNames.Integer, 'x', text) << 20,
                "fd" => Register(RegisterNames.Float, 'f', text) << 7,
                "fs1" => Register(RegisterNames.Float, 'f', text) << 15,
                "fs2" => Register(RegisterNames.Float, 'f', text) << 20,
                "fs3" => Register(RegisterNames.Float, 'f', text) << 27,
                "rm" => (uint)Array.IndexOf(RoundingModes, text) << 12,
                "csr" => (uint)Number(text) << 20,
                "uimm5" => (uint)Number(text) << 15,
                "uimm20" => (uint)Number(text) << 12,
                "shamt" => (uint)Number(text) << 20,
                "pred" => Fence(text) << 24,
                "succ" => Fence(text) << 20,
                "imm" => Immediate(row.Format, Number(text)),
                "target" => Immediate(row.Format, labels.TryGetValue(text, out ulong target) ? (long)(target - address) : Number(text)),
                _ => throw new ArgumentException($"operand {names[i]}", nameof(line)),
            };
        }

        return word;
    }

    private static uint Immediate(InstructionFormat format, long value)
    {
        uint v = (uint)value;
        return format switch
        {
            InstructionFormat.S => ((v >> 5) << 25) | ((v & 31) << 7),
            InstructionFormat.B => ((v >> 12 & 1) << 31) | ((v >> 5 & 63) << 25) | ((v >> 1 & 15) << 8) | ((v >> 11 & 1) << 7),
            InstructionFormat.J => ((v >> 20 & 1) << 31) | ((v >> 1 & 1023) << 21) | ((v >> 11 & 1) << 20) | ((v >> 12 & 255) << 12),
            InstructionFormat.Prefetch => (v >> 5) << 25,
            _ => v << 20,
        };
    }

    // "rd,imm(rs1)" is three operands.
    private static string[] Split(string operands) => operands.Replace("(", ",").Replace(")", "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static uint Register(IReadOnlyList<string> names, char letter, string text)
    {
        if (text[0] == letter && uint.TryParse(text.AsSpan(1), CultureInfo.InvariantCulture, out uint number) && number < 32)
            return number;
        int index = names.ToList().IndexOf(text);
        return index >= 0 ? (uint)index : throw new ArgumentException($"register {text}", nameof(text));
    }

    private static uint Fence(string text) => (uint)text.Sum(c => c switch { 'i' => 8, 'o' => 4, 'r' => 2, 'w' => 1, _ => 0 });

    private static long Number(string text)
    {
        bool isNegative = text.StartsWith('-');
        text = isNegative ? text[1..] : text;
        long value = text.StartsWith("0x", StringComparison.Ordinal)
            ? (long)ulong.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : long.Parse(text, CultureInfo.InvariantCulture);
        return isNegative ? -value : value;
    }
}
