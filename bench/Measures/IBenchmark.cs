using Strata.Bench.Peers;
using Strata.Bench.Reports;

namespace Strata.Bench.Measures;

/// <summary>One table of the report.</summary>
internal interface IBenchmark
{
    /// <summary>The word on the command line.</summary>
    string Name { get; }

    /// <summary>What is measured, in which unit, in one line.</summary>
    string Title { get; }

    /// <summary>Measures. Subjects take turns within each repetition, so that a change of the host's load meets them all.</summary>
    void Run(BenchRun run);
}

/// <summary>What a benchmark needs, and where its figures go.</summary>
/// <param name="Root">The folder of the source tree.</param>
/// <param name="Emulators">How emulators are started.</param>
/// <param name="Repetitions">How often everything is measured.</param>
/// <param name="Result">Takes the figures.</param>
internal sealed record BenchRun(string Root, Emulators Emulators, int Repetitions, BenchResult Result)
{
    /// <summary>How long a guest may take for one answer; generous, because hosts are shared.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromMinutes(4);

    /// <summary>The classes of programs that are wanted; all if none is named.</summary>
    public IReadOnlyCollection<string> Classes { get; init; } = [];

    /// <summary>The programs that are wanted; all if none is named.</summary>
    public IReadOnlyCollection<string> Programs { get; init; } = [];

    /// <summary>A file that <c>bench/guest/build</c> has made.</summary>
    public string GuestProgram(string name) => Path.Combine(Root, ".artifacts", "bench-guest", name);

    /// <summary>The scripts that are measured, and what they read.</summary>
    public IEnumerable<string> Scripts => Directory.EnumerateFiles(Path.Combine(Root, "bench", "guest", "scripts")).Append(GuestProgram("input.i")).Order(StringComparer.Ordinal);

    /// <summary>Adds a value.</summary>
    public void Add(string row, string unit, string subject, double value) => Result.Add(row, unit, subject, value);

    /// <summary>Does something with an empty folder, which is gone afterwards.</summary>
    public static void WithFolder(Action<string> action)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("strata-bench-");
        try
        {
            action(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
