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
        Mapping[] views = [.. Mappings(process).Where(mapping => mapping.Name.Contains(CodeCache, StringComparison.Ordinal) && mapping.Access.Contains('w', StringComparison.Ordinal))];
        return (views.Sum(view => view["Rss:"]), views.Sum(view => view["Size:"]));
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

    /// <summary>The resident part of the mapping that is the guest's RAM: writable, without a name, as large as RAM or a little larger.</summary>
    private static double GuestMemory(int process)
    {
        const long Ram = (long)Emulators.MemoryMegabytes << 20, Spare = 64 << 20;
        double bytes = Mappings(process)
            .Where(mapping => mapping is { Access: "rw-p", Name: "" } && mapping["Size:"] is >= Ram and <= Ram + Spare)
            .Sum(mapping => mapping["Pss:"]);
        return bytes > 0 ? bytes : throw new BenchException("the guest's memory was not found among the mappings");
    }

    // proc_pid_smaps(5): a line "RANGE ACCESS OFFSET DEVICE INODE [NAME]" for each mapping, then lines "Name: N kB".
    private static List<Mapping> Mappings(int process)
    {
        List<Mapping> mappings = [];
        foreach (string line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/smaps")))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (!words[0].EndsWith(':'))
                mappings.Add(new Mapping(words[1], string.Join(' ', words.Skip(5)), []));
            else if (words is [var name, var size, "kB"])
                mappings[^1].Sizes[name] = long.Parse(size, CultureInfo.InvariantCulture) * 1024.0;
        }

        return mappings;
    }

    private sealed record Mapping(string Access, string Name, Dictionary<string, double> Sizes)
    {
        public double this[string name] => Sizes[name];
    }
}
