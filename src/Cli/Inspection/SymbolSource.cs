using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Strata.Api.Control;
using Strata.Cli.Machines;
using Strata.Cli.Output;
using Strata.Host.Files;
using Strata.Host.Sockets;

namespace Strata.Cli.Inspection;

/// <summary>Where the symbols of a guest come from: a file of the user's, or the guest's own kernel, which the agent is asked for.</summary>
internal static class SymbolSource
{
    /// <summary>The word for the guest's own.</summary>
    internal const string Guest = "guest";

    /// <summary>The word for none.</summary>
    internal const string None = "none";

    private const string What = "cannot read the symbols";
    private const long MaximumBytes = 128 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Opens the symbols that were asked for; without a wish the guest's own, if it has an agent.</summary>
    /// <returns>A file, or null for none.</returns>
    /// <exception cref="CommandException">They cannot be had.</exception>
    internal static async Task<SafeFileHandle?> OpenAsync(string? asked, RunningMachine machine, ProgressDisplay progress, CancellationToken cancellation)
    {
        switch (asked)
        {
            case null when !machine.Status.Agent:
            case None:
                return null;
            case null:
            case Guest:
                progress.Await("symbols", "reading the symbols of the guest's kernel");
                return await FromGuestAsync(machine, cancellation);
            default:
                try
                {
                    return File.OpenHandle(asked);
                }
                catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
                {
                    throw new CommandException("E-SYMBOLS", What, failure.Message);
                }
        }
    }

    private static async Task<SafeFileHandle> FromGuestAsync(RunningMachine machine, CancellationToken cancellation)
    {
        const string Hint = "give a file: --symbols FILE, or go without: --symbols none";
        if (!machine.Status.Agent)
            throw new CommandException("E-SYMBOLS", What, "there is no agent in the guest to ask", Hint);
        (Socket input, Socket itsInput) = UnixSockets.Pair();
        (Socket output, Socket itsOutput) = UnixSockets.Pair();
        (Socket error, Socket itsError) = UnixSockets.Pair();
        SafeFileHandle file = UnnamedFile.Create("strata symbols");
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            using (input)
            using (error)
            using (output)
            {
                using (itsInput)
                using (itsOutput)
                using (itsError)
                {
                    ExecRequest exec = new(["cat", "/proc/kallsyms"], []);
                    _ = await machine.Client.AskAsync<ExecReply>(exec, patience.Token, [itsInput.SafeHandle, itsOutput.SafeHandle, itsError.SafeHandle]);
                }

                byte[] buffer = new byte[64 * 1024];
                int got;
                long length = 0;
                while (length < MaximumBytes && (got = await output.ReceiveAsync(buffer, patience.Token)) > 0)
                {
                    RandomAccess.Write(file, buffer.AsSpan(0, got), length);
                    length += got;
                }
            }

            return file;
        }
        catch (Exception failure)
        {
            file.Dispose();
            throw failure switch
            {
                OperationCanceledException when !cancellation.IsCancellationRequested =>
                    new CommandException("E-SYMBOLS", What, $"the guest has not sent them within {Patience.TotalSeconds} seconds", Hint, ExitCode.TimeOut),
                MonitorException refused => new CommandException(refused.Error),
                SocketException or IOException => new CommandException("E-SYMBOLS", What, failure.Message, Hint),
                _ => failure,
            };
        }
    }
}
