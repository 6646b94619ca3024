using System.ComponentModel;
using System.Net.Sockets;
using Strata.Api.Control;
using Strata.Api.Machines;
using Strata.Cli.Output;
using Strata.Host.Processes;
using Strata.Host.Sockets;
using Strata.Host.Terminals;

namespace Strata.Cli.Machines;

/// <summary>The machines of this user: the folder in which every monitor has its own, with its control socket.</summary>
internal sealed class MachineFolder : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly PrivateFolder _root;
    private readonly ProcessRegistry _registry;

    private MachineFolder(PrivateFolder root)
    {
        _root = root;
        _registry = new(root);
    }

    /// <summary>The folder's path.</summary>
    internal string Path => _root.Path;

    /// <summary>Opens it, and sweeps what killed processes have left.</summary>
    /// <exception cref="CommandException">It cannot be used.</exception>
    internal static MachineFolder Open()
    {
        try
        {
            MachineFolder folder = new(UserFolders.OpenRuntime());
            _ = folder._registry.Sweep(RestoreTerminals);
            return folder;
        }
        catch (Exception failure) when (failure is Win32Exception or UnauthorizedAccessException or IOException)
        {
            throw new CommandException(
                "E-RUNTIME-FOLDER", "cannot use the folder for running machines", failure.Message, "set STRATA_HOME or XDG_RUNTIME_DIR to a folder of your own");
        }
    }

    /// <summary>What every running machine says of itself; one that does not answer is left out.</summary>
    internal async Task<IReadOnlyList<StatusRecord>> InspectAsync(CancellationToken cancellation)
    {
        StatusRecord?[] found = await Task.WhenAll(_registry.Living().Select(id => InspectAsync(id, cancellation)));
        return [.. found.OfType<StatusRecord>().OrderByDescending(status => status.UptimeMs)];
    }

    /// <summary>Connects to a machine's socket.</summary>
    /// <exception cref="IOException">It has ended.</exception>
    internal Socket Connect(string id)
    {
        try
        {
            using PrivateFolder folder = _registry.Open(id);
            return UnixSockets.Connect(folder, ControlProtocol.SocketName);
        }
        catch (Exception failure) when (failure is Win32Exception or UnauthorizedAccessException)
        {
            throw new IOException($"the machine {id} has ended ({failure.Message})", failure);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _root.Dispose();

    /// <summary>A machine and its command were killed in the same instant: nobody else gives their terminals back, unless a machine that lives has them now.</summary>
    private static void RestoreTerminals(PrivateFolder dead, IReadOnlyList<PrivateFolder> living)
    {
        foreach (TerminalRecord left in TerminalRecord.ReadAll(dead))
        {
            if (!living.SelectMany(TerminalRecord.ReadAll).Any(left.IsSameTerminal))
                _ = left.Restore();
        }
    }

    private async Task<StatusRecord?> InspectAsync(string id, CancellationToken cancellation)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            await using MonitorClient client = await MonitorClient.ConnectAsync(Connect(id), DescriptorPassing.Send, patience.Token);
            return (await client.AskAsync<StatusReply>(new InspectRequest(), patience.Token)).Status;
        }
        catch (Exception failure) when (failure is IOException or MonitorException or OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            return null;
        }
    }
}
