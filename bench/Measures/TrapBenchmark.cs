using Strata.Bench.Peers;

namespace Strata.Bench.Measures;

/// <summary>What a call from S-mode to the firmware costs: into the monitor's own SBI, and into OpenSBI in M-mode.</summary>
internal sealed class TrapBenchmark : IBenchmark
{
    private const long Rounds = 1_000_000;

    /// <inheritdoc/>
    public string Name => "trap";

    /// <inheritdoc/>
    public string Title => "host CPU time of sbi_get_spec_version, called and returned from";

    /// <inheritdoc/>
    public void Run(BenchRun run)
    {
        string image = run.GuestProgram("kernels.bin");
        for (int i = 0; i < run.Repetitions; i++)
        {
            BenchRun.WithFolder(home => Measure(run, "Strata's own SBI", run.Emulators.StrataSupervisor(image, home)));
            Measure(run, "OpenSBI in Strata", run.Emulators.StrataOpenSbi(image));
            Measure(run, "OpenSBI in QEMU 10", run.Emulators.QemuOpenSbi(image));
        }
    }

    private static void Measure(BenchRun run, string subject, Peer peer)
    {
        using KernelGuest guest = new(peer);
        _ = guest.Run("ecall", Rounds / 10);
        run.Add("call", "ns", subject, guest.Run("ecall", Rounds).CpuTime.TotalNanoseconds / Rounds);
    }
}
