using Strata.Bench.Peers;

namespace Strata.Bench.Measures;

/// <summary>From the command to the first words of the tiny image's user space, and to its shell's prompt: all processes, the command line's too.</summary>
internal sealed class BootBenchmark : IBenchmark
{
    /// <summary>What the image's init says first.</summary>
    public const string FirstLine = "Strata tiny, Linux";

    /// <summary>What its shell asks with.</summary>
    public const string Prompt = "tiny:/# ";

    /// <inheritdoc/>
    public string Name => "boot";

    /// <inheritdoc/>
    public string Title => "host CPU time from the command to the tiny image's first line and to its prompt";

    /// <inheritdoc/>
    public void Run(BenchRun run)
    {
        _ = run.Emulators.Tiny;
        for (int i = 0; i < run.Repetitions; i++)
        {
            Measure(run, Emulators.Strata, () => run.Emulators.StrataTiny());
            Measure(run, Emulators.Qemu, run.Emulators.QemuTiny);
        }
    }

    private static void Measure(BenchRun run, string subject, Func<Peer> start)
    {
        long began = Environment.TickCount64;
        using Peer peer = start();
        foreach ((string row, string words) in new[] { ("first line", FirstLine), ("prompt", Prompt) })
        {
            _ = peer.Console.WaitFor(words, BenchRun.Patience);
            double wall = (Environment.TickCount64 - began) / 1000.0;
            run.Add(row, "CPU-s", subject, peer.CpuTime.TotalSeconds);
            run.Add(row, "wall s", subject, wall);
        }
    }
}
