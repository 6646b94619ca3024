using System.Diagnostics;
using Strata.Bench.Peers;
using Strata.Host.Processes;

namespace Strata.Bench.Measures;

/// <summary>The smallest command of ours, and the peer's.</summary>
internal sealed class VersionBenchmark : IBenchmark
{
    private const int Runs = 20;

    /// <inheritdoc/>
    public string Name => "version";

    /// <inheritdoc/>
    public string Title => $"strata version, {Runs} times, with the script that finds out whether a build is needed";

    /// <inheritdoc/>
    public void Run(BenchRun run)
    {
        _ = run.Emulators.StrataOutput("version");
        for (int i = 0; i < Runs; i++)
        {
            Measure(run, Emulators.Strata, run.Emulators.StrataCommand("version"));
            Measure(run, Emulators.Qemu, run.Emulators.QemuCommand("--version"));
        }
    }

    private static void Measure(BenchRun run, string subject, ProcessStartInfo command)
    {
        TimeSpan before = HostProcess.CpuTimeOfEndedChildren();
        long began = Stopwatch.GetTimestamp();
        _ = Emulators.Output(command);
        run.Add("wall", "ms", subject, Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        run.Add("CPU", "ms", subject, (HostProcess.CpuTimeOfEndedChildren() - before).TotalMilliseconds);
    }
}
