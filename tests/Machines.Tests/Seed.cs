using System.Globalization;

namespace Strata.Machines.Tests;

/// <summary>The seed of a random test: a fresh one, or STRATA_TEST_SEED to repeat a run; always printed.</summary>
internal static class Seed
{
    public static int Take(ITestOutputHelper output)
    {
        string? given = Environment.GetEnvironmentVariable("STRATA_TEST_SEED");
        int seed = given is null ? Environment.TickCount & int.MaxValue : int.Parse(given, CultureInfo.InvariantCulture);
        output.WriteLine($"seed {seed} (repeat with STRATA_TEST_SEED={seed})");
        return seed;
    }
}
