using Strata.Bench.Peers;

namespace Strata.Bench.Measures;

/// <summary>What it costs to execute code for the first time: blocks of thirteen instructions, each called once; what it takes to write them is subtracted.</summary>
internal sealed class TranslationBenchmark : IBenchmark
{
    private const string Kernel = "fresh";

    // As the kernel has it; and runs until what translates has been compiled well itself.
    private const int Blocks = 1 << 16;
    private const int WarmRuns = 4;

    /// <inheritdoc/>
    public string Name => "translation";

    /// <inheritdoc/>
    public string Title => "host CPU time to translate a block of thirteen instructions, and to call it once";

    /// <inheritdoc/>
    public void Run(BenchRun run)
    {
        string image = run.GuestProgram("kernels.bin");
        for (int i = 0; i < run.Repetitions; i++)
        {
            string ours = Measure(run, Emulators.Strata, run.Emulators.StrataOpenSbi(image));
            string peers = Measure(run, Emulators.Qemu, run.Emulators.QemuOpenSbi(image));
            if (ours != peers)
                throw new BenchException($"{Kernel}: ours computed {ours}, the peer {peers}");
        }
    }

    // Each run writes other code than the one before, and finds the blocks of one that was executed.
    private static string Measure(BenchRun run, string subject, Peer peer)
    {
        using KernelGuest guest = new(peer);
        for (int i = 0; i < WarmRuns; i++)
            _ = guest.Run(Kernel, 1);
        TimeSpan written = guest.Run(Kernel, 0).CpuTime;
        _ = guest.Run(Kernel, 1);
        KernelRun called = guest.Run(Kernel, 1);
        run.Add("block", "µs", subject, (called.CpuTime - written).TotalMicroseconds / Blocks);
        run.Add("writing it", "µs", subject, written.TotalMicroseconds / Blocks);
        return called.Checksum;
    }
}
