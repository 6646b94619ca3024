using Strata.Bench.Peers;
using Strata.Conformance.Differential;

namespace Strata.Bench.Measures;

/// <summary>How fast the differential tests' generators run: random cases made, run and hashed in the guest.</summary>
internal sealed class GeneratorBenchmark : IBenchmark
{
    private const int Blocks = 12, CasesInBlock = 500;

    // Name, program, mode, pools: rows of the differential plan.
    private static readonly (string Row, string Program, uint Mode, ulong Pools)[] Rows =
    [
        ("instructions, M-mode", "instructions", 0, 0xffff),
        ("instructions, U-mode, Sv39", "instructions", 2, 0xffff),
        ("page tables", "paging", 0, 0xffff_ffff),
        ("privileged", "privileged", 0, 0xffff),
    ];

    /// <inheritdoc/>
    public string Name => "generators";

    /// <inheritdoc/>
    public string Title => "cases of the in-guest generators per second of host CPU time";

    /// <inheritdoc/>
    public void Run(BenchRun run) => BenchRun.WithFolder(folder =>
    {
        foreach ((string row, string program, uint mode, ulong pools) in Rows)
        {
            string file = Path.Combine(folder, $"{program}-{mode}.elf");
            File.WriteAllBytes(file, GuestProgram.Load(program).With(
                new Parameters { Seed = 1, Count = Blocks * CasesInBlock, Block = CasesInBlock, Mode = mode, Pools = pools }));
            for (int i = 0; i < run.Repetitions; i++)
            {
                run.Add(row, "cases/s", Emulators.Strata, Speed(run.Emulators.StrataFirmware(file)));
                run.Add(row, "cases/s", Emulators.Qemu, Speed(run.Emulators.QemuFirmware(file)));
            }
        }
    });

    // Between the first block's line and the last but one: the machine lives then.
    private static double Speed(Peer started)
    {
        using Peer peer = started;
        TimeSpan first = TimeSpan.Zero;
        for (int block = 0; block < Blocks - 1; block++)
        {
            _ = peer.Console.WaitFor("block ", BenchRun.Patience);
            _ = peer.Console.WaitFor("\n", BenchRun.Patience);
            if (block == 0)
                first = peer.CpuTime;
        }

        return (Blocks - 2) * CasesInBlock / (peer.CpuTime - first).TotalSeconds;
    }
}
