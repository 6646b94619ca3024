using System.Globalization;
using Strata.Bench.Classes;
using Strata.Bench.Peers;
using Strata.Bench.Reports;

namespace Strata.Bench.Measures;

/// <summary>Programs of user space in classes: ours, the peer and the host itself run the same sources, or the same packages of Debian's.</summary>
internal sealed class ClassBenchmark : IBenchmark
{
    /// <inheritdoc/>
    public string Name => "classes";

    /// <inheritdoc/>
    public string Title => "host CPU time of programs, by classes";

    /// <inheritdoc/>
    public void Run(BenchRun run)
    {
        run.Result.Layout = ClassTable.Of;
        BenchRun.WithFolder(folder =>
        {
            ProgramMachines machines = new(run, folder);
            for (int i = 0; i < run.Repetitions; i++)
            {
                foreach (ProgramClass programs in ProgramClasses.All.Where(programs => run.Classes.Count == 0 || run.Classes.Contains(programs.Name)))
                {
                    MeasuredProgram[] wanted = [.. programs.Programs.Where(program => run.Programs.Count == 0 || run.Programs.Contains(program.Name))];
                    IEnumerable<MeasuredProgram[]> shares = programs.FreshAfterBoot ? wanted.Chunk(1) : wanted.Length > 0 ? [wanted] : [];
                    foreach (MeasuredProgram[] share in shares)
                        Measure(run, machines, programs, share);
                }
            }
        });
    }

    private static void Measure(BenchRun run, ProgramMachines machines, ProgramClass programs, IEnumerable<MeasuredProgram> share)
    {
        ProgramMachines.Trio? trio = null;
        try
        {
            foreach (MeasuredProgram program in share)
            {
                try
                {
                    trio ??= machines.Start(programs);
                    Measure(run, trio, programs, program);
                }
                catch (BenchException failure)
                {
                    run.Result.Faults.Add($"{programs.Name}: {failure.Message}");
                    trio?.Dispose();
                    trio = null;                // the next program gets guests that work
                }
            }
        }
        finally
        {
            trio?.Dispose();
        }
    }

    private static void Measure(BenchRun run, ProgramMachines.Trio trio, ProgramClass programs, MeasuredProgram program)
    {
        bool alone = programs.FreshAfterBoot;
        ProgramRun native = trio.Native.Run(program, alone), ours = trio.Strata.Run(program, alone), peers = trio.Qemu.Run(program, alone);
        if (ours.Checksum != peers.Checksum)
            throw new BenchException($"{program.Name}: ours computed {ours.Checksum}, the peer {peers.Checksum}");
        if (program.NativeDiffers is null && ours.Checksum != native.Checksum)
            throw new BenchException($"{program.Name}: ours computed {ours.Checksum}, the host {native.Checksum}");
        foreach ((string subject, ProgramRun done) in new[] { (Emulators.Strata, ours), (ClassTable.Native, native), (Emulators.Qemu, peers) })
        {
            double value = programs.PerRound ? done.CpuTime.TotalMicroseconds / program.Rounds : done.CpuTime.TotalMilliseconds;
            run.Add($"{programs.Name}: {program.Name}", programs.PerRound ? "µs" : "ms", subject, value);
        }

        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{programs.Name}: {program.Name}: CPU ms: native {native.CpuTime.TotalMilliseconds:0}, Strata {ours.CpuTime.TotalMilliseconds:0}, QEMU {peers.CpuTime.TotalMilliseconds:0}"));
    }
}
