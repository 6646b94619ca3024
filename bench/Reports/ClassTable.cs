using System.Globalization;
using System.Text;
using Strata.Bench.Classes;
using Strata.Bench.Peers;

namespace Strata.Bench.Reports;

/// <summary>Programs by classes: times, ratios, percent of native, and each class's geometric means.</summary>
internal static class ClassTable
{
    /// <summary>What the host itself is called.</summary>
    public const string Native = "native";

    private static readonly string[] Head = ["", "", "native", "Strata", "QEMU 10", "Strata ÷ native", "QEMU ÷ native", "Strata ÷ QEMU", "% of native", ""];

    /// <summary>The tables.</summary>
    public static string Of(BenchResult result)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{result.Benchmark}: {result.Title} (load {Table.Number(result.Load[0])} to {Table.Number(result.Load[1])})\n");
        List<string[]> lines = [];
        foreach (ProgramClass programs in ProgramClasses.All)
        {
            ProgramRatios[] ratios = [.. Ratios(result).Where(ratio => ratio.Class == programs.Name)];
            if (ratios.Length == 0)
                continue;
            lines.Add([$"{programs.Name}: {programs.Title}"]);
            lines.Add(Head);
            lines.AddRange(ratios.Select(Line));
            if (!programs.PerRound)
                lines.Add(["  geometric mean", "", "", "", "", .. Cells(ProgramRatios.MeanOf(ratios)), $"gate {Table.Number(programs.Gate)}, aim {Table.Number(programs.Aim)}"]);
        }

        int[] widths = [.. Enumerable.Range(0, Head.Length).Select(column => lines.Where(line => line.Length > 1).Max(line => line[column].Length))];
        foreach (string[] line in lines)
        {
            string cells = line.Length == 1 ? line[0]
                : string.Concat(line.Select((cell, column) => "  " + (column is 0 or 1 or 9 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))));
            text.Append(cells.TrimEnd()).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The ratios of all programs that were measured to the end at least once.</summary>
    public static IEnumerable<ProgramRatios> Ratios(BenchResult result)
    {
        foreach (IGrouping<string, Figure> row in result.Figures.GroupBy(figure => figure.Row))
        {
            Dictionary<string, Figure> figures = row.ToDictionary(figure => figure.Subject, StringComparer.Ordinal);
            (Figure ours, Figure native, Figure peers) = (figures[Emulators.Strata], figures[Native], figures[Emulators.Qemu]);
            string[] names = row.Key.Split(": ");
            yield return new(names[0], names[1], ours.RatioTo(native), peers.RatioTo(native), ours.RatioTo(peers))
            {
                Unit = ours.Unit,
                Medians = [native.Median, ours.Median, peers.Median],
            };
        }
    }

    private static string[] Line(ProgramRatios ratio) =>
        ["  " + ratio.Program, ratio.Unit, .. ratio.Medians.Select(Table.Number), .. Cells(ratio), ratio.OursByPeer > 1 ? "slower than QEMU" : ""];

    private static string[] Cells(ProgramRatios ratio) =>
        [Table.Number(ratio.OursByNative), Table.Number(ratio.PeerByNative), Table.Number(ratio.OursByPeer), Table.Number(100 / ratio.OursByNative)];
}

/// <summary>Times of a program, divided by each other: medians over the repetitions.</summary>
/// <param name="Class">Its class.</param>
/// <param name="Program">Its name.</param>
/// <param name="OursByNative">Ours by the host's own.</param>
/// <param name="PeerByNative">The peer's by the host's own.</param>
/// <param name="OursByPeer">Ours by the peer's.</param>
internal sealed record ProgramRatios(string Class, string Program, double OursByNative, double PeerByNative, double OursByPeer)
{
    /// <summary>Of the times.</summary>
    public string Unit { get; init; } = "";

    /// <summary>The host's own time, ours and the peer's.</summary>
    public double[] Medians { get; init; } = [];

    /// <summary>The geometric means of one class.</summary>
    public static ProgramRatios MeanOf(IReadOnlyCollection<ProgramRatios> ratios)
    {
        return new(ratios.First().Class, "geometric mean", Mean(ratio => ratio.OursByNative), Mean(ratio => ratio.PeerByNative), Mean(ratio => ratio.OursByPeer));

        double Mean(Func<ProgramRatios, double> value) => Math.Exp(ratios.Average(ratio => Math.Log(value(ratio))));
    }
}
