using Strata.Bench.Peers;

namespace Strata.Bench.Measures;

/// <summary>Speed of guest code in S-mode with Sv39 and 4 KiB pages, by kinds of instructions.</summary>
internal sealed class InterpreterBenchmark : IBenchmark
{
    // Rounds: half a second to a second in ours; as many as let a translator show its speed, too.
    private static readonly (string Kernel, long Rounds)[] Kernels =
    [
        ("integer", 10_000_000), ("branches", 3_000_000), ("calls", 200_000), ("memory", 10_000), ("pages", 300), ("floating", 500_000),
    ];

    /// <inheritdoc/>
    public string Name => "interpreter";

    /// <inheritdoc/>
    public string Title => "guest instructions per second of host CPU time, Sv39 with 4 KiB pages";

    /// <inheritdoc/>
    public void Run(BenchRun run)
    {
        string image = run.GuestProgram("kernels.bin");
        for (int i = 0; i < run.Repetitions; i++)
        {
            using KernelGuest ours = new(run.Emulators.StrataOpenSbi(image));
            using KernelGuest peer = new(run.Emulators.QemuOpenSbi(image));
            double product = 1, peersProduct = 1;
            foreach ((string kernel, long rounds) in Kernels)
            {
                _ = ours.Run(kernel, rounds / 10);       // code is decoded, compiled and translated
                _ = peer.Run(kernel, rounds / 10);
                KernelRun mine = ours.Run(kernel, rounds);
                KernelRun others = peer.Run(kernel, rounds);
                if (mine.Checksum != others.Checksum)
                    throw new BenchException($"{kernel}: ours computed {mine.Checksum}, the peer {others.Checksum}");
                double speed = mine.Instructions / mine.CpuTime.TotalMicroseconds;
                double peersSpeed = mine.Instructions / others.CpuTime.TotalMicroseconds;    // the same program: as many instructions
                run.Add(kernel, "million/s", Emulators.Strata, speed);
                run.Add(kernel, "million/s", Emulators.Qemu, peersSpeed);
                product *= speed;
                peersProduct *= peersSpeed;
            }

            run.Add("geometric mean", "million/s", Emulators.Strata, Math.Pow(product, 1.0 / Kernels.Length));
            run.Add("geometric mean", "million/s", Emulators.Qemu, Math.Pow(peersProduct, 1.0 / Kernels.Length));
        }
    }
}
