using System.Diagnostics;
using Strata.Bench.Measures;
using Strata.Bench.Peers;

namespace Strata.Bench.Classes;

/// <summary>Starts the driver three times: on the host, in ours and in the peer.</summary>
/// <param name="run">How emulators are started.</param>
/// <param name="folder">Takes the guests' file systems.</param>
internal sealed class ProgramMachines(BenchRun run, string folder)
{
    /// <summary>Drivers that listen.</summary>
    public sealed record Trio(ProgramDriver Native, ProgramDriver Strata, ProgramDriver Qemu) : IDisposable
    {
        /// <inheritdoc/>
        public void Dispose()
        {
            Native.Dispose();
            Strata.Dispose();
            Qemu.Dispose();
        }
    }

    private static readonly TimeSpan MostSettling = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan SettlingStep = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Settled = TimeSpan.FromMilliseconds(10);

    /// <summary>Starts them for a class.</summary>
    /// <exception cref="BenchException">One does not start.</exception>
    public Trio Start(ProgramClass programs)
    {
        string initrd = Path.Combine(folder, programs.Packages + ".cpio");
        if (!File.Exists(initrd))
            new GuestArchive(run).Write(initrd, programs.Packages);
        Trio trio = new(
            new(Peer.Start(Native()), native: true),
            new(run.Emulators.StrataUserSpace(initrd), native: false),
            new(run.Emulators.QemuUserSpace(initrd), native: false));
        try
        {
            trio.Native.Await();
            trio.Strata.Await();
            trio.Qemu.Await();
            Settle([trio.Strata, trio.Qemu]);
            return trio;
        }
        catch (BenchException)
        {
            trio.Dispose();
            throw;
        }
    }

    // What a kernel does for a while after it has booted would be counted as the first program's, and only for the guest that comes first.
    private static void Settle(ProgramDriver[] guests)
    {
        for (TimeSpan waited = TimeSpan.Zero; waited < MostSettling; waited += SettlingStep)
        {
            TimeSpan[] before = [.. guests.Select(guest => guest.CpuTime)];
            Thread.Sleep(SettlingStep);
            if (guests.Zip(before).All(pair => pair.First.CpuTime - pair.Second <= Settled))
                return;
        }
    }

    // Debian's programs run through their own loader, with the libraries that they were built for.
    private ProcessStartInfo Native()
    {
        string packages = Path.Combine(run.Root, ".cache", "bench"), tree = Path.Combine(packages, "amd64"), scripts = Path.Combine(folder, "scripts");
        string libraries = Path.Combine(tree, "usr", "lib", "x86_64-linux-gnu");
        _ = Directory.CreateDirectory(scripts);
        foreach (string script in run.Scripts)
            File.Copy(script, Path.Combine(scripts, Path.GetFileName(script)), overwrite: true);
        ProcessStartInfo start = new(run.GuestProgram("programs-x86_64")) { WorkingDirectory = folder };
        start.Environment.Clear();
        start.Environment["ROOT"] = tree;
        start.Environment["RUN"] = $"{libraries}/ld-linux-x86-64.so.2 --library-path {libraries}";
        start.Environment["SCRIPTS"] = scripts;
        start.Environment["PATH"] = Path.Combine(packages, "applets");
        start.Environment["HOME"] = folder;
        return start;
    }
}
