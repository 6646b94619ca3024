namespace Strata.Conformance.Differential;

/// <summary>
/// Runs the same bytes on two machines and compares what they print; a difference is narrowed to one case and shrunk.
/// </summary>
/// <remarks>Block hashes → hashes of the cases of the first block that differs → one case with its whole state → a smaller case.</remarks>
public sealed class DifferentialRun(GuestProgram program, IProgramRunner oracle, IProgramRunner underTest)
{
    private static readonly TimeSpan s_startup = TimeSpan.FromSeconds(30);

    /// <summary>Wall time a single case may take with its machine's start: shrinking a case that hangs waits this long each time.</summary>
    private static readonly TimeSpan s_single = TimeSpan.FromSeconds(8);

    /// <summary>Wall time a case may take at most, before the run counts as hanging.</summary>
    private static readonly TimeSpan s_perCase = TimeSpan.FromMilliseconds(5);

    /// <summary>Cases compared and equal so far.</summary>
    public ulong Compared { get; private set; }

    /// <summary>Compares a range of cases.</summary>
    /// <returns>Null when all are equal; else the report of the first that is not.</returns>
    public string? Compare(Parameters parameters)
    {
        (ProgramOutput expected, ProgramOutput actual) = RunBoth(parameters);
        if (Fatal(expected) is { } trap && trap == Fatal(actual))
            return $"{program.Name}: seed {parameters.Seed}, mode {parameters.Mode}: the generator itself failed, on both machines alike: {trap}";
        ulong? block = HashStream.FirstDifference("block", expected, actual, parameters.First);
        if (block is null)
        {
            Compared += parameters.Count;
            return null;
        }

        ulong blockCount = Math.Min(parameters.Block, parameters.First + parameters.Count - block.Value);
        Parameters narrowed = parameters with { First = block.Value, Count = blockCount, Verbosity = Verbosity.Cases };
        (expected, actual) = RunBoth(narrowed);
        ulong? number = HashStream.FirstDifference("case", expected, actual, narrowed.First);
        if (number is null) return Unrepeatable(parameters, block.Value);

        Parameters single = parameters with { First = number.Value, Count = 1, Verbosity = Verbosity.States };
        (expected, actual) = RunBoth(single);
        if (Agree(expected, actual)) return Unrepeatable(parameters, number.Value);
        Shrinker shrinker = new(candidate => !Agree(RunBoth(candidate)));
        Parameters smallest = shrinker.Shrink(single, expected);
        (expected, actual) = RunBoth(smallest);
        return CaseReport.Write(program.Name, oracle.Name, underTest.Name, smallest, expected, actual);
    }

    // A trap outside any case (report_fatal_trap in tests/guest/runtime).
    private static string? Fatal(ProgramOutput output) =>
        output.Lines.LastOrDefault(line => line.StartsWith("fatal ", StringComparison.Ordinal));

    private static bool Agree((ProgramOutput Expected, ProgramOutput Actual) pair) => Agree(pair.Expected, pair.Actual);

    private static bool Agree(ProgramOutput expected, ProgramOutput actual) =>
        HashStream.IsWhole(expected) == HashStream.IsWhole(actual) &&
        HashStream.FirstDifference("case", expected, actual, 0) is null;

    private string Unrepeatable(Parameters parameters, ulong number) =>
        $"{program.Name}: seed {parameters.Seed}, mode {parameters.Mode}: {oracle.Name} and {underTest.Name} differ in a run of " +
        $"{parameters.Count} cases near case {number}, but not when it is run again in a smaller range: something outlives a case, or depends on time.";

    private (ProgramOutput Expected, ProgramOutput Actual) RunBoth(Parameters parameters)
    {
        byte[] image = program.With(parameters);
        TimeSpan budget = parameters.Count == 1 ? s_single : s_startup + (parameters.Count * s_perCase);
        Task<ProgramOutput> expected = Task.Run(() => oracle.Run(image, budget));

        // What is tested by falsifying gets the fault; the oracle never does.
        ProgramOutput actual = underTest.Run([.. image], budget);
        return (expected.GetAwaiter().GetResult(), actual);
    }
}
