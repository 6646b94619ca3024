using System.ComponentModel;
using System.Net.Sockets;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Strata.Api.Control;
using Strata.Api.Machines;
using Strata.Cli.Output;
using Strata.Host.Files;
using Strata.Host.Processes;
using Strata.Host.Sockets;

namespace Strata.Cli.Machines;

/// <summary>A monitor process that this command started, and the connection that its machine belongs to.</summary>
/// <param name="Client">The connection.</param>
/// <param name="Log">What the process says on its standard error, in a file without a name.</param>
internal sealed record LaunchedMonitor(MonitorClient Client, SafeFileHandle Log) : IAsyncDisposable
{
    private const int MostLogBytes = 4096;

    /// <summary>The first line that the process said, if any: it says nothing unless it dies.</summary>
    internal static string? FirstWords(SafeFileHandle log)
    {
        byte[] bytes = new byte[MostLogBytes];
        int length = RandomAccess.Read(log, bytes, 0);
        return Encoding.UTF8.GetString(bytes, 0, length).Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.Length > 0);
    }

    /// <summary>The error for a connection that ended unexpectedly.</summary>
    internal CommandException Died(IOException failure) =>
        new("E-MONITOR-DIED", "the machine's monitor process ended unexpectedly", FirstWords(Log) ?? failure.Message);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        Log.Dispose();
    }
}

/// <summary>Starts a monitor process and says hello to it over a socket that it inherits, so that neither can miss the other's death.</summary>
internal static class MonitorLauncher
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>The path of the monitor's executable: beside this one.</summary>
    internal static string ExecutablePath => Path.Join(AppContext.BaseDirectory, "strata-monitor");

    /// <summary>Starts one.</summary>
    /// <param name="machines">Where machines are found.</param>
    /// <param name="engine">The one of <see cref="MachineEngine"/> that its machine will have; null: the best.</param>
    /// <param name="cancellation">Ends the wait for it.</param>
    /// <exception cref="CommandException">It does not start.</exception>
    internal static async Task<LaunchedMonitor> StartAsync(MachineFolder machines, string? engine, CancellationToken cancellation)
    {
        const string What = "cannot start a monitor process";
        const string Hint = "run: strata doctor";
        (Socket own, Socket its) = UnixSockets.Pair();
        SafeFileHandle log = UnnamedFile.Create("strata-monitor log");
        try
        {
            using ChildProcess monitor = ChildProcess.Start(new()
            {
                Path = ExecutablePath,
                Arguments = [machines.Path],
                Descriptors = [null, log, log, its.SafeHandle],
                Environment = RuntimeSettings(engine),
            });
            its.Dispose();
            using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            patience.CancelAfter(Patience);
            return new(await MonitorClient.ConnectAsync(own, DescriptorPassing.Send, patience.Token), log);
        }
        catch (Win32Exception failure)
        {
            throw new CommandException("E-MONITOR-START", What, failure.Message, Hint);
        }
        catch (IOException failure)
        {
            throw new CommandException("E-MONITOR-START", What, LaunchedMonitor.FirstWords(log) ?? failure.Message, Hint);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new CommandException("E-MONITOR-START", What, $"it said nothing for {Patience.TotalSeconds} seconds", Hint, ExitCode.TimeOut);
        }
    }

    // Of the runtime; whoever wants another value sets the variable.
    private static Dictionary<string, string?> RuntimeSettings(string? engine)
    {
        Dictionary<string, string?> settings = new(StringComparer.Ordinal)
        {
            // Debugger pipes would be left among the temporary files by a monitor that is killed.
            ["DOTNET_EnableDiagnostics"] = Chosen("DOTNET_EnableDiagnostics", "0"),

            // A monitor allocates little: a first generation as large as the processor's cache would hold five megabytes of garbage. In hexadecimal.
            ["DOTNET_GCgen0size"] = Chosen("DOTNET_GCgen0size", "100000"),
        };

        // Of an interpreter little runs often, and that was compiled well before: compiling it again would cost 3 MB.
        if (engine == MachineEngine.Interpreter)
            settings["DOTNET_TieredCompilation"] = Chosen("DOTNET_TieredCompilation", "0");
        return settings;
    }

    private static string Chosen(string variable, string otherwise) => Environment.GetEnvironmentVariable(variable) ?? otherwise;
}
