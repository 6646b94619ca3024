using System.Net.Sockets;
using System.Runtime.InteropServices;
using Strata.Api.Control;
using Strata.Api.Machines;
using Strata.Host.Processes;
using Strata.Host.Sockets;
using Strata.Monitor.Control;

namespace Strata.Monitor;

/// <summary>The whole process of one machine: its place in the registry, its socket, its clients, its machine.</summary>
internal static class MonitorProcess
{
    /// <summary>How long the last answers may take to reach clients that read slowly.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    /// <summary>Serves until the machine has ended, or was never started and the first client leaves.</summary>
    /// <param name="root">The registry's folder.</param>
    /// <param name="owner">The connection of the client that started this process; this takes it over.</param>
    /// <param name="make">Makes the machine.</param>
    /// <param name="ending">Called when the machine has ended or was told to: from here on nothing may take long.</param>
    internal static async Task<ExitRecord> RunAsync(PrivateFolder root, Socket owner, MachineMaker make, Action? ending = null)
    {
        using RegistryEntry entry = new ProcessRegistry(root).Enter();
        using Socket listener = UnixSockets.Listen(entry.Folder, ControlProtocol.SocketName, backlog: 16);
        await using MachineSession session = new(entry.Id, make);
        using CancellationTokenSource closing = new();
        using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            session.Kill();
        });
        ControlServer server = new(listener, session, entry.Id, entry.Folder);
        server.Serve(owner, owns: true);
        Task accepting = server.AcceptAsync(closing.Token);
        _ = await Task.WhenAny(session.Ended, session.Killed);
        ending?.Invoke();
        ExitRecord exit = await session.Ended;
        await closing.CancelAsync();
        await accepting;
        await server.FinishAsync(Farewell);
        return exit;
    }
}
