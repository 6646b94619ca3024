using Strata.Guest.Ports;

namespace Strata.Monitor.Tests;

/// <summary>A port without a device: the test, or the fake guest, is at its other end.</summary>
internal sealed class FakePort : IGuestPort
{
    public const int Capacity = 4096;

    private readonly Lock _gate = new();
    private readonly Queue<byte> _toGuest = new();
    private readonly Queue<byte> _fromGuest = new();
    private TaskCompletionSource _acted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _guestOpen;
    private bool _hostOpen;

    public Action? Changed { get; set; }

    public bool IsGuestOpen
    {
        get
        {
            lock (_gate)
                return _guestOpen || _fromGuest.Count > 0;
        }
    }

    public bool IsHostOpen
    {
        get
        {
            lock (_gate)
                return _hostOpen || _toGuest.Count > 0;
        }
    }

    /// <summary>The most bytes that ever waited for the host.</summary>
    public int MostWaiting { get; private set; }

    public bool HoldsOutput { get; set; }

    public void Open() => SetHostOpen(true);

    public void Close() => SetHostOpen(false);

    public void SetHostOpen(bool open)
    {
        lock (_gate)
        {
            _hostOpen = open;
            Act();
        }
    }

    public int Send(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            int taken = Math.Min(bytes.Length, Capacity - _toGuest.Count);
            foreach (byte value in bytes[..taken])
                _toGuest.Enqueue(value);
            Act();
            return taken;
        }
    }

    public int Receive(Span<byte> buffer)
    {
        lock (_gate)
        {
            int taken = Math.Min(buffer.Length, _fromGuest.Count);
            for (int i = 0; i < taken; i++)
                buffer[i] = _fromGuest.Dequeue();
            if (taken > 0)
                Act();
            return taken;
        }
    }

    public void DiscardInput()
    {
        lock (_gate)
            _toGuest.Clear();
    }

    public void SetGuestOpen(bool open)
    {
        lock (_gate)
            _guestOpen = open;
        Changed?.Invoke();
    }

    /// <summary>The guest writes, and waits for room.</summary>
    public async Task GuestWriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        while (true)
        {
            Task acted;
            lock (_gate)
            {
                acted = _acted.Task;
                int taken = Math.Min(bytes.Length, Capacity - _fromGuest.Count);
                foreach (byte value in bytes.Span[..taken])
                    _fromGuest.Enqueue(value);
                bytes = bytes[taken..];
                MostWaiting = Math.Max(MostWaiting, _fromGuest.Count);
            }

            Changed?.Invoke();
            if (bytes.IsEmpty)
                return;
            await acted.WaitAsync(cancellation);
        }
    }

    /// <summary>The guest reads, and waits for bytes; nothing when the host has closed its side.</summary>
    public async Task<byte[]> GuestReadAsync(CancellationToken cancellation)
    {
        while (true)
        {
            byte[] got;
            bool open;
            Task acted;
            lock (_gate)
            {
                acted = _acted.Task;
                got = [.. _toGuest];
                _toGuest.Clear();
                open = _hostOpen;
            }

            if (got.Length > 0)
                Changed?.Invoke();
            if (got.Length > 0 || !open)
                return got;
            await acted.WaitAsync(cancellation);
        }
    }

    private void Act()
    {
        _acted.SetResult();
        _acted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
