namespace Strata.Bench.Reports;

/// <summary>What one subject (an emulator, or the host itself) reached in one row of a benchmark: a value for each repetition, in order.</summary>
/// <param name="Row">What was measured.</param>
/// <param name="Unit">In what.</param>
/// <param name="Subject">Whose it is.</param>
/// <param name="Values">The values.</param>
internal sealed record Figure(string Row, string Unit, string Subject, List<double> Values)
{
    /// <summary>The value in the middle.</summary>
    public double Median => MedianOf(Values);

    /// <summary>The smallest.</summary>
    public double Minimum => Values.Min();

    /// <summary>The largest.</summary>
    public double Maximum => Values.Max();

    /// <summary>This divided by the other: the median over the repetitions, which ran side by side, if both have as many.</summary>
    public double RatioTo(Figure other) => Values.Count == other.Values.Count
        ? MedianOf([.. Values.Zip(other.Values, (mine, others) => mine / others)])
        : Median / other.Median;

    private static double MedianOf(List<double> values)
    {
        List<double> sorted = [.. values.Order()];
        int middle = sorted.Count / 2;
        return sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}

/// <summary>All figures of one benchmark in one run.</summary>
/// <param name="Benchmark">Its name.</param>
/// <param name="Title">What it measures.</param>
internal sealed record BenchResult(string Benchmark, string Title)
{
    /// <summary>In the order in which they were first seen.</summary>
    public List<Figure> Figures { get; } = [];

    /// <summary>Load average of the last minute, before and after.</summary>
    public double[] Load { get; } = [0, 0];

    /// <summary>What failed while the rest was measured.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>How it is shown.</summary>
    public Func<BenchResult, string> Layout { get; set; } = Table.Of;

    /// <summary>Adds one repetition's value.</summary>
    public void Add(string row, string unit, string subject, double value)
    {
        Figure? figure = Figures.Find(known => known.Row == row && known.Unit == unit && known.Subject == subject);
        if (figure is null)
            Figures.Add(figure = new(row, unit, subject, []));
        figure.Values.Add(value);
    }
}
