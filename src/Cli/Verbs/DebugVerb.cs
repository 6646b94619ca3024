using System.CommandLine;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Strata.Api.Control;
using Strata.Api.Debugging;
using Strata.Cli.Inspection;
using Strata.Cli.Machines;
using Strata.Cli.Output;

namespace Strata.Cli.Verbs;

/// <summary><c>strata debug</c>: looks inside a machine that runs. <c>code</c>: its translated code beside the guest's.</summary>
internal static class DebugVerb
{
    private const string Hint = "run: strata debug code --help";
    private const int DefaultHotBlocks = 5;
    private const int MaximumHotBlocks = 1024;
    private const int SampledMilliseconds = 1000;
    private const int SamplesPerSecond = 997;

    internal static Command Build(GlobalOptions options)
    {
        Command verb = new("debug", "look inside a machine that runs") { BuildCode(options) };
        return verb;
    }

    private static Command BuildCode(GlobalOptions options)
    {
        Argument<string?> machine = new("MACHINE") { Description = "the machine's id; none: the only one that runs", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> address = new("--address") { Description = "the blocks that hold this address, as hart 0 sees it now (physical, where nothing is mapped)", HelpName = "A" };
        Option<string?> symbol = new("--symbol") { Description = "the blocks of this function", HelpName = "NAME" };
        Option<int?> hot = new("--hot") { Description = "the N blocks that the machine is in most often, by a second of samples; 5 if nothing else is asked for", HelpName = "N" };
        Option<bool> page = new("--page") { Description = "all blocks of the page" };
        Option<string?> symbols = new("--symbols") { Description = "symbols: an ELF file, a System.map, a copy of kallsyms, or guest (its own kernel's), none", HelpName = "FILE|guest|none" };
        Command verb = new("code", "show guest code and what it was translated to, side by side") { machine, address, symbol, hot, page, symbols };
        verb.SetAction(async (parsed, cancellation) =>
        {
            string? where = parsed.GetValue(address);
            ulong? parsedAddress = where is null ? null : AddressArgument.Parse(where) ?? throw Usage($"{where} is no address", "addresses are hexadecimal: 0xffffffff80001000");
            int? count = parsed.GetValue(hot) ?? (where is null && parsed.GetValue(symbol) is null ? DefaultHotBlocks : null);
            if ((where is null ? 0 : 1) + (parsed.GetValue(symbol) is null ? 0 : 1) + (count is null ? 0 : 1) != 1)
                throw Usage("--address, --symbol and --hot exclude each other", Hint);
            if (count is < 1 or > MaximumHotBlocks)
                throw Usage($"--hot takes 1 to {MaximumHotBlocks}", Hint);
            using ProgressDisplay progress = ProgressDisplay.For(parsed.GetValue(options.Progress));
            await using RunningMachine running = await RunningMachine.ConnectAsync(parsed.GetValue(machine), cancellation);
            using SafeFileHandle? table = await SymbolSource.OpenAsync(parsed.GetValue(symbols), running, progress, cancellation);
            CodeRecord code;
            if (count is { } blocks)
            {
                progress.Await("profile", "sampling for a second");
                ProfileRequest profile = new(SampledMilliseconds, SamplesPerSecond, blocks, table is not null, HasPerfMap: false);
                code = (await InspectionAnswer.AskAsync(running, profile, ControlJson.Default.ProfileRecord, cancellation, table)).Code;
            }
            else
            {
                CodeRequest request = new(parsedAddress, parsed.GetValue(symbol), parsed.GetValue(page), table is not null);
                code = await InspectionAnswer.AskAsync(running, request, ControlJson.Default.CodeRecord, cancellation, table);
            }

            progress.Finish();
            StandardStreams.WriteResult(parsed.GetValue(options.Json) ? JsonSerializer.Serialize(code, ControlJson.Default.CodeRecord) + "\n" : CodeText.Format(code));
            return ExitCode.Success;
        });
        return verb;
    }

    private static CommandException Usage(string why, string hint) => new("E-USAGE", "cannot understand the command line", why, hint, ExitCode.Usage);
}
