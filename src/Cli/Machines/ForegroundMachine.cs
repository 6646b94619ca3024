using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Strata.Api.Control;
using Strata.Api.Machines;
using Strata.Cli.Output;
using Strata.Cli.Terminals;
using Strata.Host.Sockets;
using Strata.Host.Terminals;

namespace Strata.Cli.Machines;

/// <summary>A machine that lives as long as this command: its console, or one command in it, on the standard streams.</summary>
internal sealed class ForegroundMachine
{
    private const int SignalsToKill = 3;
    private const string BootAwaited = "waiting for the guest to boot";
    private static readonly TimeSpan UsualAgentPatience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan PowerOffGrace = TimeSpan.FromSeconds(10);

    private readonly MachineFolder _machines;
    private readonly MonitorClient _client;
    private readonly RunPlan _plan;
    private readonly Report _report;
    private readonly ProgressDisplay _progress;

    private ForegroundMachine(MachineFolder machines, MonitorClient client, RunPlan plan, Report report, ProgressDisplay progress)
    {
        _machines = machines;
        _client = client;
        _plan = plan;
        _report = report;
        _progress = progress;
    }

    private static TimeSpan AgentPatience =>
        uint.TryParse(System.Environment.GetEnvironmentVariable("STRATA_AGENT_TIMEOUT"), NumberStyles.None, CultureInfo.InvariantCulture, out uint seconds) && seconds > 0
            ? TimeSpan.FromSeconds(Math.Min(seconds, 86_400))
            : UsualAgentPatience;

    private ConsoleKind Console => _plan.UsesFirmware ? ConsoleKind.Serial : ConsoleKind.Virtio;

    /// <summary>Runs the machine to its end and returns the exit code that it leaves.</summary>
    /// <exception cref="CommandException">It cannot be started, or its monitor dies.</exception>
    internal static async Task<int> RunAsync(
        MachineFolder machines, MachineFiles files, RunPlan plan, Report report, ProgressDisplay progress, CancellationToken cancellation)
    {
        progress.Await("monitor", "starting a monitor process");
        await using LaunchedMonitor monitor = await MonitorLauncher.StartAsync(machines, plan.Engine, cancellation);
        ForegroundMachine machine = new(machines, monitor.Client, plan, report, progress);
        try
        {
            progress.Await("start", "starting the machine");
            _ = await monitor.Client.AskAsync<StatusReply>(new StartRequest(files.Machine, Foreground: true, AwaitsConsole: plan.Command is null), cancellation, files.Files);
            return plan.Command is null ? await machine.ShowConsoleAsync(cancellation) : await machine.RunCommandAsync(plan.Command, cancellation);
        }
        catch (MonitorException failure)
        {
            throw new CommandException(failure.Error);
        }
        catch (IOException failure)
        {
            throw monitor.Died(failure);
        }
    }

    private async Task<int> ShowConsoleAsync(CancellationToken cancellation)
    {
        TerminalSize size = Terminal.SizeOf(StandardStreams.Input);
        ConsoleRequest request = new(Console, size.Columns, size.Rows, Replay: true);
        Socket socket = _machines.Connect(_client.Hello.Machine);
        using ConsoleStream stream = await MonitorClient.OpenConsoleAsync(socket, DescriptorPassing.Send, request, cancellation);
        Task<ExitReply> exit = _client.AskAsync<ExitReply>(new WaitRequest(), cancellation);
        _progress.Finish();
        if (Terminal.Is(StandardStreams.Input))
            _report.Note($"Machine {_client.Hello.Machine}. {EscapeMenu.Announcement}.");
        if (_plan.UsesImage)
            _progress.Await("boot", BootAwaited);
        using (ConsoleView view = new(_client, stream, Console, _progress.Finish))
            await view.ShowAsync(cancellation);
        return CodeOf((await exit).Exit);
    }

    private async Task<int> RunCommandAsync(IReadOnlyList<string> command, CancellationToken cancellation)
    {
        await AwaitAgentAsync(cancellation);
        using CommandStreams streams = new();
        int exec = (await _client.AskAsync<ExecReply>(new ExecRequest(command, Environment()), cancellation, streams.Files)).Exec;
        _progress.Finish();
        int signals = 0;
        using PosixSignalRegistration interrupt = Forward(PosixSignal.SIGINT, exec, "INT", Enough);
        using PosixSignalRegistration terminate = Forward(PosixSignal.SIGTERM, exec, "TERM", Enough);
        using PosixSignalRegistration quit = Forward(PosixSignal.SIGQUIT, exec, "QUIT", Enough);
        await streams.PassAsync();
        int code = await ExitOfAsync(exec, cancellation);
        _ = await _client.AskAsync<DoneReply>(new PowerOffRequest((int)PowerOffGrace.TotalMilliseconds), cancellation);
        return code;

        bool Enough() => Interlocked.Increment(ref signals) >= SignalsToKill;
    }

    private async Task AwaitAgentAsync(CancellationToken cancellation)
    {
        _progress.Await("boot", BootAwaited);
        TimeSpan patience = AgentPatience;
        Task<DoneReply> ready = _client.AskAsync<DoneReply>(new AwaitAgentRequest(), cancellation);
        try
        {
            _ = await ready.WaitAsync(patience, cancellation);
        }
        catch (TimeoutException)
        {
            throw await WithTranscriptAsync(
                "E-AGENT-TIMEOUT", $"it said nothing for {Amount.Duration(patience)}; the machine is ended now", ExitCode.TimeOut, cancellation);
        }
        catch (MonitorException failure)
        {
            throw await WithTranscriptAsync(failure.Error.Code, failure.Error.Why, ExitCode.Failure, cancellation);
        }
    }

    private async Task<CommandException> WithTranscriptAsync(string code, string why, int exitCode, CancellationToken cancellation)
    {
        _progress.Finish();
        try
        {
            TranscriptReply shown = await _client.AskAsync<TranscriptReply>(new TranscriptRequest(Console, 8), cancellation);
            if (shown.Lines.Count > 0)
                _report.Note("The last lines of the machine's console:\n  " + string.Join("\n  ", shown.Lines));
        }
        catch (Exception failure) when (failure is IOException or MonitorException)
        {
            // The first error is the one to tell.
        }

        return new(code, "cannot reach the agent in the guest", why, "run the machine without a command to see it boot: strata run", exitCode);
    }

    private async Task<int> ExitOfAsync(int exec, CancellationToken cancellation)
    {
        await foreach (Reply reply in _client.Events.ReadAllAsync(cancellation))
        {
            if (reply is not ExecExitedEvent exited || exited.Exec != exec)
                continue;
            if (exited.Code is { } code)
                return code;
            if (exited.Restarted)
                throw new CommandException("E-GUEST-RESTARTED", "the command did not end", "the guest restarted itself before it", "to see it come up again run the machine without a command: strata run");
            ExitRecord exit = (await _client.AskAsync<ExitReply>(new WaitRequest(), cancellation)).Exit;
            throw new CommandException("E-MACHINE-ENDED", "the command did not end", $"the machine ended before it ({Describe(exit)})");
        }

        throw new IOException("the monitor has ended");
    }

    /// <summary>Passes a signal on to the command; a command that does not listen is left by <paramref name="enough"/> of them, and its machine ends with us.</summary>
    private PosixSignalRegistration Forward(PosixSignal signal, int exec, string name, Func<bool> enough) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = !enough();
            _ = _client.AskAsync<DoneReply>(new SignalRequest(exec, name), CancellationToken.None);
        });

    private static string[] Environment() =>
        System.Environment.GetEnvironmentVariable("TERM") is { Length: > 0 } term ? [$"TERM={term}"] : [];

    private int CodeOf(ExitRecord exit)
    {
        switch (exit.Cause)
        {
            case ExitCause.Killed:
                return ExitCode.Killed;
            case ExitCause.MonitorFailure:
                throw new CommandException("E-MACHINE-FAILED", "the machine could not go on", exit.Detail ?? "no reason was given", "this is a defect of strata; please report it");
            default:
                if (exit.Detail is { } detail)
                    _report.Note("strata: " + detail);
                return exit.Code;
        }
    }

    private static string Describe(ExitRecord exit) => exit.Cause switch
    {
        ExitCause.PowerOff => "it powered itself off",
        ExitCause.GuestFailure => $"it failed with code {exit.Code}",
        ExitCause.Killed => "it was killed",
        _ => exit.Detail ?? "it could not go on",
    };
}
