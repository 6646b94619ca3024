namespace Strata.Bench.Classes;

/// <summary>Programs of one kind, whose ratios are summed up by a geometric mean.</summary>
/// <param name="Name">The word on the command line.</param>
/// <param name="Title">What the programs have in common.</param>
/// <param name="Gate">What the mean of ours by native must not exceed.</param>
/// <param name="Aim">What it should come down to in the end.</param>
/// <param name="Programs">The programs.</param>
internal sealed record ProgramClass(string Name, string Title, double Gate, double Aim, IReadOnlyList<MeasuredProgram> Programs)
{
    /// <summary>True if each program has a guest of its own, just booted, and runs alone in it; else another process beside it wakes a hundred times a second.</summary>
    public bool FreshAfterBoot { get; init; }

    /// <summary>True if the figures are microseconds for each round, as gate and aim are; else milliseconds for all.</summary>
    public bool PerRound { get; init; }

    /// <summary>What the guest needs beside the driver and its programs.</summary>
    public GuestPackages Packages { get; init; }
}

/// <summary>What a guest is given of Debian's packages.</summary>
internal enum GuestPackages
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A shell and small programs with their libraries.</summary>
    Small,

    /// <summary>These, python and a compiler.</summary>
    Large,
}

/// <summary>A program of <c>bench/guest/programs</c> or a script of <c>bench/guest/scripts</c>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Rounds">How often it turns: about 70 ms on a processor of 2024.</param>
internal sealed record MeasuredProgram(string Name, long Rounds)
{
    /// <summary>Why it computes something else on x86-64 than on RISC-V; null if it must not.</summary>
    public string? NativeDiffers { get; init; }
}
