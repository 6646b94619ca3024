using System.Globalization;
using Strata.Host.Processes;

namespace Strata.Conformance.WholeMachines;

/// <summary>Command line, monitor, or both killed at any moment between their start and the guest's prompt: nothing is left but what the next command removes.</summary>
public sealed class KilledTests(TinyImage image, ITestOutputHelper output) : IClassFixture<TinyImage>, IDisposable
{
    private const int SignalStop = 19;
    private const int Rounds = 6;
    private const int LongRounds = 300;
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("strata-test-");

    private string Registry => Path.Join(_home.FullName, "run");

    public void Dispose()
    {
        foreach (int monitor in Monitors())
            _ = HostProcess.Signal(monitor, HostProcess.SignalKill);
        File.Delete(Path.Join(_home.FullName, "cache"));
        _home.Delete(recursive: true);
    }

    [Fact]
    public void WhoeverIsKilledWheneverTheTerminalIsRestoredAndNothingIsLeft()
    {
        Random random = new(Seed.Take(output));
        Assert.NotEmpty(image.Kernel);
        _ = Directory.CreateSymbolicLink(Path.Join(_home.FullName, "cache"), Path.Join(Repository.Home, "cache"));
        int rounds = Seed.Rounds(Rounds, LongRounds);

        // The first machine comes to its prompt: that tells how long it takes here and now.
        TimeSpan boot = Kill(Victim.Both, null);
        for (int round = 1; round < rounds; round++)
            _ = Kill((Victim)random.Next(3), boot * random.NextDouble());
    }

    /// <returns>When it was done, after the start.</returns>
    private TimeSpan Kill(Victim victim, TimeSpan? moment)
    {
        DateTime start = DateTime.UtcNow;
        using TerminalSession user = new(_home.FullName, CommandLine.Patience, ["run", "tiny"]);
        if (moment is { } then)
            user.Await(() => user.Elapsed >= then, "the moment to kill");
        else
            user.Await("tiny:/# ");
        TimeSpan when = user.Elapsed;
        output.WriteLine($"{victim} after {when.TotalSeconds:0.00} s");

        // Stopped first, so that neither sees the other die.
        List<int> monitors = Monitors();
        if (victim == Victim.Monitor && monitors.Count == 0)
            victim = Victim.Client;
        List<int> victims = victim == Victim.Client ? [] : [.. monitors];
        if (victim != Victim.Monitor)
            victims.Add(user.Client.Id);
        foreach (int id in victims)
            _ = HostProcess.Signal(id, SignalStop);
        foreach (int id in victims)
            _ = HostProcess.Signal(id, HostProcess.SignalKill);

        int code = user.AwaitExit();
        Assert.Equal(victim == Victim.Monitor ? 125 : 128 + HostProcess.SignalKill, code);
        user.Await(() => Monitors().Count == 0, "the end of the monitor");
        CommandLine next = CommandLine.Run(_home.FullName, CommandLine.Patience, "", ["ps", "--json"]);
        Assert.Equal((0, "[]\n", ""), (next.ExitCode, next.Output, next.Error));
        Assert.True(user.IsAsBefore, $"{victim} killed {when.TotalSeconds:0.000} s after the start: the terminal has another mode than before");
        Assert.Equal(["cache", "run", "lock"], Directory.EnumerateFileSystemEntries(_home.FullName).Order(StringComparer.Ordinal)
            .Concat(Directory.EnumerateFileSystemEntries(Registry)).Select(Path.GetFileName));

        // Older ones are of processes that had the same numbers.
        foreach (int id in monitors.Append(user.Client.Id))
        {
            IEnumerable<string> left = Directory.EnumerateFileSystemEntries(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"*-{id}-*"));
            Assert.DoesNotContain(left, file => File.GetLastWriteTimeUtc(file) >= start);
        }

        return when;
    }

    /// <summary>The monitors of this test's folder that have not ended.</summary>
    private List<int> Monitors()
    {
        List<int> found = [];
        foreach (string process in Directory.EnumerateDirectories("/proc"))
        {
            try
            {
                if (int.TryParse(Path.GetFileName(process), out int id) && File.ReadAllText(Path.Join(process, "cmdline")) is var line
                    && line.Contains("strata-monitor", StringComparison.Ordinal) && line.Contains(Registry, StringComparison.Ordinal))
                {
                    found.Add(id);
                }
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // It has just ended.
            }
        }

        return found;
    }

    private enum Victim
    {
        Client,
        Monitor,
        Both,
    }
}
