using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using Strata.Cli.Machines;
using Strata.Cli.Output;
using Strata.Host;
using Strata.Host.Processes;

namespace Strata.Cli.Verbs;

/// <summary><c>strata doctor</c>: whether machines can run here.</summary>
internal static class DoctorVerb
{
    private const long EnoughMemoryBytes = 1L << 30;

    internal static Command Build(GlobalOptions options)
    {
        Command verb = new("doctor", "check whether machines can run here");
        verb.SetAction(async (parsed, cancellation) =>
        {
            IReadOnlyList<CheckRecord> checks =
            [
                System(), Processor(), Memory(), RuntimeFolder(), await MonitorAsync(cancellation),
            ];
            if (parsed.GetValue(options.Json))
                StandardStreams.WriteResult(JsonSerializer.Serialize(checks, CliJson.Default.IReadOnlyListCheckRecord) + "\n");
            else
                Print(checks);
            return checks.Any(check => check.Result == CheckResult.Failed) ? ExitCode.CheckFailed : ExitCode.Success;
        });
        return verb;
    }

    private static void Print(IReadOnlyList<CheckRecord> checks)
    {
        Report.Table(["CHECK", "RESULT", "FOUND"], [.. checks.Select(IReadOnlyList<string> (check) => [check.Name, Word(check.Result), check.Found])]);
        foreach (CheckRecord check in checks.Where(check => check.Hint is not null))
            StandardStreams.WriteMessage($"hint: {check.Name}: {check.Hint}\n");
    }

    private static string Word(CheckResult result) => result switch
    {
        CheckResult.Ok => "ok",
        CheckResult.Warning => "warning",
        _ => "FAILED",
    };

    private static CheckRecord System()
    {
        string found = $"{RuntimeInformation.OSDescription} on {RuntimeInformation.OSArchitecture}, {RuntimeInformation.FrameworkDescription}";
        return OperatingSystem.IsLinux()
            ? new("system", CheckResult.Ok, found, null)
            : new("system", CheckResult.Failed, found, "strata needs Linux");
    }

    private static CheckRecord Processor()
    {
        string cores = Environment.ProcessorCount == 1 ? "1 core" : $"{Environment.ProcessorCount} cores";
        return HostProcessor.Detect().WhyNot is { } why
            ? new("processor", CheckResult.Warning, $"{cores}, {why}", "machines are interpreted here: slow, but correct")
            : new("processor", CheckResult.Ok, $"{cores}, AVX2, BMI2, FMA", null);
    }

    private static CheckRecord Memory()
    {
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        string found = $"{Amount.Bytes(available)} for this user";
        return available >= EnoughMemoryBytes
            ? new("memory", CheckResult.Ok, found, null)
            : new("memory", CheckResult.Warning, found, "give machines less than the default of 512 MiB: strata run --memory 256M");
    }

    private static CheckRecord RuntimeFolder()
    {
        try
        {
            using MachineFolder machines = MachineFolder.Open();
            return new("runtime folder", CheckResult.Ok, machines.Path, null);
        }
        catch (CommandException failure)
        {
            return new("runtime folder", CheckResult.Failed, failure.Error.Why, failure.Error.Hint);
        }
    }

    private static async Task<CheckRecord> MonitorAsync(CancellationToken cancellation)
    {
        if (!File.Exists(MonitorLauncher.ExecutablePath))
            return new("monitor", CheckResult.Failed, $"{MonitorLauncher.ExecutablePath} is missing", "build strata anew: ./strata version");
        try
        {
            using MachineFolder machines = MachineFolder.Open();
            await using LaunchedMonitor monitor = await MonitorLauncher.StartAsync(machines, engine: null, cancellation);
            long? memory = HostProcess.ProportionalMemoryBytes(monitor.Client.Hello.Pid);
            return new("monitor", CheckResult.Ok, $"starts, {(memory is { } bytes ? Amount.Bytes(bytes) : "unknown memory")} without a machine", null);
        }
        catch (CommandException failure)
        {
            return new("monitor", CheckResult.Failed, failure.Error.Why, null);
        }
    }
}
