using System.Globalization;
using Strata.Bench.Measures;

namespace Strata.Bench.Peers;

/// <summary>The memory of an emulator's process, and of that its guest's.</summary>
internal static class MonitorMemory
{
    /// <summary>Bytes of the unit that figures are given in.</summary>
    public const double Megabyte = 1e6;

    // What the host calls the memory file of the code cache; of its two views the writable one is touched everywhere.
    private const string CodeCache = "strata-code";

    /// <summary>Resident bytes of a monitor's code cache, and its size.</summary>
    public static (double Resident, double Size) CodeCacheOf(int process)
    {
        (double resident, double size) = (0, 0);
        bool isCode = false;
        foreach (string line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/smaps")))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words[0].Contains('-', StringComparison.Ordinal) && !words[0].EndsWith(':'))
                isCode = line.Contains(CodeCache, StringComparison.Ordinal) && words[1].Contains('w', StringComparison.Ordinal);
            else if (isCode && words is ["Size:", var all, ..])
                size += long.Parse(all, CultureInfo.InvariantCulture) * 1024.0;
            else if (isCode && words is ["Rss:", var here, ..])
                resident += long.Parse(here, CultureInfo.InvariantCulture) * 1024.0;
        }

        return (resident, size);
    }

    /// <summary>Adds rows: what a process holds beside its guest's memory, of that what nobody else has, and the guest's.</summary>
    public static void Add(BenchRun run, string row, string guestRow, string subject, int process)
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
