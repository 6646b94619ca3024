using System.Diagnostics;
using System.Text.Json;
using Strata.Bench.Peers;
using Strata.Host.Processes;

namespace Strata.Bench.Measures;

/// <summary>The tiny image got by a user who has nothing yet, and got again. Once: it loads more than a hundred megabytes from the archive.</summary>
internal sealed class PullBenchmark : IBenchmark
{
    /// <inheritdoc/>
    public string Name => "pull";

    /// <inheritdoc/>
    public string Title => "strata pull tiny into an empty folder, and again; bytes as the command counts its responses' bodies";

    /// <inheritdoc/>
    public void Run(BenchRun run) => BenchRun.WithFolder(home =>
    {
        Measure(run, "first", home);
        Measure(run, "second", home);
    });

    private static void Measure(BenchRun run, string row, string home)
    {
        ProcessStartInfo command = run.Emulators.StrataCommand("pull", "tiny", "--json");
        command.Environment["STRATA_HOME"] = home;
        TimeSpan before = HostProcess.CpuTimeOfEndedChildren();
        long began = Stopwatch.GetTimestamp();
        using JsonDocument pulled = JsonDocument.Parse(Emulators.Output(command));
        run.Add(row, "wall s", Emulators.Strata, Stopwatch.GetElapsedTime(began).TotalSeconds);
        run.Add(row, "CPU-s", Emulators.Strata, (HostProcess.CpuTimeOfEndedChildren() - before).TotalSeconds);
        run.Add(row, "MB", Emulators.Strata, pulled.RootElement.GetProperty("bytesDownloaded").GetInt64() / 1e6);
    }
}
