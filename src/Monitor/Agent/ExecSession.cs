using System.Net.Sockets;
using Strata.Monitor.Ports;

namespace Strata.Monitor.Agent;

/// <summary>The client's ends of a command's streams.</summary>
/// <param name="Input">What the command reads.</param>
/// <param name="Output">What it writes.</param>
/// <param name="Error">What it complains.</param>
internal sealed record ExecSockets(Socket Input, Socket Output, Socket Error) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Input.Dispose();
        Output.Dispose();
        Error.Dispose();
    }
}

/// <summary>One command in the guest: pumps its three streams and ends when it has ended and all its output was delivered.</summary>
/// <remarks>
/// <code>
/// running ──EXIT──► draining ──ports closed by the guest (or not, two seconds later), bytes delivered──► ended
///    └───────────────────┴──machine ends, or is reset by its guest──► ended, without a code
/// </code>
/// A child that the command left behind may keep the ports open; the command's own end is what counts then.
/// </remarks>
internal sealed class ExecSession
{
    private static readonly TimeSpan LeftOpenPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan DeliveryPatience = TimeSpan.FromSeconds(5);

    private readonly ExecSockets _sockets;
    private readonly GuestPort _input;
    private readonly GuestPort _output;
    private readonly GuestPort _error;
    private readonly CancellationToken _machineEnds;
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int?> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal ExecSession(int number, int slot, ExecSockets sockets, Func<ExecStream, GuestPort> port, CancellationToken machineEnds)
    {
        Number = number;
        Slot = slot;
        _sockets = sockets;
        _machineEnds = machineEnds;
        _input = Open(port(ExecStream.Input));
        _output = Open(port(ExecStream.Output));
        _error = Open(port(ExecStream.Error));
        Ended = RunAsync();
    }

    /// <summary>The command's number, counted from 1 for each machine.</summary>
    internal int Number { get; }

    /// <summary>The slot it runs in.</summary>
    internal int Slot { get; }

    /// <summary>Its exit code, when all is delivered; null when the machine ended or was reset first.</summary>
    internal Task<int?> Ended { get; }

    /// <summary>Whether the guest reset the machine before the command ended.</summary>
    internal bool IsAbandoned => _exit.Task is { IsCompletedSuccessfully: true, Result: null };

    /// <summary>The agent says that it runs.</summary>
    internal void Start() => _ = _started.TrySetResult();

    /// <summary>The agent says that it has ended.</summary>
    internal void Exit(int code)
    {
        _ = _started.TrySetResult();
        _ = _exit.TrySetResult(code);
    }

    /// <summary>The guest has reset the machine.</summary>
    internal void Abandon()
    {
        _ = _started.TrySetResult();
        _ = _exit.TrySetResult(null);
    }

    private static GuestPort Open(GuestPort port)
    {
        port.Open();
        return port;
    }

    private async Task<int?> RunAsync()
    {
        using CancellationTokenSource inputEnds = CancellationTokenSource.CreateLinkedTokenSource(_machineEnds);
        Task feeding = FeedAsync(inputEnds.Token);
        Task delivering = Task.WhenAll(DeliverAsync(_output, _sockets.Output), DeliverAsync(_error, _sockets.Error));
        int? code = null;
        try
        {
            code = await _exit.Task.WaitAsync(_machineEnds);
            using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(_machineEnds);
            patience.CancelAfter(LeftOpenPatience);
            await Task.WhenAll(_output.GuestClosedAsync(patience.Token), _error.GuestClosedAsync(patience.Token));
        }
        catch (OperationCanceledException)
        {
            // The machine has ended, or a child of the command holds a port. What was written is delivered all the same.
        }

        _output.Complete();
        _error.Complete();

        // A client that reads slowly may, for as long as the machine lives and a little longer.
        using (CancellationTokenSource last = new())
        await using (_machineEnds.Register(() => last.CancelAfter(DeliveryPatience)))
            await delivering.WaitAsync(last.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await inputEnds.CancelAsync();
        _sockets.Dispose();
        await Task.WhenAll(feeding, delivering);
        _input.Close();
        _output.Close();
        _error.Close();
        return code;
    }

    private async Task FeedAsync(CancellationToken cancellation)
    {
        byte[] buffer = new byte[16 * 1024];
        try
        {
            int got;
            while ((got = await _sockets.Input.ReceiveAsync(buffer, cancellation)) > 0)
                await _input.WriteAsync(buffer.AsMemory(0, got), cancellation);

            // A port that the host has closed before the command opened it cannot be told from one that the host will open soon.
            await _started.Task.WaitAsync(cancellation);
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client or the command is gone: the end of the input either way.
        }

        _input.CloseInput();
    }

    private static async Task DeliverAsync(GuestPort port, Socket socket)
    {
        byte[] buffer = new byte[16 * 1024];
        bool reads = true;
        int got;
        while ((got = await port.ReadAsync(buffer, CancellationToken.None)) > 0)
        {
            // Nobody reads any more: the client says what that means to the command; until then its output is dropped.
            reads = reads && await SendAsync(socket, buffer.AsMemory(0, got));
        }
    }

    private static async Task<bool> SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            while (!bytes.IsEmpty)
                bytes = bytes[await socket.SendAsync(bytes)..];
            return true;
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }
}
