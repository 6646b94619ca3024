namespace Strata.Api.Debugging;

/// <summary>Where a machine's harts spent their time while they were sampled.</summary>
public sealed record ProfileRecord
{
    /// <summary>Samples in all.</summary>
    public required int Samples { get; init; }

    /// <summary>Of these: the hart waited.</summary>
    public required int Waiting { get; init; }

    /// <summary>In translated code.</summary>
    public required int Translated { get; init; }

    /// <summary>Of those in translated code: in code that has changed since, of which only the page is known.</summary>
    public required int Changed { get; init; }

    /// <summary>In the code around blocks: ways into the monitor and back.</summary>
    public required int Stubs { get; init; }

    /// <summary>In the monitor.</summary>
    public required int Monitor { get; init; }

    /// <summary>The guest's functions, or pages where no symbols are known, the hottest first.</summary>
    public required IReadOnlyList<RegionRecord> Regions { get; init; }

    /// <summary>What guest instructions became.</summary>
    public required ExpansionRecord Expansion { get; init; }

    /// <summary>The hottest blocks.</summary>
    public required CodeRecord Code { get; init; }
}

/// <summary>A region of the guest.</summary>
/// <param name="Name">The function, or the page.</param>
/// <param name="Address">Where it begins.</param>
/// <param name="Translated">Samples in its translated code.</param>
/// <param name="Monitor">Samples in the monitor on its behalf.</param>
public sealed record RegionRecord(string Name, string Address, int Translated, int Monitor);

/// <summary>Host instructions for each guest instruction, cold code not counted.</summary>
/// <param name="Blocks">Blocks that were looked at: all.</param>
/// <param name="Median">Over these blocks.</param>
/// <param name="Mean">All host instructions by all guest instructions.</param>
/// <param name="WeightedMedian">Over the samples in translated code; null without any.</param>
/// <param name="WeightedMean">As before, the mean.</param>
public sealed record ExpansionRecord(int Blocks, double Median, double Mean, double? WeightedMedian = null, double? WeightedMean = null);
