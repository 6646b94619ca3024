using System.Diagnostics;

namespace Strata.Machines.Tests;

/// <summary>The tree that these tests run in, and the tools of the machine.</summary>
internal static class SourceTree
{
    /// <summary>The folder of <c>Strata.slnx</c>.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Runs a program to its end, which must be a good one, and answers its standard output.</summary>
    public static string Run(string program, params string[] arguments) => Run(program, arguments, out _);

    /// <summary>Runs a program to its end, which must be a good one, and answers its standard output and standard error.</summary>
    public static string Run(string program, string[] arguments, out string errors)
    {
        ProcessStartInfo start = new(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        Task<string> reading = process.StandardError.ReadToEndAsync();
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        errors = reading.GetAwaiter().GetResult();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} failed: {errors}");
        return text;
    }

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Strata.slnx")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("the tests run inside the source tree: Strata.slnx was not found");
    }
}
