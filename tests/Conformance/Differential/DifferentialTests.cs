namespace Strata.Conformance.Differential;

/// <summary>Our machine against QEMU 10 on random programs, address spaces and privileged state: no difference is allowed.</summary>
[Collection("differential")]
public sealed class DifferentialTests(ITestOutputHelper output)
{
    [Theory]
    [MemberData(nameof(DifferentialPlan.Names), MemberType = typeof(DifferentialPlan))]
    public void Interpreter_and_translator_equal_the_oracle(string name)
    {
        using EngineRunners engines = new();
        DifferentialRow row = DifferentialPlan.Row(name);
        DifferentialRun run = new(GuestProgram.Load(row.Program), new QemuRunner());
        output.WriteLine($"seed {DifferentialPlan.Seed}, {row.Cases} cases");
        ulong chunk = DifferentialPlan.FirstChunk(row);
        for (ulong first = 0; first < row.Cases; first += row.Chunk, chunk++)
        {
            string? report = run.Compare(row.Parameters(DifferentialPlan.Seed, first, Math.Min(row.Chunk, row.Cases - first)), engines.OfChunk(chunk));
            Assert.True(report is null, report);
        }

        Assert.Equal(row.Cases, run.Compared);
    }

    [Fact]
    public void Every_variant_of_the_translator_gets_ten_thousand_cases_and_a_thousand_programs()
    {
        Dictionary<EngineVariant, ulong> cases = [];
        Dictionary<EngineVariant, ulong> programs = [];
        foreach (DifferentialRow row in DifferentialPlan.Rows)
        {
            ulong chunk = DifferentialPlan.FirstChunk(row);
            for (ulong first = 0; first < row.Cases; first += row.Chunk, chunk++)
            {
                EngineVariant variant = EngineVariant.Translator(chunk);
                Dictionary<EngineVariant, ulong> kind = row.Program == "programs" ? programs : cases;
                kind[variant] = kind.GetValueOrDefault(variant) + Math.Min(row.Chunk, row.Cases - first);
            }
        }

        output.WriteLine(string.Join(", ", cases.Select(variant => $"{variant.Key.Name}: {variant.Value} and {programs.GetValueOrDefault(variant.Key)}")));
        Assert.Equal(EngineVariant.TranslatorCount, cases.Count);
        Assert.Equal(EngineVariant.TranslatorCount, programs.Count);
        Assert.All(cases, variant => Assert.True(variant.Value >= 10_000, $"{variant.Key.Name}: {variant.Value} cases"));
        Assert.All(programs, variant => Assert.True(variant.Value >= 1_000, $"{variant.Key.Name}: {variant.Value} programs"));
    }

    [Fact]
    public void The_plan_has_two_hundred_thousand_cases() =>
        Assert.True(DifferentialPlan.Rows.Sum(row => (long)row.Cases) >= 200_000);

    [Fact]
    public void Each_known_fault_of_the_oracle_is_marked_where_it_is_kept_out() =>
        Assert.All(OracleFaults.Rows, row =>
        {
            string source = File.ReadAllText(Path.Combine(SourceTree.Root, "tests", "guest", row.File));
            Assert.Contains(row.Mark, source, StringComparison.Ordinal);
        });
}
