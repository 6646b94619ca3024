using System.Globalization;
using Strata.Bench.Peers;
using Strata.Host.Processes;

namespace Strata.Bench.Measures;

/// <summary>A booted tiny machine at its prompt: what its processes hold beside the guest's memory, and what they use while nothing happens.</summary>
internal sealed class IdleBenchmark : IBenchmark
{
    private const int SettleSeconds = 8, WindowSeconds = 40;
    private const double Megabyte = 1e6;

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
            AddMemory(run, "memory: monitor", "memory: guest", Emulators.Strata, monitor);
            AddMemory(run, "memory: monitor", "memory: guest", Emulators.Interpreter, interpreter);
            AddMemory(run, "memory: monitor", "memory: guest", Emulators.Qemu, peer.ProcessId);
            run.Add("memory: command line", "MB", Emulators.Strata, (HostProcess.ProportionalMemoryBytes(ours.ProcessId) ?? 0) / Megabyte);
        }
    }

    private static TimeSpan Used(int process) => HostProcess.CpuTime(process) ?? throw new BenchException("a machine ended while it was idle");

    private static void AddMemory(BenchRun run, string row, string guestRow, string subject, int process)
    {
        double guest = GuestMemory(process);
        run.Add(row, "MB", subject, (Rollup(process, "Pss:") - guest) / Megabyte);
        run.Add($"{row}, private part", "MB", subject, (Rollup(process, "Private_Clean:", "Private_Dirty:") - guest) / Megabyte);
        run.Add(guestRow, "MB", subject, guest / Megabyte);
    }

    /// <summary>Bytes in these lines of /proc/PID/smaps_rollup. PSS also counts a share of what others use too, so it hangs on who else runs.</summary>
    private static double Rollup(int process, params string[] names) =>
        File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/smaps_rollup"))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(words => names.Contains(words[0]))
            .Sum(words => long.Parse(words[1], CultureInfo.InvariantCulture) * 1024.0);

    /// <summary>The resident part of the mapping that is the guest's RAM: writable, without a name, as large as RAM or a little larger (proc_pid_smaps(5)).</summary>
    private static double GuestMemory(int process)
    {
        const long Ram = (long)Emulators.MemoryMegabytes << 20, Spare = 64 << 20;
        bool inRam = false;
        double bytes = 0;
        foreach (string line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/smaps")))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words is [var range, "rw-p", ..])
            {
                long[] ends = [.. range.Split('-').Select(end => long.Parse(end, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
                inRam = words.Length == 5 && ends[1] - ends[0] is >= Ram and <= Ram + Spare;
            }
            else if (inRam && words is ["Pss:", var size, ..])
            {
                bytes += long.Parse(size, CultureInfo.InvariantCulture) * 1024.0;
                inRam = false;
            }
        }

        return bytes > 0 ? bytes : throw new BenchException("the guest's memory was not found among the mappings");
    }
}
