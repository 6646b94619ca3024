using Strata.Bench.Measures;
using Strata.Images.Archives;

namespace Strata.Bench.Classes;

/// <summary>Writes the initial file systems of guests that are measured: the driver as first process, scripts, and parts of Debian's packages.</summary>
/// <param name="run">Where all that is.</param>
internal sealed class GuestArchive(BenchRun run)
{
    // Below the tree: what only large guests get.
    private static readonly string[] Large = ["usr/lib/python3.13", "usr/libexec", "usr/bin/python3.13", "usr/lib/riscv64-linux-gnu/libisl.so.23.4.0"];

    private readonly string _tree = Path.Combine(run.Root, ".cache", "bench", "riscv64");

    /// <summary>Writes one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="packages">What of the packages is in it.</param>
    public void Write(string path, GuestPackages packages)
    {
        using FileStream file = File.Create(path);
        CpioWriter archive = new(file);
        archive.AddFolder("dev");
        archive.AddDevice("dev/console", 5, 1);
        archive.AddFile("init", File.ReadAllBytes(run.GuestProgram("programs-riscv64")), executable: true);
        if (packages != GuestPackages.None)
        {
            archive.AddLink("lib", "usr/lib");                  // where programs name their loader
            archive.AddFolder("scripts");
            foreach (string script in run.Scripts)
                archive.AddFile("scripts/" + Path.GetFileName(script), File.ReadAllBytes(script));
            archive.AddFolder("applets");
            foreach (string applet in Directory.EnumerateFiles(Path.Combine(_tree, "..", "applets")).Order(StringComparer.Ordinal))
                archive.AddLink("applets/" + Path.GetFileName(applet), "../usr/bin/busybox");
            foreach (string folder in new[] { "corpus", "usr" })
                AddTree(archive, folder, packages == GuestPackages.Large ? [] : Large);
        }

        archive.Finish();
    }

    private void AddTree(CpioWriter archive, string folder, string[] without)
    {
        archive.AddFolder(folder);
        foreach (FileSystemInfo entry in new DirectoryInfo(Path.Combine(_tree, folder)).EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            string name = $"{folder}/{entry.Name}";
            if (without.Contains(name))
                continue;
            if (entry.LinkTarget is { } target)
                archive.AddLink(name, target);
            else if (entry is DirectoryInfo)
                AddTree(archive, name, without);
            else
                archive.AddFile(name, File.ReadAllBytes(entry.FullName), entry.UnixFileMode.HasFlag(UnixFileMode.UserExecute));
        }
    }
}
