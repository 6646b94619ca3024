using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Win32.SafeHandles;
using Strata.Api.Control;
using Strata.Cli.Machines;
using Strata.Cli.Output;
using Strata.Host.Files;

namespace Strata.Cli.Inspection;

/// <summary>Asks a machine's monitor for something that is too long for a line: it comes in a file that the request brings.</summary>
internal static class InspectionAnswer
{
    /// <summary>Asks.</summary>
    /// <exception cref="CommandException">The monitor refused or has ended.</exception>
    internal static async Task<T> AskAsync<T>(RunningMachine machine, Request request, JsonTypeInfo<T> type, CancellationToken cancellation, params IReadOnlyList<SafeFileHandle?> files)
    {
        using SafeFileHandle answer = UnnamedFile.Create("strata answer");
        try
        {
            List<SafeHandle> all = [answer, .. files.OfType<SafeHandle>()];
            _ = await machine.Client.AskAsync<DoneReply>(request, cancellation, all);
            byte[] bytes = new byte[RandomAccess.GetLength(answer)];
            int got = RandomAccess.Read(answer, bytes, 0);
            return JsonSerializer.Deserialize(bytes.AsSpan(0, got), type) ?? throw new IOException("its answer is empty");
        }
        catch (MonitorException failure)
        {
            throw new CommandException(failure.Error);
        }
        catch (Exception failure) when (failure is IOException or JsonException)
        {
            throw new CommandException("E-MACHINE-ENDED", "cannot look inside the machine", failure.Message);
        }
    }
}
