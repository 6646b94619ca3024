using Strata.Cpu.Translations;

namespace Strata.Conformance.Differential;

/// <summary>Our machine against QEMU 10 on random programs, address spaces and privileged state: no difference is allowed.</summary>
[Collection("differential")]
public sealed class DifferentialTests(ITestOutputHelper output)
{
    /// <summary>Cases per start of the machines: enough to make the start cheap, few enough to see progress.</summary>
    private const ulong Chunk = 10_000;

    [Theory]
    [MemberData(nameof(DifferentialPlan.Names), MemberType = typeof(DifferentialPlan))]
    public void Equals_the_oracle(string name)
    {
        using StrataRunner strata = new();
        Compare(name, strata);
    }

    [Theory]
    [MemberData(nameof(DifferentialPlan.Names), MemberType = typeof(DifferentialPlan))]
    public void The_translator_equals_the_oracle(string name)
    {
        using StrataRunner strata = new(new TranslationOptions());
        Compare(name, strata);
    }

    [Theory]
    [MemberData(nameof(DifferentialPlan.Names), MemberType = typeof(DifferentialPlan))]
    public void The_translator_that_counts_equals_the_oracle(string name)
    {
        using StrataRunner strata = new(new TranslationOptions { CountsInstructions = true });
        Compare(name, strata);
    }

    private void Compare(string name, StrataRunner strata)
    {
        DifferentialRow row = DifferentialPlan.Row(name);
        DifferentialRun run = new(GuestProgram.Load(row.Program), new QemuRunner(), strata);
        output.WriteLine($"seed {DifferentialPlan.Seed}, {row.Cases} cases");
        for (ulong first = 0; first < row.Cases; first += Chunk)
        {
            string? report = run.Compare(row.Parameters(DifferentialPlan.Seed, first, Math.Min(Chunk, row.Cases - first)));
            Assert.True(report is null, report);
        }

        Assert.Equal(row.Cases, run.Compared);
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
