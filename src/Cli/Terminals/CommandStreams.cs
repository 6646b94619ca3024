using System.Net.Sockets;
using System.Runtime.InteropServices;
using Strata.Cli.Output;
using Strata.Host.Sockets;
using Strata.Host.Terminals;

namespace Strata.Cli.Terminals;

/// <summary>Joins the standard streams with those of a command in the guest.</summary>
internal sealed class CommandStreams : IDisposable
{
    private readonly Socket _input;
    private readonly Socket _output;
    private readonly Socket _error;
    private readonly Socket[] _theirs;

    internal CommandStreams()
    {
        (_input, Socket input) = UnixSockets.Pair();
        (_output, Socket output) = UnixSockets.Pair();
        (_error, Socket error) = UnixSockets.Pair();
        _theirs = [input, output, error];
    }

    /// <summary>The other ends, for the monitor.</summary>
    internal IReadOnlyList<SafeHandle> Files => [.. _theirs.Select(socket => socket.SafeHandle)];

    /// <summary>Forgets the other ends, which the monitor has by now, and passes bytes until both outputs have ended.</summary>
    /// <exception cref="CommandException">An output cannot be written to.</exception>
    internal async Task PassAsync()
    {
        foreach (Socket socket in _theirs)
            socket.Dispose();
        new Thread(Feed) { IsBackground = true, Name = "input" }.Start();
        Task output = CopyAsync(buffer => ReceiveAsync(_output, buffer), new(StandardStreams.Output), "standard output");
        Task error = CopyAsync(buffer => ReceiveAsync(_error, buffer), new(StandardStreams.Error), "standard error");

        // The first failure counts at once: the other stream may stay open for as long as the command runs.
        Task first = await Task.WhenAny(output, error);
        await first;
        await output;
        await error;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _input.Dispose();
        _output.Dispose();
        _error.Dispose();
        foreach (Socket socket in _theirs)
            socket.Dispose();
    }

    private static async Task CopyAsync(Func<Memory<byte>, Task<int>> receive, DescriptorStream to, string name)
    {
        byte[] buffer = new byte[64 * 1024];
        int got;
        while ((got = await receive(buffer)) > 0)
        {
            try
            {
                if (!to.Write(buffer.AsSpan(0, got)))
                    throw new CommandException("E-OUTPUT", "cannot pass the command's output on", $"nobody reads {name}", exitCode: ExitCode.BrokenPipe);
            }
            catch (IOException failure)
            {
                throw new CommandException("E-OUTPUT", "cannot pass the command's output on", failure.Message);
            }
        }
    }

    private static async Task<int> ReceiveAsync(Socket from, Memory<byte> buffer)
    {
        try
        {
            return await from.ReceiveAsync(buffer);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            return 0; // The monitor has died: its own connection says so.
        }
    }

    private void Feed()
    {
        DescriptorStream input = new(StandardStreams.Input);
        byte[] buffer = new byte[64 * 1024];
        try
        {
            int got;
            while ((got = input.Read(buffer)) > 0)
            {
                for (int at = 0; at < got;)
                    at += _input.Send(buffer.AsSpan(at, got - at));
            }

            _input.Shutdown(SocketShutdown.Send);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // The command has ended without reading all of it.
        }
    }
}
