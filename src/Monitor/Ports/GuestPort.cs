using Strata.Guest.Ports;

namespace Strata.Monitor.Ports;

/// <summary>A port of the guest for those who wait: reading until there are bytes, writing until there is room. One reader, one writer.</summary>
internal sealed class GuestPort
{
    private readonly IGuestPort _end;
    private readonly Lock _gate = new();
    private TaskCompletionSource? _changed;     // under _gate: what everybody who waits here waits for
    private volatile bool _completed;

    internal GuestPort(IGuestPort end)
    {
        _end = end;
        end.Changed = Wake;
    }

    /// <summary>Whether the guest has the port open, or has closed it and not all of its bytes were read yet.</summary>
    internal bool IsGuestOpen => _end.IsGuestOpen;

    /// <summary>Begins a new use of the port: what an earlier one left in either direction is forgotten.</summary>
    internal void Open()
    {
        Span<byte> left = stackalloc byte[512];
        while (_end.Receive(left) > 0)
        {
            // Forgotten: the last user's child wrote it.
        }

        _end.DiscardInput();
        _completed = false;
        _end.Open();
    }

    /// <summary>The end of what the guest reads; it comes after all that was written.</summary>
    internal void CloseInput() => _end.Close();

    /// <summary>Ends the use of the port; what the guest has not read is forgotten.</summary>
    internal void Close()
    {
        _end.DiscardInput();
        _end.Close();
    }

    /// <summary>No more output will come: a reader gets what is there and then the end.</summary>
    internal void Complete()
    {
        _completed = true;
        Wake();
    }

    /// <summary>Waits for output; 0 at the end.</summary>
    internal async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        while (true)
        {
            Task changed = Changed();
            bool completed = _completed;
            int got = _end.Receive(buffer.Span);
            if (got > 0 || completed)
                return got;
            await changed.WaitAsync(cancellation);
        }
    }

    /// <summary>Waits until all of <paramref name="bytes"/> were taken.</summary>
    internal async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        while (true)
        {
            Task changed = Changed();
            bytes = bytes[_end.Send(bytes.Span)..];
            if (bytes.IsEmpty)
                return;
            await changed.WaitAsync(cancellation);
        }
    }

    /// <summary>Waits until the guest does not have the port open and its output was read.</summary>
    internal async Task GuestClosedAsync(CancellationToken cancellation)
    {
        while (true)
        {
            Task changed = Changed();
            if (!_end.IsGuestOpen)
                return;
            await changed.WaitAsync(cancellation);
        }
    }

    private Task Changed()
    {
        lock (_gate)
            return (_changed ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }

    private void Wake()
    {
        lock (_gate)
        {
            _ = _changed?.TrySetResult();
            _changed = null;
        }
    }
}
