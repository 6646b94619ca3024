namespace Strata.Conformance.Differential;

/// <summary>A machine that runs a bare-metal program from 0x80000000 in M-mode until the program ends itself.</summary>
public interface IProgramRunner
{
    /// <summary>What reports call it.</summary>
    string Name { get; }

    /// <summary>Runs a program.</summary>
    /// <param name="elf">The program.</param>
    /// <param name="budget">Wall time after which it counts as hanging and is ended.</param>
    ProgramOutput Run(byte[] elf, TimeSpan budget);
}

/// <summary>What a program did.</summary>
/// <param name="Text">What it printed on its serial port.</param>
/// <param name="ExitCode">Its code: 0 passed, by the test finisher's convention.</param>
/// <param name="Hung">It was ended because its time was over.</param>
public sealed record ProgramOutput(string Text, int ExitCode, bool Hung)
{
    /// <summary>The lines printed; an unfinished last one is left out.</summary>
    public IReadOnlyList<string> Lines { get; } = SplitLines(Text);

    private static string[] SplitLines(string text)
    {
        string[] parts = text.ReplaceLineEndings("\n").Split('\n');
        return parts[..^1];
    }
}
