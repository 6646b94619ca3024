using Strata.Api.Control;
using Strata.Api.Machines;
using Strata.Cli.Output;
using Strata.Host.Sockets;

namespace Strata.Cli.Machines;

/// <summary>A machine that runs already, and a connection to its monitor.</summary>
internal sealed record RunningMachine(MachineFolder Machines, StatusRecord Status, MonitorClient Client) : IAsyncDisposable
{
    /// <summary>Connects to the machine of that id, or to the only one that runs.</summary>
    /// <exception cref="CommandException">There is no such machine, or more than one.</exception>
    internal static async Task<RunningMachine> ConnectAsync(string? id, CancellationToken cancellation)
    {
        const string What = "cannot reach the machine";
        MachineFolder machines = MachineFolder.Open();
        try
        {
            IReadOnlyList<StatusRecord> found = await machines.InspectAsync(cancellation);
            StatusRecord[] meant = [.. found.Where(status => id is null || status.Id == id)];
            StatusRecord status = meant switch
            {
                [var one] => one,
                [] when id is not null => throw new CommandException("E-MACHINE-NONE", What, $"no machine of yours has the id {id}", "run: strata ps"),
                [] => throw new CommandException("E-MACHINE-NONE", What, "no machine of yours runs", "start one in another terminal: strata run"),
                _ => throw new CommandException("E-MACHINE-MANY", What, $"{meant.Length} machines run: {string.Join(", ", meant.Select(one => one.Id))}", "say which one; strata ps tells more", ExitCode.Usage),
            };
            return new(machines, status, await MonitorClient.ConnectAsync(machines.Connect(status.Id), DescriptorPassing.Send, cancellation));
        }
        catch (IOException failure)
        {
            machines.Dispose();
            throw new CommandException("E-MACHINE-ENDED", What, failure.Message);
        }
        catch
        {
            machines.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        Machines.Dispose();
    }
}
