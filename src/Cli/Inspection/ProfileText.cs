using System.Globalization;
using System.Text;
using Strata.Api.Debugging;

namespace Strata.Cli.Inspection;

/// <summary>Writes a profile for people.</summary>
internal static class ProfileText
{
    /// <summary>The totals, and what guest instructions became.</summary>
    internal static string Summary(ProfileRecord profile)
    {
        StringBuilder text = new();
        _ = text.Append(CultureInfo.InvariantCulture, $"{profile.Samples} samples: {Share(profile.Translated, profile)} in translated code, {Share(profile.Stubs, profile)} on the way between it and the monitor, {Share(profile.Monitor, profile)} in the monitor, {Share(profile.Waiting, profile)} waiting\n");
        ExpansionRecord expansion = profile.Expansion;
        string weighted = expansion.WeightedMedian is { } median
            ? string.Create(CultureInfo.InvariantCulture, $"; where the samples fell: median {median:0.00}, mean {expansion.WeightedMean:0.00}") : "";
        _ = text.Append(CultureInfo.InvariantCulture, $"host instructions for each of the guest's, over {expansion.Blocks} blocks: median {expansion.Median:0.00}, mean {expansion.Mean:0.00}{weighted}\n");
        return text.ToString();
    }

    /// <summary>The rows of the table of regions.</summary>
    internal static IReadOnlyList<IReadOnlyList<string>> Rows(ProfileRecord profile, int count) =>
    [
        .. profile.Regions.Take(count).Select(IReadOnlyList<string> (region) =>
        [
            Share(region.Translated + region.Monitor, profile), Share(region.Translated, profile), Share(region.Monitor, profile), region.Address, region.Name,
        ]),
    ];

    private static string Share(int samples, ProfileRecord profile) => string.Create(CultureInfo.InvariantCulture, $"{100.0 * samples / Math.Max(1, profile.Samples):0.0} %");
}
