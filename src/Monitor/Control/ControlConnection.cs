using System.ComponentModel;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Win32.SafeHandles;
using Strata.Api.Control;
using Strata.Api.Machines;
using Strata.Host.Processes;
using Strata.Host.Sockets;
using Strata.Monitor.Agent;
using Strata.Monitor.Consoles;
using Strata.Monitor.Inspection;

namespace Strata.Monitor.Control;

/// <summary>One client: reads its lines, does what they ask, answers each, and cleans up after it however it ends.</summary>
/// <remarks>A client is hostile: lines, files and unread answers are bounded, and whatever it sends ends at worst its own connection.</remarks>
internal sealed class ControlConnection(Socket socket, int number, MachineSession session, string machineId, PrivateFolder folder) : IDisposable
{
    /// <summary>How long a machine has to power itself off when the client that it belongs to is gone.</summary>
    private static readonly TimeSpan OwnerGrace = TimeSpan.FromSeconds(10);

    /// <summary>How long the last answers may take to reach a client that reads slowly.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private readonly Channel<Reply> _outgoing = Channel.CreateBounded<Reply>(256);
    private readonly Queue<SafeFileHandle> _files = [];     // received and not yet named by a line
    private readonly CancellationTokenSource _closing = new();
    private HeldTerminal? _terminal;
    private bool _owns;
    private volatile bool _announces;

    /// <summary>Serves the client until either side ends the connection.</summary>
    /// <param name="owns">Whether the machine is to end with this connection even before it was started.</param>
    internal async Task ServeAsync(bool owns)
    {
        _owns = owns;
        Task writing = WriteAsync();
        session.Watch(Announce);
        LineReader lines = new(ReceiveAsync, ControlProtocol.MaximumLineBytes);
        bool greeted = false;
        try
        {
            while (await lines.ReadAsync(_closing.Token) is { } line)
            {
                Request request = ControlJson.ParseRequest(line.Span);
                if (!greeted && request is not HelloRequest)
                    throw new ControlProtocolException("the first line must say hello");
                greeted = true;
                if (request is ConsoleRequest console)
                {
                    if (await TryBecomeConsoleAsync(console, lines, writing))
                        break;
                }
                else
                {
                    await AnswerAsync(request);
                }
            }
        }
        catch (ControlProtocolException failure)
        {
            Send(new FailedReply(new("E-PROTOCOL", "cannot understand the request", failure.Message, null)));
        }
        catch (Exception failure) when (failure is OperationCanceledException or SocketException or Win32Exception or ObjectDisposedException)
        {
            // The client is gone, or does not read its answers.
        }
        catch (Exception failure)
        {
            // The boundary of a connection: a defect of ours ends it, and not the machine.
            Send(new FailedReply(new("E-INTERNAL", "the monitor failed", $"{failure.GetType().Name}: {failure.Message}")));
        }
        finally
        {
            await CloseAsync(writing);
        }
    }

    /// <summary>Ends the connection; what was not sent yet is not sent any more.</summary>
    internal void Abort()
    {
        try
        {
            _closing.CancelAfter(0);
        }
        catch (ObjectDisposedException)
        {
            // It has just ended by itself.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _closing.Dispose();
        _terminal?.Dispose();
    }

    private async Task CloseAsync(Task writing)
    {
        session.Unwatch(Announce);
        _ = _outgoing.Writer.TryComplete();
        _terminal?.Restore();
        _terminal?.Dispose();
        while (_files.TryDequeue(out SafeFileHandle? file))
            file.Dispose();
        if (_owns)
            session.PowerOff(OwnerGrace);
        _ = await writing.EndsWithinAsync(Farewell);
        await _closing.CancelAsync();
        socket.Dispose();
        await writing;
    }

    private async Task AnswerAsync(Request request)
    {
        try
        {
            if (await DoAsync(request) is { } reply)
                Send(reply with { Id = request.Id });
        }
        catch (MonitorException failure)
        {
            Send(new FailedReply(failure.Error) { Id = request.Id });
        }
        catch (Win32Exception failure)
        {
            Send(new FailedReply(new("E-HOST", "cannot do what was asked", failure.Message, null)) { Id = request.Id });
        }
    }

    /// <returns>The reply, or null when it comes later.</returns>
    private async ValueTask<Reply?> DoAsync(Request request)
    {
        switch (request)
        {
            case HelloRequest:
                return new HelloReply(ControlProtocol.Version, machineId, Environment.ProcessId);
            case StartRequest start:
                _owns |= start.Foreground;
                session.Start(start.Machine, TakeFiles(CountOf(start.Machine)), start.AwaitsConsole);
                _owns = start.Foreground;
                return new StatusReply(session.Status());
            case ResizeRequest resize:
                session.Resize(resize.Columns, resize.Rows);
                return new DoneReply();
            case TranscriptRequest transcript:
                return new TranscriptReply(session.Console(transcript.Console).Transcript.LastLines(transcript.Lines));
            case HoldTerminalRequest:
                _terminal?.Dispose();
                _terminal = new(TakeFiles(1)[0], folder, number);
                return new DoneReply();
            case ReleaseTerminalRequest:
                _terminal?.Dispose();
                _terminal = null;
                return new DoneReply();
            case AwaitAgentRequest:
                Later(request, async () =>
                {
                    _ = await session.AgentAsync(_closing.Token);
                    return new DoneReply();
                });
                return null;
            case ExecRequest exec:
                return await ExecAsync(exec);
            case SignalRequest signal:
                await (await session.AgentAsync(_closing.Token)).SignalAsync(signal.Exec, signal.Signal);
                return new DoneReply();
            case PowerOffRequest powerOff:
                session.PowerOff(TimeSpan.FromMilliseconds(Math.Clamp(powerOff.GraceMs, 0, 600_000)));
                return new DoneReply();
            case KillRequest:
                session.Kill();
                return new DoneReply();
            case InspectRequest:
                return new StatusReply(session.Status());
            case WaitRequest:
                Later(request, async () => new ExitReply(await session.Ended.WaitAsync(_closing.Token)));
                return null;
            case EventsRequest:
                _announces = true;
                return new DoneReply();
            case CodeRequest or ProfileRequest:
                List<SafeFileHandle> files = TakeFiles(InspectionAnswers.FilesOf(request));
                Later(request, () => InspectionAnswers.AnswerAsync(session.Debugger(), request, files, _closing.Token));
                return null;
            default:
                throw new ControlProtocolException($"{request.GetType().Name} cannot be asked here");
        }
    }

    private void Announce(MachinePhase phase)
    {
        if (_announces)
            Send(new PhaseEvent(phase));
    }

    private static int CountOf(MachineRecord machine) =>
        machine.Disks.Count
        + (machine.Boot.Kernel is null ? 0 : 1) + (machine.Boot.Initrd is null ? 0 : 1)
        + (machine.Boot.Firmware is null ? 0 : 1) + (machine.Boot.Payload is null ? 0 : 1);

    private async Task<Reply> ExecAsync(ExecRequest exec)
    {
        AgentLink agent = await session.AgentAsync(_closing.Token);
        List<SafeFileHandle> files = TakeFiles(3);
        ExecSockets sockets;
        try
        {
            sockets = new(UnixSockets.FromFile(files[0]), UnixSockets.FromFile(files[1]), UnixSockets.FromFile(files[2]));
        }
        catch (Win32Exception)
        {
            foreach (SafeFileHandle file in files)
                file.Dispose();
            throw new MonitorException(new("E-EXEC-STREAMS", "cannot run a command in the guest", "its three files must be stream sockets", null));
        }

        try
        {
            ExecSession command = await agent.ExecAsync(exec, sockets);
            _ = ReportAsync(command);
            return new ExecReply(command.Number);
        }
        catch (MonitorException)
        {
            sockets.Dispose();
            throw;
        }
    }

    private async Task ReportAsync(ExecSession command) => Send(new ExecExitedEvent(command.Number, await command.Ended, command.IsAbandoned));

    private void Later(Request request, Func<Task<Reply>> answer) => _ = LaterAsync(request, answer);

    private async Task LaterAsync(Request request, Func<Task<Reply>> answer)
    {
        try
        {
            Send(await answer() with { Id = request.Id });
        }
        catch (MonitorException failure)
        {
            Send(new FailedReply(failure.Error) { Id = request.Id });
        }
        catch (OperationCanceledException)
        {
            // The client is gone.
        }
    }

    private async Task<bool> TryBecomeConsoleAsync(ConsoleRequest request, LineReader lines, Task writing)
    {
        ConsoleHub hub;
        try
        {
            hub = session.Console(request.Console);
            if (!hub.TryReserve(socket))
            {
                throw new MonitorException(new(
                    "E-CONSOLE-BUSY", "cannot show the console", "another terminal shows it", "leave it there first; one terminal at a time can show a console"));
            }
        }
        catch (MonitorException failure)
        {
            Send(new FailedReply(failure.Error) { Id = request.Id });
            return false;
        }

        session.Resize(request.Columns, request.Rows);
        Send(new DoneReply { Id = request.Id });
        _ = _outgoing.Writer.TryComplete();
        await writing;
        await hub.ServeAsync(socket, lines.TakeRest(), request.Replay, session.Begin);
        return true;
    }

    /// <exception cref="ControlProtocolException">The line did not bring as many.</exception>
    private List<SafeFileHandle> TakeFiles(int count)
    {
        if (_files.Count < count)
            throw new ControlProtocolException($"the line must bring {count} files and brought {_files.Count}");
        List<SafeFileHandle> taken = [];
        while (taken.Count < count)
            taken.Add(_files.Dequeue());
        return taken;
    }

    private async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        while (true)
        {
            // An empty receive waits for bytes and takes none, nor the files that came with them.
            _ = await socket.ReceiveAsync(Memory<byte>.Empty, cancellation);
            List<SafeFileHandle> files = [];
            int got = DescriptorPassing.Receive(socket, buffer.Span, files);
            foreach (SafeFileHandle file in files)
                _files.Enqueue(file);
            if (_files.Count > ControlProtocol.MaximumFiles)
                throw new ControlProtocolException($"more than {ControlProtocol.MaximumFiles} files were sent");
            if (got >= 0)
                return got;
        }
    }

    private void Send(Reply reply)
    {
        // A client that does not read its answers loses the connection; after the end nobody listens.
        if (!_outgoing.Writer.TryWrite(reply) && !_outgoing.Reader.Completion.IsCompleted)
            _closing.CancelAfter(0);
    }

    private async Task WriteAsync()
    {
        try
        {
            await foreach (Reply reply in _outgoing.Reader.ReadAllAsync(_closing.Token))
            {
                ReadOnlyMemory<byte> line = ControlJson.Line(reply);
                while (!line.IsEmpty)
                    line = line[await socket.SendAsync(line, _closing.Token)..];
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The client is gone; its reader finds out and cleans up.
        }
    }
}
