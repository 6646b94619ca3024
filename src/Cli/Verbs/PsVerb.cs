using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Strata.Api.Machines;
using Strata.Cli.Machines;
using Strata.Cli.Output;

namespace Strata.Cli.Verbs;

/// <summary><c>strata ps</c>: the machines that run.</summary>
internal static class PsVerb
{
    internal static Command Build(GlobalOptions options)
    {
        Command verb = new("ps", "list the machines that run");
        verb.SetAction(async (parsed, cancellation) =>
        {
            using MachineFolder machines = MachineFolder.Open();
            IReadOnlyList<StatusRecord> found = await machines.InspectAsync(cancellation);
            if (parsed.GetValue(options.Json))
                StandardStreams.WriteResult(JsonSerializer.Serialize(found, CliJson.Default.IReadOnlyListStatusRecord) + "\n");
            else
                Report.Table(["ID", "STATUS", "UP", "MEMORY", "IMAGE", "COMMAND", "MONITOR"], [.. found.Select(Row)]);
            return ExitCode.Success;
        });
        return verb;
    }

    private static IReadOnlyList<string> Row(StatusRecord status) =>
    [
        status.Id,
        status.Phase switch
        {
            MachinePhase.Empty => "starting",
            MachinePhase.Running when status.Command is not null && !status.Agent => "booting",
            MachinePhase.Running => "running",
            MachinePhase.Stopping => "stopping",
            _ => "exited",
        },
        Amount.Duration(TimeSpan.FromMilliseconds(status.UptimeMs)),
        status.MemoryBytes == 0 ? "-" : Amount.Bytes(status.MemoryBytes),
        status.Image ?? "-",
        status.Command ?? "-",
        status.MonitorPid.ToString(CultureInfo.InvariantCulture),
    ];
}
