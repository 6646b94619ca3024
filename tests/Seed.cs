using System.Globalization;

namespace Strata.Tests;

/// <summary>What random tests of all projects begin with.</summary>
internal static class Seed
{
    private const string Variable = "STRATA_SEED";

    /// <summary>Whether tests have hours instead of seconds: <c>./test --long</c>.</summary>
    public static bool IsLongRun => Environment.GetEnvironmentVariable("STRATA_TEST_LONG") is { Length: > 0 };

    /// <summary>A fresh seed, or the number in STRATA_SEED to repeat a run; always printed.</summary>
    public static int Take(ITestOutputHelper? output = null)
    {
        string? given = Environment.GetEnvironmentVariable(Variable);
        int seed = string.IsNullOrEmpty(given) ? Environment.TickCount & int.MaxValue : (int)(ulong.Parse(given, CultureInfo.InvariantCulture) & int.MaxValue);
        (output ?? TestContext.Current.TestOutputHelper)?.WriteLine($"seed {seed} (repeat with {Variable}={seed})");
        return seed;
    }

    /// <summary>How often to try: <paramref name="usual"/> times, or in a long run <paramref name="patient"/> times.</summary>
    public static int Rounds(int usual, int patient) => IsLongRun ? patient : usual;
}
