using Strata.Bench.Peers;

namespace Strata.Bench.Measures;

/// <summary>Speed of guest code in S-mode with Sv39 and 4 KiB pages, by kinds of instructions: translator, interpreter and peer run the same program.</summary>
internal sealed class EngineBenchmark : IBenchmark
{
    // Rounds: half a second to a second in the interpreter, and how many times that the translators run.
    private static readonly (string Kernel, long Rounds, int Factor)[] Kernels =
    [
        ("integer", 10_000_000, 5), ("branches", 3_000_000, 3), ("calls", 200_000, 5), ("memory", 10_000, 5), ("pages", 300, 1), ("floating", 500_000, 5),
    ];

    /// <inheritdoc/>
    public string Name => "engines";

    /// <inheritdoc/>
    public string Title => "guest instructions per second of host CPU time, Sv39 with 4 KiB pages";

    /// <inheritdoc/>
    public void Run(BenchRun run)
    {
        string image = run.GuestProgram("kernels.bin");
        for (int i = 0; i < run.Repetitions; i++)
        {
            (string Name, KernelGuest Guest)[] subjects =
            [
                (Emulators.Strata, new(run.Emulators.StrataOpenSbi(image))),
                (Emulators.Interpreter, new(run.Emulators.StrataOpenSbi(image, "--engine", "interpreter"))),
                (Emulators.Qemu, new(run.Emulators.QemuOpenSbi(image))),
            ];
            double[] products = [1, 1, 1];
            try
            {
                foreach ((string kernel, long rounds, int factor) in Kernels)
                {
                    foreach ((_, KernelGuest guest) in subjects)
                        _ = guest.Run(kernel, rounds / 10);       // code is decoded, compiled and translated

                    // The interpreter alone counts what it retires; the others are given more to do, for they are done sooner.
                    KernelRun counted = subjects[1].Guest.Run(kernel, rounds);
                    KernelRun ours = subjects[0].Guest.Run(kernel, rounds * factor);
                    KernelRun peers = subjects[2].Guest.Run(kernel, rounds * factor);
                    if (ours.Checksum != peers.Checksum)
                        throw new BenchException($"{kernel}: ours computed {ours.Checksum}, the peer {peers.Checksum}");
                    KernelRun[] runs = [ours, counted, peers];
                    for (int subject = 0; subject < subjects.Length; subject++)
                    {
                        double instructions = (double)counted.Instructions * (subject == 1 ? 1 : factor);
                        double speed = instructions / runs[subject].CpuTime.TotalMicroseconds;
                        run.Add(kernel, "million/s", subjects[subject].Name, speed);
                        products[subject] *= speed;
                    }
                }
            }
            finally
            {
                foreach ((_, KernelGuest guest) in subjects)
                    guest.Dispose();
            }

            for (int subject = 0; subject < subjects.Length; subject++)
                run.Add("geometric mean", "million/s", subjects[subject].Name, Math.Pow(products[subject], 1.0 / Kernels.Length));
        }
    }
}
