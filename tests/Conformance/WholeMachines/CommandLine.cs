using System.Diagnostics;

namespace Strata.Conformance.WholeMachines;

/// <summary>Runs <c>./strata</c> as a user does and keeps what it said.</summary>
internal sealed record CommandLine(int ExitCode, string Output, string Error)
{
    private static readonly TimeSpan s_budget = TimeSpan.FromMinutes(4);

    /// <summary>Runs it to its end with <paramref name="input"/> as standard input.</summary>
    public static CommandLine Run(string input, params string[] arguments)
    {
        using Process process = Start(arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        if (!process.WaitForExit(s_budget))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"strata {string.Join(' ', arguments)} did not end within {s_budget}: {error.Result}");
        }

        return new CommandLine(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>Starts it with all streams piped.</summary>
    public static Process Start(params string[] arguments)
    {
        ProcessStartInfo start = new(Repository.File("strata"), arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["STRATA_HOME"] = Repository.Home;
        return Process.Start(start)!;
    }
}
