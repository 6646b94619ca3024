using Microsoft.Win32.SafeHandles;
using Strata.Api.Control;
using Strata.Api.Machines;
using Strata.Debugging;
using Strata.Guest.Ports;
using Strata.Host;
using Strata.Monitor.Agent;
using Strata.Monitor.Consoles;
using Strata.Monitor.Ports;

namespace Strata.Monitor;

/// <summary>The monitor's one machine and its life.</summary>
/// <remarks>
/// <code>
/// empty ──start──► running ──power off──► stopping
///   │                 │ guest ends, kill      │ guest ends, grace over, kill
///   │ owner leaves    ▼                       ▼
///   └──────────────► exited ◄─────────────────┘
/// </code>
/// Connections call in on any thread; <see cref="Enter"/> alone changes the phase, and only forward.
/// </remarks>
internal sealed class MachineSession(string id, MachineMaker make) : IAsyncDisposable
{
    /// <summary>How long what the guest wrote last may take to reach a viewer that reads slowly.</summary>
    private static readonly TimeSpan ViewerPatience = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<ExitRecord> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _killed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Action<MachinePhase>> _watchers = [];     // under _gate
    private MachinePhase _phase = MachinePhase.Empty;               // under _gate
    private Running? _running;                                      // under _gate, set once
    private bool _isHeld;                                           // under _gate: made, and not begun

    /// <summary>How it ended, when everything that the guest wrote was delivered.</summary>
    internal Task<ExitRecord> Ended => _ended.Task;

    /// <summary>Completes when the machine was told to end without being asked.</summary>
    internal Task Killed => _killed.Task;

    /// <summary>Where the machine is in its life.</summary>
    internal MachinePhase Phase
    {
        get
        {
            lock (_gate)
                return _phase;
        }
    }

    /// <summary>Makes the machine and starts it, if <paramref name="awaitsConsole"/> at the first <see cref="Begin"/>.</summary>
    /// <exception cref="MonitorException">There is one already, or it cannot be made.</exception>
    internal void Start(MachineRecord record, IReadOnlyList<SafeFileHandle> files, bool awaitsConsole)
    {
        lock (_gate)
        {
            if (_phase != MachinePhase.Empty)
                throw Refusal("E-MACHINE-PHASE", "cannot start a machine", $"this monitor's machine is {Word(_phase)}");
            IMonitoredMachine machine = make(record, files);
            machine.Serial.HoldsOutput = true;
            foreach (IGuestPort end in machine.Ports)
                end.HoldsOutput = true;     // Consoles too: without a viewer their output goes to the transcript, never nowhere.
            GuestPort[] ports = [.. machine.Ports.Select(end => new GuestPort(end))];
            _running = new(
                record,
                machine,
                ports.Length > 0 ? new(ports[0]) : null,
                new(new GuestPort(machine.Serial)),
                ports.Length >= AgentLine.PortOf(AgentLine.Slots, ExecStream.Input) ? new(ports) : null,
                MonotonicClock.Nanoseconds);
            _isHeld = true;
        }

        if (_running.Agent is { } agent)
            _running.Machine.Restarted = agent.Restart;
        Enter(MachinePhase.Running);
        _ = FollowAsync(_running);
        if (!awaitsConsole)
            Begin();
    }

    /// <summary>Lets the guest begin, if it has not yet.</summary>
    internal void Begin()
    {
        Running? running;
        lock (_gate)
        {
            running = _isHeld ? _running : null;
            _isHeld = false;
        }

        running?.Machine.Start();
    }

    /// <summary>Calls <paramref name="watcher"/> at every change of the phase from now on.</summary>
    internal void Watch(Action<MachinePhase> watcher)
    {
        lock (_gate)
            _watchers.Add(watcher);
    }

    /// <summary>Ends the calls.</summary>
    internal void Unwatch(Action<MachinePhase> watcher)
    {
        lock (_gate)
            _ = _watchers.Remove(watcher);
    }

    /// <summary>One of the consoles.</summary>
    /// <exception cref="MonitorException">The machine has no such console.</exception>
    internal ConsoleHub Console(ConsoleKind kind) =>
        (kind == ConsoleKind.Serial ? Now("show a console").Serial : Now("show a console").Virtio)
        ?? throw Refusal("E-CONSOLE-NONE", "cannot show the console", "the machine has no virtio console");

    /// <summary>Who looks inside the machine.</summary>
    /// <exception cref="MonitorException">Nobody can.</exception>
    internal MachineDebugger Debugger()
    {
        const string What = "look inside the machine";
        MachineDebugger? debugger = Now(What).Machine.Debugger;
        return Phase == MachinePhase.Exited || debugger is null ? throw Refusal("E-MACHINE-PHASE", $"cannot {What}", $"the machine is {Word(Phase)}") : debugger;
    }

    /// <summary>Tells the guest the window's size.</summary>
    internal void Resize(int columns, int rows)
    {
        if (columns is > 0 and <= ushort.MaxValue && rows is > 0 and <= ushort.MaxValue)
            Now("resize the console").Machine.Resize(columns, rows);
    }

    /// <summary>The agent in the guest, once it has said hello.</summary>
    /// <exception cref="MonitorException">There is none, or the machine ends first.</exception>
    internal async Task<AgentLink> AgentAsync(CancellationToken cancellation)
    {
        AgentLink agent = Now("reach the guest's agent").Agent ?? throw Refusal("E-AGENT-NONE", "cannot reach the guest's agent", "the machine has no port for it");
        if (await Task.WhenAny(agent.Hello, Ended).WaitAsync(cancellation) == Ended)
            throw Refusal("E-AGENT-GONE", "cannot reach the guest's agent", "the machine ended before it said hello");
        return agent;
    }

    /// <summary>Asks the guest to power itself off, and ends it after <paramref name="grace"/>, or at once when nobody in the guest can be asked.</summary>
    internal void PowerOff(TimeSpan grace)
    {
        Running? running;
        lock (_gate)
        {
            running = _running;
            if (_phase is not (MachinePhase.Running or MachinePhase.Stopping))
                running = null;
        }

        if (running is null)
            EndEmpty();
        else if (running.Agent is not { IsThere: true } agent || grace <= TimeSpan.Zero)
            Kill(running.Machine);
        else if (Enter(MachinePhase.Stopping))
            _ = StopAsync(running.Machine, agent, grace);
    }

    /// <summary>Ends the machine without asking it.</summary>
    internal void Kill()
    {
        Running? running;
        lock (_gate)
            running = _running;
        if (running is null)
            EndEmpty();
        else
            Kill(running.Machine);
    }

    /// <summary>The machine as it is.</summary>
    internal StatusRecord Status()
    {
        lock (_gate)
        {
            return new()
            {
                Id = id,
                Phase = _phase,
                MonitorPid = Environment.ProcessId,
                UptimeMs = _running is null ? 0 : (MonotonicClock.Nanoseconds - _running.Started) / 1_000_000,
                Image = _running?.Record.Image,
                Command = _running?.Record.Command,
                MemoryBytes = _running?.Record.MemoryBytes ?? 0,
                Deterministic = _running?.Record.Deterministic ?? false,
                Agent = _running?.Agent is { IsThere: true },
                Exit = _ended.Task.IsCompletedSuccessfully ? _ended.Task.Result : null,
            };
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Kill();
        _ = await Ended;
        _running?.Machine.Dispose();
    }

    private static MonitorException Refusal(string code, string what, string why) => new(new(code, what, why, null));

    private static string Word(MachinePhase phase) => phase switch
    {
        MachinePhase.Empty => "not started",
        MachinePhase.Running => "running",
        MachinePhase.Stopping => "powering off",
        _ => "ended",
    };

    private Running Now(string what)
    {
        lock (_gate)
            return _running ?? throw Refusal("E-MACHINE-PHASE", $"cannot {what}", $"the machine is {Word(_phase)}");
    }

    private bool Enter(MachinePhase next)
    {
        Action<MachinePhase>[] watchers;
        lock (_gate)
        {
            if (_phase >= next)
                return false;
            _phase = next;
            watchers = [.. _watchers];
        }

        foreach (Action<MachinePhase> watcher in watchers)
            watcher(next);
        return true;
    }

    private void Kill(IMonitoredMachine machine)
    {
        // What never began does not end.
        Begin();
        _ = _killed.TrySetResult();
        machine.Kill();
    }

    private void EndEmpty()
    {
        if (Phase == MachinePhase.Empty && Enter(MachinePhase.Exited))
            _ = _ended.TrySetResult(new(0, ExitCause.Killed, "it was never started"));
    }

    private async Task StopAsync(IMonitoredMachine machine, AgentLink agent, TimeSpan grace)
    {
        await agent.ShutDownAsync();
        if (!await machine.Exited.EndsWithinAsync(grace))
            Kill(machine);
    }

    private async Task FollowAsync(Running running)
    {
        ExitRecord exit;
        try
        {
            exit = await running.Machine.Exited;
        }
        catch (Exception failure)
        {
            // The boundary of the machine: its failure ends the machine, not the monitor, which says what it was.
            exit = new(1, ExitCause.MonitorFailure, failure.Message);
        }

        if (running.Agent is not null)
            await running.Agent.DisposeAsync();
        await Task.WhenAll(running.Serial.FinishAsync(ViewerPatience), running.Virtio?.FinishAsync(ViewerPatience) ?? Task.CompletedTask);
        _ = _ended.TrySetResult(exit);
        _ = Enter(MachinePhase.Exited);
    }

    /// <summary>What exists from the start on.</summary>
    private sealed record Running(
        MachineRecord Record, IMonitoredMachine Machine, ConsoleHub? Virtio, ConsoleHub Serial, AgentLink? Agent, long Started);
}
