using Strata.Bench.Peers;
using Strata.Host.Processes;

namespace Strata.Bench.Measures;

/// <summary>A booted tiny machine at its prompt: what its processes hold beside the guest's memory, and what they use while nothing happens.</summary>
internal sealed class IdleBenchmark : IBenchmark
{
    private const int SettleSeconds = 8, WindowSeconds = 40;

    /// <inheritdoc/>
    public string Name => "idle";

    /// <inheritdoc/>
    public string Title => $"memory (PSS) of a booted tiny machine beside its guest's, and CPU use while idle, over {WindowSeconds} s";

    /// <inheritdoc/>
    public void Run(BenchRun run)
    {
        _ = run.Emulators.Tiny;
        int repetitions = Math.Min(run.Repetitions, 3);                 // each takes a minute
        for (int i = 0; i < repetitions; i++)
        {
            using Peer ours = run.Emulators.StrataTiny();
            using Peer interpreted = run.Emulators.StrataTiny("--engine", "interpreter");
            using Peer peer = run.Emulators.QemuTiny();
            _ = ours.Console.WaitFor(BootBenchmark.Prompt, BenchRun.Patience);
            _ = interpreted.Console.WaitFor(BootBenchmark.Prompt, BenchRun.Patience);
            _ = peer.Console.WaitFor(BootBenchmark.Prompt, BenchRun.Patience);
            Thread.Sleep(TimeSpan.FromSeconds(SettleSeconds));
            int monitor = ProcessTree.Members(ours.ProcessId)[^1];
            int interpreter = ProcessTree.Members(interpreted.ProcessId)[^1];
            TimeSpan[] Use() => [Used(ours.ProcessId), Used(monitor), Used(peer.ProcessId), Used(interpreter)];
            TimeSpan[] before = Use();
            long began = Environment.TickCount64;
            Thread.Sleep(TimeSpan.FromSeconds(WindowSeconds));
            TimeSpan[] after = Use();
            double window = Environment.TickCount64 - began;
            void AddUse(string row, string subject, int index) => run.Add(row, "% of a core", subject, 100 * (after[index] - before[index]).TotalMilliseconds / window);
            AddUse("idle: monitor", Emulators.Strata, 1);
            AddUse("idle: monitor", Emulators.Interpreter, 3);
            AddUse("idle: monitor", Emulators.Qemu, 2);
            AddUse("idle: command line", Emulators.Strata, 0);
            MonitorMemory.Add(run, "memory: monitor", "memory: guest", Emulators.Strata, monitor);
            MonitorMemory.Add(run, "memory: monitor", "memory: guest", Emulators.Interpreter, interpreter);
            MonitorMemory.Add(run, "memory: monitor", "memory: guest", Emulators.Qemu, peer.ProcessId);
            run.Add("memory: command line", "MB", Emulators.Strata, (HostProcess.ProportionalMemoryBytes(ours.ProcessId) ?? 0) / MonitorMemory.Megabyte);
        }
    }

    private static TimeSpan Used(int process) => HostProcess.CpuTime(process) ?? throw new BenchException("a machine ended while it was idle");
}
