using System.Globalization;
using System.Text;

namespace Strata.Bench.Reports;

/// <summary>A result as text: a line for each row, a column for each subject (median, smallest and largest), and ours divided by each of the others'.</summary>
internal static class Table
{
    /// <summary>The table.</summary>
    public static string Of(BenchResult result)
    {
        string[] subjects = [.. result.Figures.Select(figure => figure.Subject).Distinct()];
        List<string[]> lines = [["", "", .. subjects, .. subjects.Skip(1).Select(subject => $"{subjects[0]} ÷ {subject}")]];
        foreach (IGrouping<(string Row, string Unit), Figure> row in result.Figures.GroupBy(figure => (figure.Row, figure.Unit)))
        {
            Figure?[] figures = [.. subjects.Select(subject => row.FirstOrDefault(figure => figure.Subject == subject))];
            IEnumerable<string> ratios = figures.Skip(1).Select(other => figures[0] is { } mine && other is not null ? Number(mine.RatioTo(other)) : "");
            lines.Add([row.Key.Row, row.Key.Unit, .. figures.Select(Cell), .. ratios]);
        }

        int[] widths = [.. Enumerable.Range(0, lines[0].Length).Select(column => lines.Max(line => line[column].Length))];
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{result.Benchmark}: {result.Title} (load {Number(result.Load[0])} to {Number(result.Load[1])})\n");
        foreach (string[] line in lines)
        {
            string cells = string.Concat(line.Select((cell, column) => "  " + (column < 2 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))));
            text.Append(cells.TrimEnd()).Append('\n');
        }

        return text.ToString();
    }

    private static string Cell(Figure? figure) => figure switch
    {
        null => "",
        { Values.Count: 1 } => Number(figure.Median),
        _ => $"{Number(figure.Median)} ({Number(figure.Minimum)} to {Number(figure.Maximum)})",
    };

    /// <summary>Three significant digits; whole numbers from a hundred on.</summary>
    internal static string Number(double value) => Math.Abs(value) switch
    {
        0 => "0",
        >= 100 => value.ToString("#,0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        >= 1 => value.ToString("0.00", CultureInfo.InvariantCulture),
        _ => value.ToString("0.000", CultureInfo.InvariantCulture),
    };
}
