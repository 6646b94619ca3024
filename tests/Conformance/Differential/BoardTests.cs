namespace Strata.Conformance.Differential;

/// <summary>Single accesses to the board's devices, of every width, alignment and kind, and what moving mtime does: a line for each, as the oracle has it.</summary>
[Collection("differential")]
public sealed class BoardTests
{
    private static readonly TimeSpan Budget = TimeSpan.FromMinutes(1);

    // stimecmp after mtime was written: QEMU 10 leaves its timer where it was; the comparison of Sstc is with the time that is.
    private const string Ours = "stimecmp is";

    [Fact]
    public void Equals_the_oracle()
    {
        byte[] program = GuestProgram.Load("board").With(new Parameters { Seed = 1, Count = 1 });
        using StrataRunner strata = new();
        string[] ours = Lines(strata, program);
        string[] expected = Lines(new QemuRunner(), program);
        Assert.Equal("end", expected[^1]);
        string[] differences = [.. ours.Zip(expected).Where(pair => pair.First != pair.Second && !pair.First.StartsWith(Ours, StringComparison.Ordinal))
            .Select(pair => $"Strata {pair.First}{Environment.NewLine}QEMU   {pair.Second}")];
        Assert.True(differences.Length == 0, $"{differences.Length} differences:{Environment.NewLine}{string.Join(Environment.NewLine, differences.Take(40))}");
        Assert.Equal(expected.Length, ours.Length);
        Assert.Equal("0 1 1 1 0 1", string.Join(' ', ours.Where(line => line.StartsWith(Ours, StringComparison.Ordinal)).Select(line => line[^1])));
    }

    private static string[] Lines(IProgramRunner runner, byte[] program)
    {
        ProgramOutput output = runner.Run(program, Budget);
        Assert.False(output.Hung, $"{runner.Name} did not end: {output.Text}");
        return output.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
