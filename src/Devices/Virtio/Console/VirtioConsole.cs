// Virtio 1.3, section 5.3 (console device), with VIRTIO_CONSOLE_F_SIZE and VIRTIO_CONSOLE_F_MULTIPORT.
using System.Buffers.Binary;
using Strata.Devices.Consoles;
using Strata.Guest.Memory;
using Strata.Guest.State;
using Strata.Guest.Time;

namespace Strata.Devices.Virtio.Console;

/// <summary>The order of the two numbers in the message that tells of a new window size.</summary>
public enum ResizeOrder : byte
{
    /// <summary>Columns first, as the specification says and Linux has it since 6.15 and in later stable kernels.</summary>
    ColumnsFirst,

    /// <summary>Rows first, as Linux had it from 2010 on.</summary>
    RowsFirst,
}

/// <summary>A console with its window size, and further ports as byte streams with names.</summary>
/// <remarks>Port 0 is the console. What a guest sends goes to the port's host end as that has room; what the host sends waits until the guest has opened the
/// port, because drivers drop what arrives before. A close in either direction arrives after all bytes sent before it.</remarks>
public sealed partial class VirtioConsole : IVirtioDevice
{
    private const int ChunkSizeBytes = 4096;

    // Configuration.
    private readonly ResizeOrder _resizeOrder;

    // Wiring.
    private readonly ConsolePort[] _ports;
    private readonly DescriptorChain _chain = new();
    private readonly byte[] _chunk = new byte[ChunkSizeBytes];
    private readonly byte[] _configuration = new byte[ConfigurationField.SizeBytes];
    private VirtioEndpoint? _endpoint;
    private ClockEvent? _hostActed;

    // Any thread: columns in bits 31–16, rows in bits 15–0, as the host last said.
    private uint _hostSize;

    // State, under the device lock. The configuration space follows from it.
    private VirtioConsoleState _state;

    /// <summary>Makes the device.</summary>
    /// <param name="name">Unique in the machine.</param>
    /// <param name="ports">The host's ends, from 1 to <see cref="MaxPorts"/>; the first is the console.</param>
    /// <param name="resizeOrder">What the guest's driver expects.</param>
    public VirtioConsole(string name, IReadOnlyList<ConsolePort> ports, ResizeOrder resizeOrder = ResizeOrder.ColumnsFirst)
    {
        ArgumentOutOfRangeException.ThrowIfZero(ports.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ports.Count, MaxPorts);
        _ports = [.. ports];
        _resizeOrder = resizeOrder;
        List<ushort> sizes = [ConsoleQueueSize, ConsoleQueueSize, ControlQueueSize, ControlQueueSize];
        for (int port = 1; port < ports.Count; port++)
            sizes.AddRange([PortQueueSize, PortQueueSize]);
        Identity = new VirtioIdentity(name, DeviceId: 3, PciClass: 0x07_80_00, Feature.Size | Feature.Multiport, sizes);
        _state = new VirtioConsoleState(0, 0, new ConsolePortState[ports.Count]);
        UpdateConfiguration();
    }

    /// <inheritdoc/>
    public VirtioIdentity Identity { get; }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Configuration => _configuration;

    private VirtioEndpoint Endpoint => _endpoint ?? throw new InvalidOperationException("the device has no endpoint");

    private bool IsMultiport => Endpoint.Has(Feature.Multiport);

    /// <summary>Tells the guest the size of the console's window. Any thread.</summary>
    public void SetWindowSize(ushort columns, ushort rows)
    {
        Volatile.Write(ref _hostSize, ((uint)columns << 16) | rows);
        NotifyHostActed();
    }

    /// <inheritdoc/>
    public void Connect(VirtioEndpoint endpoint)
    {
        _endpoint = endpoint;
        _hostActed = endpoint.Clock.CreateHostEvent($"{Identity.Name}-host", TakeHostActs);
        foreach (ConsolePort port in _ports)
            port.HostActed = NotifyHostActed;
    }

    /// <inheritdoc/>
    public MemoryWait? Serve(int queue)
    {
        switch (queue)
        {
            case ControlReceiveQueue:
                return IsMultiport ? SendControl() : null;
            case ControlTransmitQueue:
                return IsMultiport ? ReceiveControl() : null;
            default:
                int port = queue < FirstPairedQueue ? 0 : (queue / 2) - 1;
                if (port > 0 && !IsMultiport)
                    return null;
                return queue % 2 == 0 ? ServeReceive(port, queue) : ServeTransmit(port, queue);
        }
    }

    /// <inheritdoc/>
    public void Reset(int? queue)
    {
        if (queue is { } one)
        {
            // A chain that was taken in part is gone with its queue.
            if (one is not (ControlReceiveQueue or ControlTransmitQueue) && one % 2 != 0)
                _state.Ports[one < FirstPairedQueue ? 0 : (one / 2) - 1].TransmitOffset = 0;
            return;
        }

        _state.Ports = new ConsolePortState[_ports.Length];
        foreach (ConsolePort port in _ports)
            port.SetGuestOpen(false);
    }

    /// <inheritdoc/>
    public void Save(StateWriter writer) => _state.Write(writer);

    /// <inheritdoc/>
    public void Restore(ref StateReader reader)
    {
        _state = VirtioConsoleState.Read(ref reader, _ports.Length);
        UpdateConfiguration();
        for (int port = 0; port < _ports.Length; port++)
            _ports[port].SetGuestOpen(_state.Ports[port].IsGuestOpen);
        NotifyHostActed();
    }

    private static int ReceiveQueue(int port) => port == 0 ? 0 : FirstPairedQueue + (2 * (port - 1));

    private static int TransmitQueue(int port) => ReceiveQueue(port) + 1;

    private void NotifyHostActed() => _hostActed?.Set(Endpoint.Clock.Now);

    private MemoryWait? TakeHostActs()
    {
        uint size = Volatile.Read(ref _hostSize);
        (ushort columns, ushort rows) = ((ushort)(size >> 16), (ushort)size);
        if ((columns, rows) != (_state.Columns, _state.Rows) && size != 0)
        {
            _state.Columns = columns;
            _state.Rows = rows;
            UpdateConfiguration();
            if (Endpoint.Has(Feature.Size))
                Endpoint.ConfigurationChanged();
            if (_state.Ports[0].IsReady)
                Tell(0, PortNews.Size);
        }

        if (!Endpoint.IsLive)
            return null;
        for (int port = 0; port < _ports.Length; port++)
        {
            TellIfOpened(port);
            if (_ports[port].HasInput)
                Endpoint.Schedule(ReceiveQueue(port));
            if (_ports[port].TakeRoomWanted())
                Endpoint.Schedule(TransmitQueue(port));
        }

        return null;
    }

    private void UpdateConfiguration()
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_configuration.AsSpan(ConfigurationField.Columns), _state.Columns);
        BinaryPrimitives.WriteUInt16LittleEndian(_configuration.AsSpan(ConfigurationField.Rows), _state.Rows);
        BinaryPrimitives.WriteUInt32LittleEndian(_configuration.AsSpan(ConfigurationField.MaxPorts), (uint)_ports.Length);
    }

    // Host to guest: a chain takes what there is, up to its length.
    private MemoryWait? ServeReceive(int port, int queue)
    {
        ConsolePort host = _ports[port];
        Virtqueue buffers = Endpoint.Queue(queue);
        if (!IsMultiport)
            OpenWithoutControl();
        for (int budget = buffers.Size; budget > 0; budget--)
        {
            if (!_state.Ports[port].IsGuestOpen || !host.HasInput)
                break;
            MemoryResult result = buffers.TryPeek(_chain, out bool found);
            if (!result.IsDone)
                return Endpoint.Refused(result, "a malformed chain in a receive queue");
            if (!found)
                return null;
            Span<byte> bytes = _chunk.AsSpan(0, (int)Math.Min(ChunkSizeBytes, _chain.WritableLength));
            bytes = bytes[..host.PeekInput(bytes)];
            result = _chain.CopyIn(Endpoint.Memory, 0, bytes);
            if (!result.IsDone)
                return Endpoint.Refused(result, "a receive buffer outside RAM");
            host.DropInput(bytes.Length);
            buffers.AdvanceAndReturn(_chain.Head, (uint)bytes.Length);
        }

        if (host.HasInput && _state.Ports[port].IsGuestOpen)
            Endpoint.Schedule(queue);
        TellIfOpened(port);
        return null;
    }

    // Guest to host: chunk by chunk, as the host's end has room; a chain goes back when all of it was taken.
    private MemoryWait? ServeTransmit(int port, int queue)
    {
        Virtqueue buffers = Endpoint.Queue(queue);
        for (int budget = buffers.Size; budget > 0; budget--)
        {
            MemoryResult result = buffers.TryPeek(_chain, out bool found);
            if (!result.IsDone)
                return Endpoint.Refused(result, "a malformed chain in a transmit queue");
            if (!found)
            {
                CloseGuestEnd(port);
                return null;
            }

            ulong offset = Math.Min(_state.Ports[port].TransmitOffset, _chain.ReadableLength);
            ulong rest = _chain.ReadableLength - offset;
            if (Endpoint.Clock.IsDeterministic && _ports[port].AwaitRoom((int)Math.Min(ChunkSizeBytes, rest)) is { } full)
                return full; // Guest time stands still: when the host reads is not the guest's to see.
            int room = rest == 0 ? ChunkSizeBytes : Math.Min(_ports[port].OutputRoom(), ChunkSizeBytes);
            if (room == 0)
                return null; // Its host end asks to be looked at again when it has room.
            Span<byte> bytes = _chunk.AsSpan(0, (int)Math.Min((ulong)room, rest));
            result = _chain.CopyOut(Endpoint.Memory, offset, bytes);
            if (!result.IsDone)
                return Endpoint.Refused(result, "a transmit buffer outside RAM");
            if (bytes.Length > 0)
                _ports[port].PutOutput(bytes);
            _state.Ports[port].TransmitOffset = offset + (ulong)bytes.Length;
            if (_state.Ports[port].TransmitOffset < _chain.ReadableLength)
                continue;
            _state.Ports[port].TransmitOffset = 0;
            buffers.AdvanceAndReturn(_chain.Head, 0);
        }

        Endpoint.Schedule(queue);
        return null;
    }
}
