using Strata.Api.Debugging;
using Strata.Debugging.Code;
using Strata.Debugging.Profiles;

namespace Strata.Monitor.Inspection;

/// <summary>Profiles as clients get them.</summary>
internal static class ProfileRecords
{
    /// <summary>The record of a profile.</summary>
    internal static ProfileRecord From(Profile profile, IReadOnlyList<(string Host, string Guest)> registers) => new()
    {
        Samples = profile.Samples,
        Waiting = profile.Waiting,
        Translated = profile.Translated,
        Changed = profile.Changed,
        Stubs = profile.Stubs,
        Monitor = profile.Monitor,
        Regions = [.. profile.Regions.Select(region => new RegionRecord(region.Name, CodeRecords.Address(region.Address), region.Translated, region.Monitor))],
        Expansion = new(profile.Expansion.Blocks, profile.Expansion.Median, profile.Expansion.Mean, profile.Expansion.WeightedMedian, profile.Expansion.WeightedMean),
        Code = CodeRecords.From(new CodeReport(registers, profile.Blocks)),
    };
}
