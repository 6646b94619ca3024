using System.Diagnostics;
using Strata.Api.Control;
using Strata.Host.Processes;
using Strata.Host.Sockets;

namespace Strata.Bench.Peers;

/// <summary>The serial port of a machine of ours, by its control socket.</summary>
internal sealed class SerialLine : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly ConsoleStream _stream;

    private SerialLine(ConsoleStream stream) => _stream = stream;

    /// <summary>Connects to the only machine of <paramref name="home"/>, as soon as <paramref name="client"/> has started it.</summary>
    /// <exception cref="BenchException">There is none.</exception>
    public static SerialLine Open(string home, Process client)
    {
        long end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (Environment.TickCount64 < end && !client.HasExited)
        {
            Thread.Sleep(20);
            if (TryOpen(Path.Combine(home, "run")) is { } stream)
                return new(stream);
        }

        throw new BenchException("the machine did not start");
    }

    public int Read(byte[] buffer) => _stream.ReadAsync(buffer, CancellationToken.None).AsTask().GetAwaiter().GetResult();

    public void Write(byte[] bytes) => _ = _stream.WriteAsync(bytes, CancellationToken.None).AsTask().GetAwaiter().GetResult();

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private static ConsoleStream? TryOpen(string registry)
    {
        try
        {
            using PrivateFolder root = PrivateFolder.Open(registry);
            ProcessRegistry processes = new(root);
            if (processes.Living() is not [var id])
                return null;
            using PrivateFolder folder = processes.Open(id);
            ConsoleRequest request = new(ConsoleKind.Serial, 0, 0, Replay: true);
            return MonitorClient.OpenConsoleAsync(UnixSockets.Connect(folder, ControlProtocol.SocketName), DescriptorPassing.Send, request, CancellationToken.None)
                .GetAwaiter().GetResult();
        }
        catch (Exception failure) when (failure is IOException or System.ComponentModel.Win32Exception or UnauthorizedAccessException or MonitorException)
        {
            return null;        // not there yet
        }
    }
}
