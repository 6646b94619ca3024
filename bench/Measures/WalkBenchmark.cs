using Strata.Bench.Peers;

namespace Strata.Bench.Measures;

/// <summary>
/// What it costs to load from a page that the software TLB does not hold: the way out of emitted code, a walk through three levels (Sv39) that are in the host's caches, the fill,
/// the load, the way back. The same loads without misses are subtracted.
/// </summary>
internal sealed class WalkBenchmark : IBenchmark
{
    private const int Rounds = 40_000, LoadsPerRound = 256;

    /// <inheritdoc/>
    public string Name => "walk";

    /// <inheritdoc/>
    public string Title => "host CPU time of a load that misses the TLB, its page tables in caches";

    /// <inheritdoc/>
    public void Run(BenchRun run)
    {
        string image = run.GuestProgram("kernels.bin");
        for (int i = 0; i < run.Repetitions; i++)
        {
            Measure(run, Emulators.Strata, run.Emulators.StrataOpenSbi(image));
            Measure(run, Emulators.Qemu, run.Emulators.QemuOpenSbi(image));
        }
    }

    // Of the two loads from a page the one misses what the other has filled, and the other what the one has filled.
    private static void Measure(BenchRun run, string subject, Peer peer)
    {
        using KernelGuest guest = new(peer);
        _ = guest.Run("walks", Rounds / 10);
        TimeSpan misses = guest.Run("walks", Rounds).CpuTime;
        TimeSpan hits = guest.Run("hits", Rounds).CpuTime;
        run.Add("a miss", "ns", subject, (misses - hits).TotalNanoseconds / Rounds / LoadsPerRound / 2);
    }
}
