using Strata.Images.Archives;

namespace Strata.Bench.Classes;

/// <summary>Writes the initial file systems of guests that are measured: the driver as first process, and parts of Debian's packages.</summary>
internal static class GuestArchive
{
    /// <summary>Writes one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="driver">The driver, for RISC-V.</param>
    public static void Write(string path, string driver)
    {
        using FileStream file = File.Create(path);
        CpioWriter archive = new(file);
        archive.AddFolder("dev");
        archive.AddDevice("dev/console", 5, 1);
        archive.AddFile("init", File.ReadAllBytes(driver), executable: true);
        archive.Finish();
    }
}
