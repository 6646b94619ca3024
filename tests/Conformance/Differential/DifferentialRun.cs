namespace Strata.Conformance.Differential;

/// <summary>
/// Runs the same bytes on the oracle and on machines under test, and compares what they print; a difference is narrowed to one case and shrunk.
/// </summary>
/// <remarks>Block hashes → hashes of the cases of the first block that differs → one case with its whole state → a smaller case.</remarks>
public sealed class DifferentialRun(GuestProgram program, IProgramRunner oracle)
{
    private static readonly TimeSpan s_startup = TimeSpan.FromSeconds(30);

    /// <summary>Wall time a single case may take with its machine's start: shrinking a case that hangs waits this long each time.</summary>
    private static readonly TimeSpan s_single = TimeSpan.FromSeconds(8);

    /// <summary>Wall time a case may take at most, before the run counts as hanging: whole programs, and all others.</summary>
    private readonly TimeSpan _perCase = TimeSpan.FromMilliseconds(program.Name == "programs" ? 250 : 20);

    /// <summary>Cases compared and equal so far.</summary>
    public ulong Compared { get; private set; }

    /// <summary>Compares a range of cases: the oracle runs them once, whoever is tested one after the other.</summary>
    /// <returns>Null when all are equal; else the report of the first that is not.</returns>
    public string? Compare(Parameters parameters, params IProgramRunner[] underTest)
    {
        Task<ProgramOutput> oracles = StartOracle(parameters);
        foreach (IProgramRunner tested in underTest)
        {
            ProgramOutput actual = RunTested(tested, parameters);
            ProgramOutput expected = oracles.GetAwaiter().GetResult();
            if (Fatal(expected) is { } trap && trap == Fatal(actual))
                return $"{program.Name}: seed {parameters.Seed}, mode {parameters.Mode}: the generator itself failed, on both machines alike: {trap}";
            if (HashStream.FirstDifference("block", expected, actual, parameters.First) is { } block)
                return Narrow(parameters, block, tested, wasLate: expected.Hung || actual.Hung);
        }

        Compared += parameters.Count;
        return null;
    }

    private string Narrow(Parameters parameters, ulong block, IProgramRunner tested, bool wasLate)
    {
        ulong blockCount = Math.Min(parameters.Block, parameters.First + parameters.Count - block);
        Parameters narrowed = parameters with { First = block, Count = blockCount, Verbosity = Verbosity.Cases };
        (ProgramOutput expected, ProgramOutput actual) = RunBoth(narrowed, tested);
        ulong? number = HashStream.FirstDifference("case", expected, actual, narrowed.First);
        wasLate |= expected.Hung || actual.Hung;
        if (number is null) return Unrepeatable(parameters, block, tested, wasLate);

        Parameters single = parameters with { First = number.Value, Count = 1, Verbosity = Verbosity.States };
        (expected, actual) = RunBoth(single, tested);
        if (Agree(expected, actual)) return Unrepeatable(parameters, number.Value, tested, wasLate);
        Shrinker shrinker = new(candidate => !Agree(RunBoth(candidate, tested)));
        Parameters smallest = shrinker.Shrink(single, expected);
        (expected, actual) = RunBoth(smallest, tested);
        return CaseReport.Write(program.Name, oracle.Name, tested.Name, smallest, expected, actual);
    }

    // A trap outside any case (report_fatal_trap in tests/guest/runtime).
    private static string? Fatal(ProgramOutput output) =>
        output.Lines.LastOrDefault(line => line.StartsWith("fatal ", StringComparison.Ordinal));

    private static bool Agree((ProgramOutput Expected, ProgramOutput Actual) pair) => Agree(pair.Expected, pair.Actual);

    private static bool Agree(ProgramOutput expected, ProgramOutput actual) =>
        HashStream.IsWhole(expected) == HashStream.IsWhole(actual) &&
        HashStream.FirstDifference("case", expected, actual, 0) is null;

    private string Unrepeatable(Parameters parameters, ulong number, IProgramRunner tested, bool wasLate) =>
        $"{program.Name}: seed {parameters.Seed}, mode {parameters.Mode}: {oracle.Name} and {tested.Name} differ in a run of " +
        $"{parameters.Count} cases near case {number}, " +
        (wasLate ? "and one of them did not end in its time." : "but not when it is run again in a smaller range: something outlives a case, or depends on time.");

    private (ProgramOutput Expected, ProgramOutput Actual) RunBoth(Parameters parameters, IProgramRunner tested)
    {
        Task<ProgramOutput> expected = StartOracle(parameters);
        ProgramOutput actual = RunTested(tested, parameters);
        return (expected.GetAwaiter().GetResult(), actual);
    }

    // What is tested by falsifying gets an image of its own, and the fault in it; the oracle never does.
    private Task<ProgramOutput> StartOracle(Parameters parameters)
    {
        byte[] image = program.With(parameters);
        return Task.Run(() => oracle.Run(image, BudgetOf(parameters)));
    }

    private ProgramOutput RunTested(IProgramRunner tested, Parameters parameters) => tested.Run(program.With(parameters), BudgetOf(parameters));

    private TimeSpan BudgetOf(Parameters parameters) => parameters.Count == 1 ? s_single : s_startup + (parameters.Count * _perCase);
}
