using Strata.Bench.Peers;

namespace Strata.Bench.Measures;

/// <summary>
/// What it costs to execute code for the first time: blocks of six and of thirteen instructions, and of six in pages that all hold the same, each called once; what it takes to
/// write them is subtracted.
/// </summary>
internal sealed class TranslationBenchmark : IBenchmark
{
    private static readonly (string Kernel, string Row)[] s_kernels = [("brief", "six instructions"), ("copied", "six, in pages alike"), ("fresh", "thirteen, with a branch")];

    // As the kernel has it; and runs until what translates has been compiled well itself.
    private const int Blocks = 1 << 16;
    private const int WarmRuns = 4;

    /// <inheritdoc/>
    public string Name => "translation";

    /// <inheritdoc/>
    public string Title => "host CPU time to translate a block, and to call it once";

    /// <inheritdoc/>
    public void Run(BenchRun run)
    {
        string image = run.GuestProgram("kernels.bin");
        for (int i = 0; i < run.Repetitions; i++)
        {
            using KernelGuest ours = new(run.Emulators.StrataOpenSbi(image));
            using KernelGuest peer = new(run.Emulators.QemuOpenSbi(image));
            foreach ((string kernel, string row) in s_kernels)
            {
                string here = Measure(run, Emulators.Strata, ours, kernel, row);
                string there = Measure(run, Emulators.Qemu, peer, kernel, row);
                if (here != there)
                    throw new BenchException($"{kernel}: ours computed {here}, the peer {there}");
            }
        }
    }

    // Each run writes other code than the one before, and finds the blocks of one that was executed.
    private static string Measure(BenchRun run, string subject, KernelGuest guest, string kernel, string row)
    {
        for (int i = 0; i < WarmRuns; i++)
            _ = guest.Run(kernel, 1);
        TimeSpan written = guest.Run(kernel, 0).CpuTime;
        _ = guest.Run(kernel, 1);
        KernelRun called = guest.Run(kernel, 1);
        run.Add(row, "µs", subject, (called.CpuTime - written).TotalMicroseconds / Blocks);
        return called.Checksum;
    }
}
