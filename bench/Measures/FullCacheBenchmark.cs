using Strata.Bench.Classes;
using Strata.Bench.Peers;

namespace Strata.Bench.Measures;

/// <summary>A monitor whose guest has run more code than the cache holds: compilers, python, scripts.</summary>
internal sealed class FullCacheBenchmark : IBenchmark
{
    // Of the resident part: alignment and the ends of segments stay empty.
    private const double Full = 0.95;

    private static readonly string[] Programs = ["compile", "compile0", "python", "pystart", "awk", "commands", "pipeline"];

    /// <inheritdoc/>
    public string Name => "fullcache";

    /// <inheritdoc/>
    public string Title => "memory (PSS) of a monitor with a full code cache beside its guest's";

    /// <inheritdoc/>
    public void Run(BenchRun run) => BenchRun.WithFolder(folder =>
    {
        ProgramClass programs = ProgramClasses.All.Single(known => known.Name == "real");
        string initrd = Path.Combine(folder, "guest.cpio");
        new GuestArchive(run).Write(initrd, programs.Packages);
        Peer peer = run.Emulators.StrataUserSpace(initrd);
        using ProgramDriver driver = new(peer, native: false);
        driver.Await();
        int monitor = ProcessTree.Members(peer.ProcessId)[^1];
        foreach (string name in Programs)
        {
            _ = driver.Run(programs.Programs.Single(program => program.Name == name), alone: true);
            (double resident, double size) = MonitorMemory.CodeCacheOf(monitor);
            Console.Error.WriteLine($"after {name}: {resident / MonitorMemory.Megabyte:0.0} of {size / MonitorMemory.Megabyte:0.0} MB of the code cache are in use");
            if (resident < Full * size)
                continue;
            run.Add("code cache", "MB", Emulators.Strata, resident / MonitorMemory.Megabyte);
            MonitorMemory.Add(run, "memory: monitor", "memory: guest", Emulators.Strata, monitor);
            return;
        }

        throw new BenchException("these programs do not fill the code cache");
    });
}
