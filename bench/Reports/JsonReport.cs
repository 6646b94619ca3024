using System.Globalization;
using System.Text.Json;
using Strata.Bench.Peers;

namespace Strata.Bench.Reports;

/// <summary>Results as JSON, with every value, the host and what was compared.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The load average of the last minute.</summary>
    public static double Load => double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);

    /// <summary>The document.</summary>
    public static string Of(IEnumerable<BenchResult> results, Emulators emulators) => JsonSerializer.Serialize(
        new
        {
            Finished = DateTimeOffset.UtcNow,
            Host = new { Processor = Processor(), Environment.ProcessorCount, Kernel = File.ReadAllText("/proc/sys/kernel/osrelease").Trim() },
            Versions = new { Strata = emulators.StrataOutput("version").Trim(), Qemu = Emulators.Output(emulators.QemuCommand("--version")).Split('\n')[0] },
            Benchmarks = results.Select(result => new
            {
                Name = result.Benchmark,
                result.Title,
                result.Load,
                result.Faults,
                Ratios = result.Layout == ClassTable.Of ? ClassTable.Ratios(result) : null,
                Classes = result.Layout == ClassTable.Of ? ClassTable.Ratios(result).GroupBy(ratio => ratio.Class).Select(group => ProgramRatios.MeanOf([.. group])) : null,
                Figures = result.Figures.Select(figure => new { figure.Row, figure.Unit, figure.Subject, figure.Median, figure.Minimum, figure.Maximum, figure.Values }),
            }),
        },
        Options) + "\n";

    private static string Processor() => File.ReadLines("/proc/cpuinfo")
        .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown";
}
