using System.Text;
using Strata.Api.Control;
using Strata.Monitor.Ports;

namespace Strata.Monitor.Agent;

/// <summary>Talks with the agent in the guest and gives out the slots in which commands run.</summary>
/// <remarks>What the guest says is hostile: lines are bounded, and a word about a slot without a command is ignored.</remarks>
internal sealed class AgentLink : IAsyncDisposable
{
    private readonly IReadOnlyList<GuestPort> _ports;
    private readonly GuestPort _control;
    private readonly CancellationTokenSource _closing = new();
    private volatile TaskCompletionSource _hello = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _sending = new(1);
    private readonly Lock _gate = new();
    private readonly ExecSession?[] _slots = new ExecSession?[AgentLine.Slots];     // under _gate
    private readonly Task _reading;
    private int _lastExec;                                                          // under _gate

    internal AgentLink(IReadOnlyList<GuestPort> ports)
    {
        _ports = ports;
        _control = ports[1];
        _control.Open();
        _reading = ReadAsync();
    }

    /// <summary>Completes when the agent has said hello in a version that is spoken here.</summary>
    internal Task Hello => _hello.Task;

    /// <summary>Whether it has.</summary>
    internal bool IsThere => _hello.Task.IsCompletedSuccessfully;

    /// <summary>Runs a command. The session owns the sockets from now on.</summary>
    /// <exception cref="MonitorException">All slots are taken, or the command cannot be passed on.</exception>
    internal async Task<ExecSession> ExecAsync(ExecRequest request, ExecSockets sockets)
    {
        ExecSession session;
        string line;
        lock (_gate)
        {
            int slot = Array.IndexOf(_slots, null);
            if (slot < 0)
                throw Refusal("E-EXEC-SLOTS", $"{AgentLine.Slots} commands run in the guest already", "wait until one of them has ended");
            line = request.Arguments.Count == 0 ? throw Refusal("E-EXEC-COMMAND", "there is no command", null)
                : AgentLine.Exec(slot, request.Arguments, request.Environment)
                ?? throw Refusal("E-EXEC-COMMAND", $"the command line is longer than {AgentLine.MaximumHostBytes * 3 / 4} bytes or holds a NUL", null);
            session = new(++_lastExec, slot, sockets, stream => _ports[AgentLine.PortOf(slot, stream)], _closing.Token);
            _slots[slot] = session;
        }

        _ = FreeAsync(session);
        await SendAsync(line);
        return session;
    }

    /// <summary>Sends a command a signal; nothing happens when it has ended.</summary>
    /// <exception cref="MonitorException">The name is no signal's.</exception>
    internal async Task SignalAsync(int exec, string name)
    {
        int slot;
        lock (_gate)
            slot = Array.FindIndex(_slots, session => session?.Number == exec);
        string line = AgentLine.Signal(Math.Max(slot, 0), name) ?? throw Refusal("E-SIGNAL", "there is no such signal", "signals have names such as INT or TERM");
        if (slot >= 0)
            await SendAsync(line);
    }

    /// <summary>Asks the guest to power itself off.</summary>
    internal Task ShutDownAsync() => SendAsync("SHUTDOWN");

    /// <summary>The guest starts anew: nothing of what ran before will answer, and another agent will say hello.</summary>
    internal void Restart()
    {
        if (IsThere)
            _hello = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            foreach (ExecSession? session in _slots)
                session?.Abandon();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _reading;
        ExecSession?[] sessions;
        lock (_gate)
            sessions = [.. _slots];
        foreach (ExecSession? session in sessions)
        {
            if (session is not null)
                _ = await session.Ended;
        }
    }

    private static MonitorException Refusal(string code, string why, string? hint) =>
        new(new(code, "cannot run a command in the guest", why, hint));

    private async Task FreeAsync(ExecSession session)
    {
        _ = await session.Ended;
        lock (_gate)
            _slots[session.Slot] = null;
    }

    private async Task SendAsync(string line)
    {
        try
        {
            await _sending.WaitAsync(_closing.Token);
            try
            {
                await _control.WriteAsync(Encoding.ASCII.GetBytes(line + "\n"), _closing.Token);
            }
            finally
            {
                _ = _sending.Release();
            }
        }
        catch (OperationCanceledException)
        {
            // The machine has ended: whoever waits for the command learns that from its session.
        }
    }

    private async Task ReadAsync()
    {
        // Not Api's LineReader: a guest's long or unknown line is skipped and ends nothing.
        byte[] buffer = new byte[1024];
        List<byte> line = new(256);
        bool tooLong = false;
        try
        {
            int got;
            while ((got = await _control.ReadAsync(buffer, _closing.Token)) > 0)
            {
                for (int i = 0; i < got; i++)
                {
                    if (buffer[i] != (byte)'\n')
                    {
                        tooLong |= line.Count >= AgentLine.MaximumGuestBytes;
                        if (!tooLong)
                            line.Add(buffer[i]);
                        continue;
                    }

                    if (!tooLong && AgentLine.Parse(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(line)) is { } message)
                        Hear(message);
                    line.Clear();
                    tooLong = false;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The machine has ended.
        }
    }

    private void Hear(AgentMessage message)
    {
        switch (message.Word)
        {
            case AgentWord.Hello when message.First == AgentLine.Version:
                _ = _hello.TrySetResult();
                break;
            case AgentWord.Started:
                lock (_gate)
                    _slots[message.First]?.Start();
                break;
            case AgentWord.Exit:
                lock (_gate)
                    _slots[message.First]?.Exit(message.Second);
                break;
            default:
                break;
        }
    }
}
