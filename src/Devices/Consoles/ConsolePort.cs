using Strata.Guest.Memory;
using Strata.Guest.Ports;

namespace Strata.Devices.Consoles;

/// <summary>What happens to the guest's output when nobody takes it.</summary>
public enum OutputOverflow : byte
{
    /// <summary>The oldest bytes are forgotten: for consoles, whose guest must not stop because nobody watches.</summary>
    DropOldest,

    /// <summary>The guest is told to wait: for streams, of which no byte may be lost.</summary>
    HoldBack,
}

/// <summary>
/// The host's end of a byte stream between a guest and the outside: a serial line, the console, or a port of the agent.
/// </summary>
/// <remarks>
/// <code>
/// host side (any thread)                       device side (under the device lock)
///   Send ──► input ring (bounded) ─────────────► TakeInput
///   Receive ◄── output ring (bounded) ◄───────── PutOutput
///   Open, Close ───────────────────────────────► IsHostOpen (false only after all input was taken)
///   IsGuestOpen (false only after all output was received) ◄── SetGuestOpen
/// </code>
/// Each side is told of the other's doings by a callback that must not block: the device posts an event of guest time, the host wakes its reader.
/// </remarks>
public sealed class ConsolePort : IGuestPort
{
    /// <summary>Bytes that wait in either direction at most.</summary>
    public const int BufferSizeBytes = 64 * 1024;

    private volatile OutputOverflow _overflow;
    private readonly Lock _lock = new();

    // Guarded by _lock.
    private readonly ByteRing _input = new(BufferSizeBytes);
    private readonly ByteRing _output = new(BufferSizeBytes);
    private bool _hostOpen;
    private bool _guestOpen;
    private bool _senderWaits;
    private bool _deviceWaits;
    private MemoryWait? _room;

    /// <summary>Makes a port.</summary>
    /// <param name="name">Its name; a guest with virtio sees it in <c>/dev/virtio-ports</c>. Empty for a console.</param>
    /// <param name="overflow">What happens to output that nobody takes.</param>
    public ConsolePort(string name, OutputOverflow overflow)
    {
        Name = name;
        _overflow = overflow;
    }

    /// <summary>The port's name.</summary>
    public string Name { get; }

    /// <summary>Called after bytes arrived from the guest, room appeared after a <see cref="Send"/> that took less than all, or the guest opened or closed
    /// the port. On the device's thread, under the device lock: it must only wake whoever then looks.</summary>
    public Action? Changed { get; set; }

    /// <summary>True while the guest has the port open, or has closed it but not all of its bytes were received yet.</summary>
    public bool IsGuestOpen
    {
        get
        {
            lock (_lock)
                return _guestOpen || _output.Count > 0;
        }
    }

    /// <inheritdoc/>
    public bool HoldsOutput
    {
        get => _overflow == OutputOverflow.HoldBack;
        set
        {
            _overflow = value ? OutputOverflow.HoldBack : OutputOverflow.DropOldest;
            if (value)
                return;

            // Whoever waits for room has it now.
            MemoryWait? room;
            lock (_lock)
                (room, _room) = (_room, null);
            room?.Complete();
            HostActed?.Invoke();
        }
    }

    /// <summary>Called, on any thread, when the device should look: input, room, or a change of <see cref="IsHostOpen"/>.</summary>
    internal Action? HostActed { get; set; }

    internal bool IsHostOpen
    {
        get
        {
            lock (_lock)
                return _hostOpen || _input.Count > 0;
        }
    }

    internal bool HasInput
    {
        get
        {
            lock (_lock)
                return _input.Count > 0;
        }
    }

    /// <summary>Sends bytes to the guest. Never blocks: answers how many were taken; after an answer less than all, <see cref="Changed"/> tells of room.</summary>
    public int Send(ReadOnlySpan<byte> bytes)
    {
        int taken;
        lock (_lock)
        {
            taken = _input.Write(bytes);
            _senderWaits = taken < bytes.Length;
        }

        if (taken > 0)
            HostActed?.Invoke();
        return taken;
    }

    /// <summary>Takes bytes that came from the guest. Never blocks: answers how many there were.</summary>
    public int Receive(Span<byte> destination)
    {
        int count;
        bool tellDevice;
        MemoryWait? room = null;
        lock (_lock)
        {
            count = _output.Read(destination);
            tellDevice = count > 0 && _deviceWaits;
            if (count > 0)
                (room, _room) = (_room, null);
        }

        room?.Complete();
        if (tellDevice)
            HostActed?.Invoke();
        return count;
    }

    /// <summary>Tells the guest that somebody is there.</summary>
    public void Open() => SetHostOpen(true);

    /// <summary>Tells the guest that nobody is there any more, after it has got all that was sent: the end of the file for a reader in the guest.</summary>
    public void Close() => SetHostOpen(false);

    internal int PeekInput(Span<byte> destination)
    {
        lock (_lock)
            return _input.Peek(destination);
    }

    internal void DropInput(int count)
    {
        bool tellHost;
        lock (_lock)
        {
            _input.Drop(count);
            tellHost = _senderWaits;
            _senderWaits = false;
        }

        if (tellHost)
            Changed?.Invoke();
    }

    /// <summary>The device's side: takes bytes that the host sent, and answers how many.</summary>
    public int TakeInput(Span<byte> destination)
    {
        int count = PeekInput(destination);
        if (count > 0)
            DropInput(count);
        return count;
    }

    /// <summary>How many bytes <see cref="PutOutput"/> would take now; 0 asks to be told through <see cref="HostActed"/> of room.</summary>
    internal int OutputRoom()
    {
        if (_overflow == OutputOverflow.DropOldest)
            return int.MaxValue;
        lock (_lock)
        {
            int room = _output.Room;
            _deviceWaits = room == 0;
            return room;
        }
    }

    /// <summary>For a deterministic machine, whose guest may not see when the host reads: null if there is room for so many bytes, or what to wait for before asking again.</summary>
    internal MemoryWait? AwaitRoom(int count)
    {
        lock (_lock)
            return _overflow == OutputOverflow.DropOldest || _output.Room >= count ? null : _room ??= new MemoryWait();
    }

    /// <summary>The device's side: takes bytes from the guest; beyond <see cref="OutputRoom"/> the oldest are lost.</summary>
    public void PutOutput(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
            _output.WriteDroppingOldest(bytes);
        Changed?.Invoke();
    }

    /// <summary>True once after room has appeared that the device was waiting for.</summary>
    internal bool TakeRoomWanted()
    {
        lock (_lock)
        {
            bool hasRoom = _deviceWaits && (_output.Room > 0 || _overflow == OutputOverflow.DropOldest);
            if (hasRoom)
                _deviceWaits = false;
            return hasRoom;
        }
    }

    /// <summary>Forgets what the host sent to a reader who has gone: it is not for the next one.</summary>
    public void DiscardInput()
    {
        int count;
        lock (_lock)
            count = _input.Count;
        if (count > 0)
            DropInput(count);
    }

    internal void SetGuestOpen(bool open)
    {
        lock (_lock)
        {
            if (_guestOpen == open)
                return;
            _guestOpen = open;
        }

        Changed?.Invoke();
    }

    private void SetHostOpen(bool open)
    {
        lock (_lock)
        {
            if (_hostOpen == open)
                return;
            _hostOpen = open;
        }

        HostActed?.Invoke();
    }
}
