using System.Net.Sockets;
using Strata.Monitor.Ports;

namespace Strata.Monitor.Consoles;

/// <summary>
/// Joins one console of the guest with its viewer, if there is one. Without a viewer its output goes to the transcript alone and never stops
/// the guest; a viewer that does not read stops the guest's writer.
/// </summary>
internal sealed class ConsoleHub : IAsyncDisposable
{
    private readonly GuestPort _port;
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _showing = new(1);   // held by who adds to the transcript or shows it: a new viewer misses nothing, sees nothing twice
    private readonly Task _pump;
    private Socket? _viewer;        // under _gate
    private bool _visible;          // under _gate: the viewer's connection has become a stream

    internal ConsoleHub(GuestPort port)
    {
        _port = port;
        _port.Open();
        _pump = PumpAsync();
    }

    /// <summary>What the console has shown lately.</summary>
    internal Transcript Transcript { get; } = new();

    /// <summary>Reserves the place of the viewer; false when somebody has it.</summary>
    internal bool TryReserve(Socket viewer)
    {
        lock (_gate)
        {
            if (_viewer is not null)
                return false;
            _viewer = viewer;
            _visible = false;
            return true;
        }
    }

    /// <summary>
    /// Shows the viewer the console, from what it has shown lately on if <paramref name="replay"/>, and passes the viewer's bytes to the guest,
    /// until the viewer closes its connection or the machine ends. From <paramref name="begun"/> on the viewer misses nothing.
    /// </summary>
    internal async Task ServeAsync(Socket viewer, ReadOnlyMemory<byte> first, bool replay, Action begun)
    {
        try
        {
            await BeginAsync(viewer, replay);
            begun();
            await _port.WriteAsync(first, _closing.Token);
            byte[] buffer = new byte[4096];
            int got;
            while ((got = await viewer.ReceiveAsync(buffer, _closing.Token)) > 0)
                await _port.WriteAsync(buffer.AsMemory(0, got), _closing.Token);
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The viewer is gone, or the machine has ended: either way there is nobody to tell.
        }
        finally
        {
            if (!_closing.IsCancellationRequested)
                Release(viewer);
        }
    }

    /// <summary>Delivers what is left to the viewer, within <paramref name="patience"/>, and lets it go.</summary>
    internal async Task FinishAsync(TimeSpan patience)
    {
        _port.Complete();
        try
        {
            await _pump.WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            // A viewer that does not read keeps neither the machine nor the monitor.
        }

        await _closing.CancelAsync();
        lock (_gate)
            _viewer?.Dispose();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await FinishAsync(TimeSpan.Zero);
        await _pump;
        _closing.Dispose();
        _showing.Dispose();
    }

    private async Task BeginAsync(Socket viewer, bool replay)
    {
        await _showing.WaitAsync(_closing.Token);
        try
        {
            if (replay)
                await ShowAsync(viewer, Transcript.Snapshot());
            lock (_gate)
                _visible = _viewer == viewer;
        }
        finally
        {
            _ = _showing.Release();
        }
    }

    private void Release(Socket viewer)
    {
        lock (_gate)
        {
            if (_viewer == viewer)
                _viewer = null;
        }

        viewer.Dispose();
    }

    private async Task PumpAsync()
    {
        byte[] buffer = new byte[4096];
        try
        {
            int got;
            while ((got = await _port.ReadAsync(buffer, _closing.Token)) > 0)
            {
                await _showing.WaitAsync(_closing.Token);
                try
                {
                    Transcript.Add(buffer.AsSpan(0, got));
                    Socket? viewer;
                    lock (_gate)
                        viewer = _visible ? _viewer : null;
                    if (viewer is not null)
                        await ShowAsync(viewer, buffer.AsMemory(0, got));
                }
                finally
                {
                    _ = _showing.Release();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The machine has ended and the viewer had its time.
        }
    }

    private async Task ShowAsync(Socket viewer, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            while (!bytes.IsEmpty)
                bytes = bytes[await viewer.SendAsync(bytes, _closing.Token)..];
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            Release(viewer);
        }
    }
}
