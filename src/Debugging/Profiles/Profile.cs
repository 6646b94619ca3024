using Strata.Debugging.Code;

namespace Strata.Debugging.Profiles;

/// <summary>Where a machine's harts spent their time while it was sampled.</summary>
public sealed record Profile
{
    /// <summary>Samples in all, one for each hart and tick that was answered.</summary>
    public required int Samples { get; init; }

    /// <summary>Of these: the hart waited.</summary>
    public required int Waiting { get; init; }

    /// <summary>In translated code.</summary>
    public required int Translated { get; init; }

    /// <summary>In translated code that has been thrown away or changed since: its page is known, its instruction is not.</summary>
    public required int Changed { get; init; }

    /// <summary>In the code around blocks.</summary>
    public required int Stubs { get; init; }

    /// <summary>In the monitor: page walks, interpreted instructions, devices, translation; counted to the guest's place that they are done for.</summary>
    public required int Monitor { get; init; }

    /// <summary>Regions, the hottest first.</summary>
    public required IReadOnlyList<HotRegion> Regions { get; init; }

    /// <summary>Blocks, the hottest first.</summary>
    public required IReadOnlyList<BlockListing> Blocks { get; init; }

    /// <summary>What the guest's instructions became.</summary>
    public required Expansion Expansion { get; init; }
}

/// <summary>A function of the guest, or a page where no symbols are known.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Where it begins, virtual.</param>
/// <param name="Translated">Samples in its translated code.</param>
/// <param name="Monitor">Samples in the monitor on its behalf.</param>
public sealed record HotRegion(string Name, ulong Address, int Translated, int Monitor);

/// <summary>Host instructions that one guest instruction became, cold code not counted.</summary>
/// <param name="Blocks">Blocks that were looked at.</param>
/// <param name="Median">Over all these blocks.</param>
/// <param name="Mean">Host instructions of all by guest instructions of all.</param>
/// <param name="WeightedMedian">Over samples in translated code, each counting for its block; null without samples.</param>
/// <param name="WeightedMean">As before, the mean.</param>
public sealed record Expansion(int Blocks, double Median, double Mean, double? WeightedMedian, double? WeightedMean);
