using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Strata.Cpu.X64;

namespace Strata.Cpu.Tests.X64;

/// <summary>The manual's column of the encoding table, read from its source, against the constants beside it; and rows against each other.</summary>
public sealed partial class EncodingTableTests
{
    private static readonly List<ManualRow> Rows = [.. Read()];

    [Fact]
    public void Every_row_says_what_the_manual_column_says()
    {
        FieldInfo[] fields = typeof(EncodingTable).GetFields(BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.Static);
        Assert.Equal(fields.Select(field => field.Name), Rows.Select(row => row.Name));
        foreach (FieldInfo field in fields)
        {
            ManualRow row = Rows.Single(row => row.Name == field.Name);
            const uint registers = EncodingNotation.ByteReg | EncodingNotation.ByteRm;
            uint value = (uint)field.GetRawConstantValue()! & ~registers;
            Assert.True(value == row.Value, $"{row.Name} is {value:X8}, but \"{row.Notation}\" is {row.Value:X8}");
        }
    }

    [Fact]
    public void No_two_rows_are_the_same_instruction()
    {
        Dictionary<string, string> seen = new(StringComparer.Ordinal);
        foreach (ManualRow row in Rows)
        {
            foreach (string encoding in row.Encodings())
            {
                string any = encoding[..encoding.IndexOf('/', StringComparison.Ordinal)];
                foreach (string other in encoding.EndsWith('/') ? Enumerable.Range(0, 8).Select(digit => $"{any}/{digit}").Append(encoding) : [encoding, any + "/"])
                    Assert.True(!seen.TryGetValue(other, out string? name) || name == row.Name, $"{row.Name} and {name} are both {other}");
                seen.Add(encoding, row.Name);
            }
        }
    }

    private static IEnumerable<ManualRow> Read()
    {
        using StreamReader reader = new(typeof(EncodingTableTests).Assembly.GetManifestResourceStream("X64/EncodingTable.cs")!);
        while (reader.ReadLine() is { } line)
        {
            if (TableLine().Match(line) is { Success: true } match)
                yield return new(match.Groups["name"].Value, match.Groups["notation"].Value, match.Groups["row"].Value.Contains("Sized", StringComparison.Ordinal));
        }
    }

    [GeneratedRegex(@"internal const uint (?<name>\w+)\s*=(?<row>[^;]*);\s*// (?<notation>.*?)\s\s")]
    private static partial Regex TableLine();

    /// <summary>One line of the manual's opcode column, with n, c and +r for the numbers of operations, conditions and registers.</summary>
    private sealed partial record ManualRow(string Name, string Notation, bool Sized)
    {
        private string[] Words => Notation.Split(' ');

        private bool IsVex => Words[0].StartsWith("VEX.", StringComparison.Ordinal);

        /// <summary>The bits of <see cref="EncodingNotation"/>.</summary>
        internal uint Value
        {
            get
            {
                uint value = IsVex ? EncodingNotation.VEX : 0;
                uint map = 0;
                int opcodes = 0;
                foreach (string word in IsVex ? Words[0].Split('.').Concat(Words[1..]) : Words)
                {
                    value |= (word, opcodes) switch
                    {
                        ("VEX" or "LIG" or "LZ" or "128" or "W0" or "WIG" or "NP" or "/r" or "/n" or "io", _) => 0,
                        ("66", 0) when map == 0 => EncodingNotation.P66,
                        ("F3", 0) when map == 0 => EncodingNotation.F3,
                        ("F2", 0) when map == 0 => EncodingNotation.F2,
                        ("REX.W" or "W1", _) => EncodingNotation.W1,
                        ("0F", 0) => Map(EncodingNotation.M0F),
                        ("0F38", 0) => Map(EncodingNotation.M0F38),
                        ("0F3A", 0) => Map(EncodingNotation.M0F3A),
                        ("38", 0) when !IsVex && map != 0 => Map(EncodingNotation.M0F38),
                        ("ib" or "cb" or "/is4", _) => EncodingNotation.Ib,
                        ("id" or "cd" or "iz", _) => EncodingNotation.Id,
                        ("E8" or "F0" or "F8", 1) => (uint)(Convert.ToInt32(word, 16) >> 3 & 7) << EncodingNotation.DigitShift,
                        _ when word[0] == '/' => (uint)(word[1] - '0') << EncodingNotation.DigitShift,
                        _ => Opcode(word),
                    };
                }

                return value | map;

                uint Map(uint number)
                {
                    map = number;
                    return 0;
                }

                uint Opcode(string word)
                {
                    opcodes++;
                    uint plus = word.Contains("+r", StringComparison.Ordinal) ? EncodingNotation.PlusR : 0;
                    return plus | uint.Parse(word.AsSpan(0, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                }
            }
        }

        /// <summary>Every prefix, map, opcode and digit that the row takes, as text.</summary>
        internal IEnumerable<string> Encodings()
        {
            uint value = Value;
            uint opcode = value & 0xFF;
            string prefix = $"{(IsVex ? "VEX " : "")}{(value & (EncodingNotation.F2 | EncodingNotation.M0F3A | EncodingNotation.W1)):X}:";
            bool group = Notation.Contains("/n", StringComparison.Ordinal);
            string digit = DigitWord().Match(Notation) is { Success: true } match ? match.Groups[1].Value
                : Words[^1] is "E8" or "F0" or "F8" ? ((value >> EncodingNotation.DigitShift) & 7).ToString(CultureInfo.InvariantCulture) : "";
            IEnumerable<uint> numbers = Name.StartsWith("Shift", StringComparison.Ordinal) ? Enum.GetValues<Shift>().Select(shift => (uint)shift)
                : Name.StartsWith("BitTest", StringComparison.Ordinal) ? Enum.GetValues<BitTest>().Select(test => (uint)test)
                : Notation.Contains('n', StringComparison.Ordinal) ? Enum.GetValues<Arithmetic>().Select(arithmetic => (uint)arithmetic)
                : Notation.Contains("+c", StringComparison.Ordinal) ? Enum.GetValues<Condition>().Select(condition => (uint)condition)
                : Notation.Contains("+r", StringComparison.Ordinal) ? Enumerable.Range(0, 8).Select(register => (uint)register) : [0];
            uint step = Notation.Contains("+8n", StringComparison.Ordinal) ? 8u : group ? 0u : 1u;
            foreach (uint number in numbers)
            {
                string extension = group ? number.ToString(CultureInfo.InvariantCulture) : digit;
                yield return $"{prefix}{opcode + (number * step):X2}/{extension}";
                if (Sized)
                    yield return $"{prefix}{opcode + (number * step) + 1:X2}/{extension}";
            }
        }

        [GeneratedRegex(@" /(\d)")]
        private static partial Regex DigitWord();
    }
}
