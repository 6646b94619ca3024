using System.Globalization;
using System.Text;

namespace Strata.Conformance.Differential;

/// <summary>Says in one screen how two machines differ in a case: how to repeat it, its code, what it starts with, where they part.</summary>
public static class CaseReport
{
    // What comes after follows from these.
    private const int MostDifferences = 80;

    /// <summary>Writes the report.</summary>
    public static string Write(
        string program,
        string oracle,
        string underTest,
        Parameters parameters,
        ProgramOutput expected,
        ProgramOutput actual)
    {
        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture, $"{program}: {underTest} differs from {oracle}");
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"seed {parameters.Seed} case {parameters.First} mode {parameters.Mode} pools 0x{parameters.Pools:x} length {parameters.Length} interrupts {parameters.Interrupts}");
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"shrunk by skip 0x{parameters.Skip:x}, zeros x 0x{parameters.ZeroIntegers:x8} f 0x{parameters.ZeroFloats:x8}, ones x 0x{parameters.OneIntegers:x8} f 0x{parameters.OneFloats:x8}");
        WriteSetting(text, parameters, expected);
        WriteDifferences(text, oracle, underTest, expected, actual);
        return text.ToString();
    }

    private static void WriteSetting(StringBuilder text, Parameters parameters, ProgramOutput expected)
    {
        ulong pc = 0;
        foreach (string line in expected.Lines)
        {
            string[] words = line.Split(' ');
            switch (words[0])
            {
                case "start":
                    pc = ulong.Parse(words[1].AsSpan("pc=0x".Length), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                    text.AppendLine(line);
                    break;
                case "unit" when int.TryParse(words[1], CultureInfo.InvariantCulture, out int unit) && (parameters.Skip >> unit & 1) == 0:
                    text.AppendLine(line);
                    break;
                case "code":
                    text.Append(Disassembler.Disassemble(words[1], pc));
                    break;
                case "before" when !line.EndsWith("value=0x0000000000000000", StringComparison.Ordinal):
                case "step" or "set":
                    text.AppendLine(line);
                    break;
                default:
                    break;
            }
        }
    }

    private static void WriteDifferences(StringBuilder text, string oracle, string underTest, ProgramOutput expected, ProgramOutput actual)
    {
        List<string> left = Results(expected);
        List<string> right = Results(actual);
        foreach (string line in left.Except(right, StringComparer.Ordinal).Take(MostDifferences)) text.AppendLine(CultureInfo.InvariantCulture, $"  {oracle,-10} {line}");
        foreach (string line in right.Except(left, StringComparer.Ordinal).Take(MostDifferences)) text.AppendLine(CultureInfo.InvariantCulture, $"  {underTest,-10} {line}");
        WriteEnd(text, oracle, expected);
        WriteEnd(text, underTest, actual);
    }

    private static void WriteEnd(StringBuilder text, string name, ProgramOutput output)
    {
        if (HashStream.IsWhole(output)) return;
        string how = output.Hung ? "did not end in its time" : string.Create(CultureInfo.InvariantCulture, $"ended early with code {output.ExitCode}");
        text.AppendLine(CultureInfo.InvariantCulture, $"  {name,-10} {how}");
    }

    private static List<string> Results(ProgramOutput output) =>
    [
        .. output.Lines.Where(line => !line.StartsWith("block ", StringComparison.Ordinal) && !line.StartsWith("before ", StringComparison.Ordinal)),
    ];
}
