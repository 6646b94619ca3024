using System.Diagnostics;
using System.Text;

namespace Strata.Conformance.WholeMachines;

/// <summary>Runs <c>./strata</c> as a user does and keeps what it said. Every wait ends, and says what was awaited and what was seen.</summary>
internal sealed record CommandLine(int ExitCode, string Output, string Error)
{
    /// <summary>How long a machine may take from its start to its end: many times what it takes on a busy machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(150);

    private static readonly TimeSpan s_streamPatience = TimeSpan.FromSeconds(10);

    /// <summary>Runs it to its end with <paramref name="input"/> as standard input.</summary>
    public static CommandLine Run(string input, params string[] arguments) => Run(Patience, input, arguments);

    /// <summary>Runs it to its end, within <paramref name="patience"/>.</summary>
    public static CommandLine Run(TimeSpan patience, string input, params string[] arguments) => Run(Repository.Home, patience, input, arguments);

    /// <summary>Runs it to its end, with everything that strata keeps in <paramref name="home"/>.</summary>
    public static CommandLine Run(string home, TimeSpan patience, string input, string[] arguments)
    {
        using Process process = Start(home, arguments);
        Collected output = new(process.StandardOutput), error = new(process.StandardError);
        _ = Task.Run(() => Type(process, input));
        bool ended = process.WaitForExit(patience);
        if (!ended)
            process.Kill(entireProcessTree: true);

        // The streams end with the process, unless a child of it has kept them.
        bool whole = Task.WaitAll([output.Ended, error.Ended], s_streamPatience);
        if (!ended || !whole)
        {
            string why = ended ? $"left its streams open for {s_streamPatience}" : $"did not end within {patience}";
            Assert.Fail($"strata {string.Join(' ', arguments)} {why}; it said:\n{output.Text}\nand on standard error:\n{error.Text}");
        }

        return new CommandLine(process.ExitCode, output.Text, error.Text);
    }

    private static Process Start(string home, string[] arguments)
    {
        ProcessStartInfo start = new(Repository.File("strata"), arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["STRATA_HOME"] = home;
        return Process.Start(start)!;
    }

    private static void Type(Process process, string input)
    {
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (Exception failure) when (failure is IOException or InvalidOperationException)
        {
            // It ended without reading: its exit code tells.
        }
    }

    /// <summary>What a stream has said so far.</summary>
    private sealed class Collected
    {
        private readonly StringBuilder _text = new();   // locked

        public Collected(StreamReader stream) => Ended = Task.Run(async () =>
        {
            char[] buffer = new char[4096];
            int got;
            while ((got = await stream.ReadAsync(buffer)) > 0)
            {
                lock (_text)
                    _ = _text.Append(buffer, 0, got);
            }
        });

        public Task Ended { get; }

        public string Text
        {
            get
            {
                lock (_text)
                    return _text.ToString();
            }
        }
    }
}
