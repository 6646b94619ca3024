using System.Globalization;
using Strata.Host.Processes;

namespace Strata.Bench.Peers;

/// <summary>A process and all that descend from it, as /proc shows them.</summary>
internal static class ProcessTree
{
    // USER_HZ, the unit of times in /proc/PID/stat: 100 on every Linux on x86-64.
    private const double TicksPerSecond = 100;

    /// <summary>The processes of the tree that run now, the root first.</summary>
    public static IReadOnlyList<int> Members(int root)
    {
        ILookup<int, int> children = Processes().ToLookup(process => process.Parent, process => process.Id);
        List<int> members = [root];
        for (int i = 0; i < members.Count; i++)
            members.AddRange(children[members[i]]);
        return members;
    }

    /// <summary>Processor time, user and system, of the tree's running processes and of the children that they have waited for.</summary>
    public static TimeSpan CpuTime(int root)
    {
        TimeSpan sum = TimeSpan.Zero;
        foreach (int member in Members(root))
        {
            sum += HostProcess.CpuTime(member) ?? TimeSpan.Zero;
            if (Fields(member) is { } fields)
                sum += TimeSpan.FromSeconds((Number(fields[13]) + Number(fields[14])) / TicksPerSecond);
        }

        return sum;
    }

    private static IEnumerable<(int Id, int Parent)> Processes()
    {
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out int id) && Fields(id) is { } fields)
                yield return (id, (int)Number(fields[1]));
        }
    }

    // proc_pid_stat(5) from the third field on: the second, a name in parentheses, may hold anything.
    private static string[]? Fields(int id)
    {
        try
        {
            string text = File.ReadAllText($"/proc/{id}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
