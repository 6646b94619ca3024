using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Strata.Cli.Output;
using Strata.Cli.Verbs;

namespace Strata.Cli;

/// <summary>The whole command line: parses it, runs the verb, and turns whatever ends it into a message and an exit code.</summary>
internal static class CommandLine
{
    /// <summary>Runs one command line and returns its exit code.</summary>
    internal static async Task<int> RunAsync(string[] args)
    {
        // What follows -- is a command for the guest; the parser would take its first word for an image.
        int separator = Array.IndexOf(args, "--");
        string[] guestCommand = separator < 0 ? [] : args[(separator + 1)..];
        string[] own = separator < 0 ? args : args[..separator];

        GlobalOptions options = new();
        RootCommand root = Build(options, separator < 0 ? null : guestCommand);
        Report report = new(own.Contains("--json"));
        try
        {
            ParseResult parsed = root.Parse(own);
            if (parsed.Errors.Count > 0 && parsed.Action is not HelpAction)
                throw Misunderstood(parsed, root);
            if (separator >= 0 && parsed.CommandResult.Command.Name != RunVerb.Name)
                throw new CommandException("E-USAGE", "cannot understand the command line", "only run takes a command after --", "run: strata --help", ExitCode.Usage);
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (CommandException failure)
        {
            report.Error(failure.Error);
            return failure.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception failure)
        {
            // The boundary of the process: a fault of ours, told like any other failure.
            report.Error(new("E-INTERNAL", "strata failed", $"{failure.GetType().Name}: {failure.Message}", "this is a defect of strata; please report it with the command line"));
            return ExitCode.Failure;
        }
    }

    private static RootCommand Build(GlobalOptions options, string[]? guestCommand)
    {
        RootCommand root = new("Runs whole RISC-V machines, without special hardware and without root.")
        {
            options.Json,
            options.Progress,
        };
        foreach (Option builtIn in root.Options.Where(option => option is VersionOption).ToList())
            _ = root.Options.Remove(builtIn);
        root.Add(RunVerb.Build(options, guestCommand));
        root.Add(PullVerb.Build(options));
        root.Add(ImagesVerb.Build(options));
        root.Add(PsVerb.Build(options));
        root.Add(DebugVerb.Build(options));
        root.Add(DoctorVerb.Build(options));
        root.Add(ProfileVerb.Build(options));
        root.Add(VersionVerb.Build(options));
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples();
        root.SetAction(parsed => new HelpWithExamples().Invoke(parsed));
        return root;
    }

    private static CommandException Misunderstood(ParseResult parsed, RootCommand root)
    {
        string verb = parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name + " ";
        string[] known =
        [
            .. parsed.CommandResult.Command.Subcommands.Select(command => command.Name),
            .. parsed.CommandResult.Command.Options.Concat(root.Options).SelectMany(option => option.Aliases.Append(option.Name)),
        ];

        // The parser takes an option that it does not know for an argument and complains of what follows.
        string? option = parsed.Tokens.Select(token => token.Value).FirstOrDefault(word => word.StartsWith("--", StringComparison.Ordinal) && !known.Contains(word, StringComparer.Ordinal));
        string? unknown = option ?? (parsed.UnmatchedTokens.Count > 0 ? parsed.UnmatchedTokens[0] : null);
        string? near = unknown is null ? null : known.Where(name => Spelling.IsNear(unknown, name)).MinBy(name => Spelling.Distance(unknown, name));
        string why = option is not null ? $"there is no option {option}" : unknown is not null && parsed.CommandResult.Command.Subcommands.Count > 0 ? $"there is no verb {unknown}" : Lowered(parsed.Errors[0]);
        return new(
            "E-USAGE", "cannot understand the command line", why,
            near is null ? $"run: strata {verb}--help" : $"did you mean {near}? (strata {verb}--help tells more)", ExitCode.Usage);
    }

    private static string Lowered(ParseError error) => char.ToLowerInvariant(error.Message[0]) + error.Message[1..].TrimEnd('.');
}

/// <summary>Options that every verb has.</summary>
internal sealed class GlobalOptions
{
    private static readonly Dictionary<string, ProgressStyle> Styles = new(StringComparer.Ordinal)
    {
        ["auto"] = ProgressStyle.Auto,
        ["plain"] = ProgressStyle.Plain,
        ["json"] = ProgressStyle.Json,
        ["none"] = ProgressStyle.None,
    };

    /// <summary>Results and errors as JSON.</summary>
    internal Option<bool> Json { get; } = new("--json") { Description = "print results and errors as JSON", Recursive = true };

    /// <summary>How waiting is shown.</summary>
    internal Option<ProgressStyle> Progress { get; } = new("--progress")
    {
        Description = "how waiting is shown: auto (bars on a terminal, else lines), plain, json, none",
        HelpName = "auto|plain|json|none",
        Recursive = true,
        CustomParser = given => WordOption.Read(given, Styles),
    };
}
