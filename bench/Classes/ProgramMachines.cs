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

    /// <summary>Starts them for a class.</summary>
    /// <exception cref="BenchException">One does not start.</exception>
    public Trio Start(ProgramClass programs)
    {
        string initrd = Path.Combine(folder, programs.Packages + ".cpio");
        if (!File.Exists(initrd))
            GuestArchive.Write(initrd, run.GuestProgram("programs-riscv64"));
        Trio trio = new(
            new(Peer.Start(new ProcessStartInfo(run.GuestProgram("programs-x86_64")) { WorkingDirectory = folder }), native: true),
            new(run.Emulators.StrataUserSpace(initrd), native: false),
            new(run.Emulators.QemuUserSpace(initrd), native: false));
        try
        {
            trio.Native.Await();
            trio.Strata.Await();
            trio.Qemu.Await();
            return trio;
        }
        catch (BenchException)
        {
            trio.Dispose();
            throw;
        }
    }
}
