using System.Globalization;

namespace Strata.Conformance.Differential;

/// <summary>One row of the plan: which program runs how many cases in which way.</summary>
/// <param name="Name">What the row is called in reports and progress.</param>
/// <param name="Program">The guest program.</param>
/// <param name="Mode">The program's mode.</param>
/// <param name="Cases">Cases in <c>./test</c>.</param>
/// <param name="Pools">The program's pools.</param>
/// <param name="Interrupts">Whether timer interrupts come at random moments, which must leave no trace.</param>
public sealed record DifferentialRow(string Name, string Program, uint Mode, ulong Cases, ulong Pools, bool Interrupts = false)
{
    /// <summary>Parameters of a part of the row's cases.</summary>
    public Parameters Parameters(ulong seed, ulong first, ulong count) => new()
    {
        Seed = seed,
        First = first,
        Count = count,
        Mode = Mode,
        Pools = Pools,
        Interrupts = Interrupts ? seed | 1 : 0,
    };
}

/// <summary>All rows; together more than 200,000 cases.</summary>
public static class DifferentialPlan
{
    // The modes of tests/guest/instructions/case.h.
    private const uint Machine = 0;
    private const uint SupervisorSv39 = 1;
    private const uint UserSv39 = 2;
    private const uint UserSv48 = 3;
    private const uint SupervisorSv57 = 4;

    private const ulong AllInstructions = 0xffff;
    private const ulong All16Bit = 0x10000;
    private const ulong AllFeatures = 0xffff_ffff;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<DifferentialRow> Rows { get; } =
    [
        new("machine", "instructions", Machine, 50_000, AllInstructions),
        new("supervisor Sv39", "instructions", SupervisorSv39, 25_000, AllInstructions),
        new("user Sv39", "instructions", UserSv39, 25_000, AllInstructions),
        new("user Sv48", "instructions", UserSv48, 15_000, AllInstructions),
        new("supervisor Sv57", "instructions", SupervisorSv57, 10_000, AllInstructions),
        new("machine, interrupted", "instructions", Machine, 10_000, AllInstructions, Interrupts: true),
        new("user Sv39, interrupted", "instructions", UserSv39, 10_000, AllInstructions, Interrupts: true),
        new("all 16-bit words", "instructions", Machine, 49_152, All16Bit),
        new("page tables", "paging", 0, 20_000, AllFeatures),
        new("privileged", "privileged", 0, 20_000, AllInstructions),
    ];

    /// <summary>Names of the rows, for theories.</summary>
    public static TheoryData<string> Names => [.. Rows.Select(row => row.Name)];

    /// <summary>The seed: 1, or the number in the environment variable STRATA_SEED.</summary>
    public static ulong Seed { get; } =
        Environment.GetEnvironmentVariable("STRATA_SEED") is { Length: > 0 } text ? ulong.Parse(text, CultureInfo.InvariantCulture) : 1;

    /// <summary>The number of a row's first chunk when all rows are run one after the other.</summary>
    public static ulong FirstChunk(DifferentialRow row, ulong chunk)
    {
        ulong number = 0;
        foreach (DifferentialRow before in Rows.TakeWhile(other => other != row))
            number += (before.Cases + chunk - 1) / chunk;
        return number;
    }

    /// <summary>The row of a name.</summary>
    public static DifferentialRow Row(string name) => Rows.Single(row => row.Name == name);
}
