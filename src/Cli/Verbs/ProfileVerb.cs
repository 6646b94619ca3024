using System.CommandLine;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Strata.Api.Control;
using Strata.Api.Debugging;
using Strata.Cli.Inspection;
using Strata.Cli.Machines;
using Strata.Cli.Output;

namespace Strata.Cli.Verbs;

/// <summary><c>strata profile</c>: where a machine that runs spends its time.</summary>
internal static class ProfileVerb
{
    private const double MaximumSeconds = 3600;
    private const int MaximumRate = 5000;

    internal static Command Build(GlobalOptions options)
    {
        Argument<string?> machine = new("MACHINE") { Description = "the machine's id; none: the only one that runs", Arity = ArgumentArity.ZeroOrOne };
        Option<double> seconds = new("--seconds") { Description = "how long", HelpName = "S", DefaultValueFactory = _ => 5 };
        Option<int> rate = new("--rate") { Description = "samples a second", HelpName = "N", DefaultValueFactory = _ => 997 };
        Option<int> top = new("--top") { Description = "regions that are shown", HelpName = "N", DefaultValueFactory = _ => 30 };
        Option<string?> symbols = new("--symbols") { Description = "symbols: an ELF file, a System.map, a copy of kallsyms, or guest (its own kernel's), none", HelpName = "FILE|guest|none" };
        Option<string?> perfMap = new("--perf-map") { Description = "also write a map of the translated code for the host's perf: /tmp/perf-PID.map, with the monitor's PID", HelpName = "FILE" };
        Command verb = new("profile", "show where a machine that runs spends its time") { machine, seconds, rate, top, symbols, perfMap };
        verb.SetAction(async (parsed, cancellation) =>
        {
            double duration = parsed.GetValue(seconds);
            if (duration is not (>= 0 and <= MaximumSeconds) || parsed.GetValue(rate) is < 1 or > MaximumRate)
                throw new CommandException("E-USAGE", "cannot understand the command line", $"seconds are 0 to {MaximumSeconds}, samples a second 1 to {MaximumRate}", "run: strata profile --help", ExitCode.Usage);
            using ProgressDisplay progress = ProgressDisplay.For(parsed.GetValue(options.Progress));
            await using RunningMachine running = await RunningMachine.ConnectAsync(parsed.GetValue(machine), cancellation);
            using SafeFileHandle? table = await SymbolSource.OpenAsync(parsed.GetValue(symbols), running, progress, cancellation);
            using SafeFileHandle? map = parsed.GetValue(perfMap) is { } path ? Create(path) : null;
            progress.Await("profile", $"sampling for {duration} seconds");
            ProfileRequest request = new((int)(duration * 1000), parsed.GetValue(rate), 0, table is not null, map is not null);
            ProfileRecord profile = await InspectionAnswer.AskAsync(running, request, ControlJson.Default.ProfileRecord, cancellation, table, map);
            progress.Finish();
            if (parsed.GetValue(options.Json))
            {
                StandardStreams.WriteResult(JsonSerializer.Serialize(profile, ControlJson.Default.ProfileRecord) + "\n");
                return ExitCode.Success;
            }

            StandardStreams.WriteResult(ProfileText.Summary(profile));
            Report.Table(["SHARE", "TRANSLATED", "MONITOR", "ADDRESS", "REGION"], ProfileText.Rows(profile, parsed.GetValue(top)));
            return ExitCode.Success;
        });
        return verb;
    }

    private static SafeFileHandle Create(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException("E-OUTPUT", "cannot write the perf map", failure.Message);
        }
    }
}
