using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using Strata.Api.Control;
using Strata.Cli.Output;

namespace Strata.Cli.Verbs;

/// <summary><c>strata version</c>.</summary>
internal static class VersionVerb
{
    /// <summary>What it prints.</summary>
    internal static string Text => $"strata {Number}\n";

    private static string Number => typeof(VersionVerb).Assembly.GetName().Version?.ToString(3) ?? "0";

    internal static Command Build(GlobalOptions options)
    {
        Command verb = new("version", "print the version");
        verb.SetAction(parsed =>
        {
            StandardStreams.WriteResult(parsed.GetValue(options.Json)
                ? JsonSerializer.Serialize(new(Number, ControlProtocol.Version, RuntimeInformation.FrameworkDescription), CliJson.Default.VersionRecord) + "\n"
                : Text);
            return ExitCode.Success;
        });
        return verb;
    }
}
