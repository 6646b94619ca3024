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
    // A case of "programs" is as much work as ten of the others.
    private const ulong LongCaseChunk = 500;
    private const ulong ShortCaseChunk = 5_000;

    /// <summary>Cases per start of the machines: enough to make the start cheap, few enough that every variant of the translator gets its share.</summary>
    public ulong Chunk => Program == "programs" ? LongCaseChunk : ShortCaseChunk;

    /// <summary>How many chunks there are in ./test.</summary>
    public ulong Chunks => (Cases + Chunk - 1) / Chunk;

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

    // The modes and features of tests/guest/programs/program.h.
    private const uint ProgramMachine = 0;
    private const uint ProgramMachineMprv = 1;
    private const uint ProgramSupervisorSv39 = 2;
    private const uint ProgramUserSv39 = 3;
    private const uint ProgramUserSv48 = 4;
    private const uint ProgramSupervisorSv57 = 5;

    private const ulong Patches = 1UL << 32;
    private const ulong Faults = 1UL << 33;
    private const ulong Spaces = 1UL << 34;
    private const ulong FetchFaults = 1UL << 35;
    private const ulong PmpChanges = 1UL << 36;
    private const ulong StatusChanges = 1UL << 37;
    private const ulong Copies = 1UL << 38;
    private const ulong Splits = 1UL << 39;
    private const ulong Delegation = 1UL << 40;
    private const ulong AnyChange = Patches | Faults | Spaces | FetchFaults | PmpChanges | StatusChanges | Copies | Splits | Delegation;

    // Integer, memory, atomic, float, float memory, fcsr, loops.
    private const ulong AtomicsAndFloats = 0x143d;

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
        new("programs: jumps, machine", "programs", ProgramMachine, 2_000, AllInstructions),
        new("programs: jumps, user Sv39", "programs", ProgramUserSv39, 2_000, AllInstructions),
        new("programs: changed code, machine", "programs", ProgramMachine, 3_000, AllInstructions | Patches | Copies),
        new("programs: changed code, user Sv48", "programs", ProgramUserSv48, 3_000, AllInstructions | Patches | Copies),
        new("programs: changed code, supervisor Sv39", "programs", ProgramSupervisorSv39, 3_000, AllInstructions | Patches | Copies | Spaces),
        new("programs: faults, machine", "programs", ProgramMachine, 2_000, AllInstructions | Faults | StatusChanges),
        new("programs: faults, supervisor Sv39", "programs", ProgramSupervisorSv39, 3_000, AllInstructions | Faults | StatusChanges | Delegation),
        new("programs: faults, user Sv39", "programs", ProgramUserSv39, 3_000, AllInstructions | Faults | FetchFaults | Delegation),
        new("programs: page tables, supervisor Sv39", "programs", ProgramSupervisorSv39, 4_000, AllInstructions | Spaces | Splits | Faults),
        new("programs: page tables, user Sv48", "programs", ProgramUserSv48, 3_000, AllInstructions | Spaces | Splits | FetchFaults),
        new("programs: PMP and MPRV", "programs", ProgramMachineMprv, 3_000, AllInstructions | PmpChanges | StatusChanges | Faults | Spaces),
        new("programs: PMP, user Sv39", "programs", ProgramUserSv39, 3_000, AllInstructions | PmpChanges | StatusChanges | FetchFaults | Delegation),
        new("programs: atomics amid floats, interrupted", "programs", ProgramSupervisorSv39, 3_000, AtomicsAndFloats | StatusChanges | Faults | Spaces, Interrupts: true),
        new("programs: everything, machine, interrupted", "programs", ProgramMachine, 2_000, AllInstructions | AnyChange, Interrupts: true),
        new("programs: everything, MPRV, interrupted", "programs", ProgramMachineMprv, 2_000, AllInstructions | AnyChange, Interrupts: true),
        new("programs: everything, user Sv39, interrupted", "programs", ProgramUserSv39, 3_000, AllInstructions | AnyChange, Interrupts: true),
        new("programs: everything, supervisor Sv57, interrupted", "programs", ProgramSupervisorSv57, 3_000, AllInstructions | AnyChange, Interrupts: true),
    ];

    /// <summary>Names of the rows, for theories: all, or those that hold the text in the environment variable STRATA_ROWS.</summary>
    public static TheoryData<string> Names =>
        [.. Rows.Select(row => row.Name).Where(name => name.Contains(Environment.GetEnvironmentVariable("STRATA_ROWS") ?? "", StringComparison.Ordinal))];

    /// <summary>The seed: 1, or the number in the environment variable STRATA_SEED.</summary>
    public static ulong Seed { get; } =
        Environment.GetEnvironmentVariable("STRATA_SEED") is { Length: > 0 } text ? ulong.Parse(text, CultureInfo.InvariantCulture) : 1;

    /// <summary>The number of a row's first chunk when all rows are run one after the other.</summary>
    public static ulong FirstChunk(DifferentialRow row)
    {
        ulong number = 0;
        foreach (DifferentialRow before in Rows.TakeWhile(other => other != row))
            number += before.Chunks;
        return number;
    }

    /// <summary>The row of a name.</summary>
    public static DifferentialRow Row(string name) => Rows.Single(row => row.Name == name);
}
