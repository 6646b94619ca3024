using Strata.Guest.Ports;

namespace Strata.Monitor;

/// <summary>A port that outlives the machine: a guest that resets itself goes on with the same streams on a new machine.</summary>
internal sealed class RelayedPort : IGuestPort
{
    private readonly Lock _gate = new();
    private IGuestPort _now;        // under _gate
    private IGuestPort? _before;    // under _gate: what the machine before wrote last is still to be received
    private bool _open;             // under _gate

    internal RelayedPort(IGuestPort first) => _now = first;

    /// <inheritdoc/>
    public Action? Changed
    {
        get => Now.Changed;
        set => Now.Changed = value;
    }

    /// <inheritdoc/>
    public bool IsGuestOpen => Now.IsGuestOpen;

    /// <inheritdoc/>
    public bool HoldsOutput
    {
        get => Now.HoldsOutput;
        set => Now.HoldsOutput = value;
    }

    private IGuestPort Now
    {
        get
        {
            lock (_gate)
                return _now;
        }
    }

    /// <summary>Goes on with the port of a new machine.</summary>
    internal void Switch(IGuestPort next)
    {
        Action? changed;
        lock (_gate)
        {
            changed = _now.Changed;
            (_before, _now) = (_now, next);
            next.Changed = _before.Changed;
            next.HoldsOutput = _before.HoldsOutput;
            if (_open)
                next.Open();
        }

        // Whoever waits for room in the machine before would wait for ever.
        changed?.Invoke();
    }

    /// <inheritdoc/>
    public void Open()
    {
        lock (_gate)
        {
            _open = true;
            _now.Open();
        }
    }

    /// <inheritdoc/>
    public void Close()
    {
        lock (_gate)
        {
            _open = false;
            _now.Close();
        }
    }

    /// <inheritdoc/>
    public int Send(ReadOnlySpan<byte> bytes) => Now.Send(bytes);

    /// <inheritdoc/>
    public int Receive(Span<byte> destination)
    {
        IGuestPort now;
        IGuestPort? before;
        lock (_gate)
            (now, before) = (_now, _before);
        if (before is not null)
        {
            int last = before.Receive(destination);
            if (last > 0)
                return last;
            lock (_gate)
                _before = _before == before ? null : _before;
        }

        return now.Receive(destination);
    }

    /// <inheritdoc/>
    public void DiscardInput() => Now.DiscardInput();
}
