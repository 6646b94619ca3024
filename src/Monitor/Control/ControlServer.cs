using System.Net.Sockets;
using Strata.Host.Processes;
using Strata.Host.Sockets;

namespace Strata.Monitor.Control;

/// <summary>Accepts the clients of one machine: this user's processes, and root's.</summary>
internal sealed class ControlServer(Socket listener, MachineSession session, string machineId, PrivateFolder folder)
{
    private const int MaximumConnections = 64;

    // Nothing tells of a free descriptor.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<ControlConnection, Task> _connections = [];     // under _gate
    private int _lastNumber;

    /// <summary>Serves one client that is connected already: the one that started this monitor.</summary>
    internal void Serve(Socket socket, bool owns)
    {
        ControlConnection connection = new(socket, Interlocked.Increment(ref _lastNumber), session, machineId, folder);
        lock (_gate)
            _connections.Add(connection, Task.Run(() => ServeAsync(connection, owns)));
    }

    /// <summary>Accepts until <paramref name="cancellation"/>.</summary>
    internal async Task AcceptAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                Socket socket = await listener.AcceptAsync(cancellation);
                bool full;
                lock (_gate)
                    full = _connections.Count >= MaximumConnections;
                uint user = UnixSockets.PeerOf(socket).UserId;
                if (full || (user != HostProcess.UserId && user != 0))
                    socket.Dispose();
                else
                    Serve(socket, owns: false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception failure) when (failure is SocketException or System.ComponentModel.Win32Exception)
            {
                // A client that left before it was accepted, or no descriptor is free just now.
                await Task.Delay(Pause, TimeProvider.System, CancellationToken.None);
            }
        }
    }

    /// <summary>
    /// Waits until the clients have left, which they do when they have heard how the machine ended, and after <paramref name="patience"/> ends the
    /// connections of those who have not.
    /// </summary>
    internal async Task FinishAsync(TimeSpan patience)
    {
        KeyValuePair<ControlConnection, Task>[] connections;
        lock (_gate)
            connections = [.. _connections];
        Task all = Task.WhenAll(connections.Select(pair => pair.Value));
        if (await all.EndsWithinAsync(patience))
            return;
        foreach ((ControlConnection connection, _) in connections)
            connection.Abort();
        _ = await all.EndsWithinAsync(patience);
    }

    private async Task ServeAsync(ControlConnection connection, bool owns)
    {
        try
        {
            await connection.ServeAsync(owns);
        }
        finally
        {
            lock (_gate)
                _ = _connections.Remove(connection);
            connection.Dispose();
        }
    }
}
