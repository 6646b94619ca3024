using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace Strata.Api.Control;

/// <summary>Sends bytes and, with the first of them, open files over a Unix socket; Host's DescriptorPassing.Send is one.</summary>
public delegate void FileSender(Socket socket, ReadOnlySpan<byte> bytes, IReadOnlyList<SafeHandle> files);

/// <summary>One connection to a monitor. Requests may overlap; each gets its own reply.</summary>
public sealed class MonitorClient : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly FileSender _send;
    private readonly LineReader _lines;
    private readonly ConcurrentDictionary<int, TaskCompletionSource<Reply>> _waiting = new();
    private readonly Channel<Reply> _events = Channel.CreateBounded<Reply>(1024);
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _sending = new();
    private Task _reading = Task.CompletedTask;
    private int _last = 1;

    private MonitorClient(Socket socket, FileSender send, LineReader lines, HelloReply hello)
    {
        _socket = socket;
        _send = send;
        _lines = lines;
        Hello = hello;
    }

    /// <summary>What the monitor said of itself.</summary>
    public HelloReply Hello { get; }

    /// <summary>The events that this connection gets, in order; it completes when the connection ends.</summary>
    public ChannelReader<Reply> Events => _events.Reader;

    /// <summary>Says hello over a connected socket, which the client owns from now on.</summary>
    /// <exception cref="MonitorException">The monitor refused.</exception>
    /// <exception cref="IOException">The monitor ended or broke the protocol.</exception>
    public static async Task<MonitorClient> ConnectAsync(Socket socket, FileSender send, CancellationToken cancellation)
    {
        (LineReader lines, HelloReply hello) = await SayHelloAsync(socket, send, cancellation);
        MonitorClient client = new(socket, send, lines, hello);
        client._reading = Task.Run(client.ReadAsync, CancellationToken.None);
        return client;
    }

    /// <summary>Says hello over a connected socket and turns it into a console's stream.</summary>
    /// <exception cref="MonitorException">The monitor refused: another viewer is there.</exception>
    /// <exception cref="IOException">The monitor ended or broke the protocol.</exception>
    public static async Task<ConsoleStream> OpenConsoleAsync(Socket socket, FileSender send, ConsoleRequest request, CancellationToken cancellation)
    {
        (LineReader lines, _) = await SayHelloAsync(socket, send, cancellation);
        _ = await AskFirstAsync<DoneReply>(socket, send, lines, request with { Id = 2 }, cancellation);
        return new(socket, lines.TakeRest());
    }

    /// <summary>Asks and waits for the reply.</summary>
    /// <exception cref="MonitorException">The monitor refused.</exception>
    /// <exception cref="IOException">The monitor ended or broke the protocol.</exception>
    public async Task<T> AskAsync<T>(Request request, CancellationToken cancellation, IReadOnlyList<SafeHandle>? files = null)
        where T : Reply
    {
        int id = Interlocked.Increment(ref _last);
        TaskCompletionSource<Reply> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        try
        {
            if (_reading.IsCompleted)
                throw new IOException("the monitor has ended");
            Send(request with { Id = id }, files ?? []);
            return Expect<T>(await answer.Task.WaitAsync(cancellation));
        }
        finally
        {
            _ = _waiting.TryRemove(id, out _);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _socket.Dispose();
        await _reading;
        _closing.Dispose();
    }

    private static async Task<(LineReader Lines, HelloReply Hello)> SayHelloAsync(Socket socket, FileSender send, CancellationToken cancellation)
    {
        LineReader lines = new((memory, stop) => ReceiveAsync(socket, memory, stop), ControlProtocol.MaximumLineBytes);
        HelloReply hello = await AskFirstAsync<HelloReply>(socket, send, lines, new HelloRequest(ControlProtocol.Version) { Id = 1 }, cancellation);
        return (lines, hello);
    }

    private static async Task<T> AskFirstAsync<T>(Socket socket, FileSender send, LineReader lines, Request request, CancellationToken cancellation)
        where T : Reply
    {
        Put(socket, send, ControlJson.Line(request), []);
        ReadOnlyMemory<byte> line = await lines.ReadAsync(cancellation) ?? throw new IOException("the monitor has ended");
        return Expect<T>(ControlJson.ParseReply(line.Span));
    }

    private static T Expect<T>(Reply reply)
        where T : Reply => reply switch
        {
            T good => good,
            FailedReply failed => throw new MonitorException(failed.Error),
            _ => throw new ControlProtocolException($"the monitor answered {reply.GetType().Name}"),
        };

    private static async ValueTask<int> ReceiveAsync(Socket socket, Memory<byte> memory, CancellationToken cancellation)
    {
        try
        {
            return await socket.ReceiveAsync(memory, cancellation);
        }
        catch (SocketException)
        {
            return 0; // Reset: the monitor is gone, which is the end of the stream to us.
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
    }

    private static void Put(Socket socket, FileSender send, ReadOnlySpan<byte> line, IReadOnlyList<SafeHandle> files)
    {
        try
        {
            send(socket, line, files);
        }
        catch (Exception failure) when (failure is ExternalException or ObjectDisposedException)
        {
            throw new IOException($"the monitor has ended ({failure.Message})", failure);
        }
    }

    private void Send(Request request, IReadOnlyList<SafeHandle> files)
    {
        byte[] line = ControlJson.Line(request);
        lock (_sending)
            Put(_socket, _send, line, files);
    }

    private async Task ReadAsync()
    {
        Exception? why = null;
        try
        {
            while (await _lines.ReadAsync(_closing.Token) is { } line)
            {
                Reply reply = ControlJson.ParseReply(line.Span);
                if (reply.Id == 0)
                    await _events.Writer.WriteAsync(reply, _closing.Token);
                else if (_waiting.TryGetValue(reply.Id, out TaskCompletionSource<Reply>? answer))
                    _ = answer.TrySetResult(reply);
            }
        }
        catch (OperationCanceledException)
        {
            // This side closes.
        }
        catch (IOException failure)
        {
            why = failure;
        }

        _ = _events.Writer.TryComplete();
        foreach (TaskCompletionSource<Reply> answer in _waiting.Values)
            _ = answer.TrySetException(why ?? new IOException("the monitor has ended"));
    }
}
