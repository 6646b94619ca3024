// Virtio 1.3, section 5.3.6.2 (multiport device operation).
using System.Buffers.Binary;
using System.Text;
using Strata.Devices.Consoles;
using Strata.Guest.Memory;

namespace Strata.Devices.Virtio.Console;

public sealed partial class VirtioConsole
{
    // What is told is a set per port, not a queue: however often a driver asks, nothing grows.
    private void Tell(int port, PortNews news)
    {
        _state.Ports[port].News |= news;
        Endpoint.Schedule(ControlReceiveQueue);
    }

    // A host end that was closed reads as open until the guest has taken all of its input, so that the close arrives last.
    private void TellIfOpened(int port)
    {
        ref ConsolePortState state = ref _state.Ports[port];
        if (state.IsReady && state.ToldOpen != _ports[port].IsHostOpen)
            Tell(port, PortNews.HostOpen);
    }

    private MemoryWait? SendControl()
    {
        Virtqueue buffers = Endpoint.Queue(ControlReceiveQueue);
        for (int port = 0; port < _ports.Length; port++)
        {
            while (_state.Ports[port].News != PortNews.None)
            {
                PortNews next = (PortNews)((byte)_state.Ports[port].News & -(byte)_state.Ports[port].News);
                MemoryResult result = buffers.TryPeek(_chain, out bool found);
                if (!result.IsDone)
                    return Endpoint.Refused(result, "a malformed chain in the control receive queue");
                if (!found)
                    return null; // The driver notifies when it has made buffers available.
                bool hostOpen = _ports[port].IsHostOpen;
                Span<byte> message = _chunk.AsSpan(0, ComposeNews(port, next, hostOpen));
                message = message[..(int)Math.Min((ulong)message.Length, _chain.WritableLength)];
                result = _chain.CopyIn(Endpoint.Memory, 0, message);
                if (!result.IsDone)
                    return Endpoint.Refused(result, "a control buffer outside RAM");
                _state.Ports[port].News &= ~next;
                if (next == PortNews.HostOpen)
                    _state.Ports[port].ToldOpen = hostOpen;
                buffers.AdvanceAndReturn(_chain.Head, (uint)message.Length);
            }
        }

        return null;
    }

    private int ComposeNews(int port, PortNews news, bool hostOpen)
    {
        Span<byte> message = _chunk;
        (ushort kind, ushort value) = news switch
        {
            PortNews.Added => (Control.PortAdd, (ushort)1),
            PortNews.IsConsole => (Control.ConsolePort, (ushort)1),
            PortNews.Size => (Control.Resize, (ushort)0),
            PortNews.Name => (Control.PortName, (ushort)1),
            _ => (Control.PortOpen, hostOpen ? (ushort)1 : (ushort)0),
        };
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)port);
        BinaryPrimitives.WriteUInt16LittleEndian(message[4..], kind);
        BinaryPrimitives.WriteUInt16LittleEndian(message[6..], value);
        Span<byte> rest = message[Control.SizeBytes..];
        if (news == PortNews.Name)
            return Control.SizeBytes + Encoding.ASCII.GetBytes(_ports[port].Name, rest);
        if (news != PortNews.Size)
            return Control.SizeBytes;
        bool columnsFirst = _resizeOrder == ResizeOrder.ColumnsFirst;
        BinaryPrimitives.WriteUInt16LittleEndian(rest, columnsFirst ? _state.Columns : _state.Rows);
        BinaryPrimitives.WriteUInt16LittleEndian(rest[2..], columnsFirst ? _state.Rows : _state.Columns);
        return Control.SizeBytes + 4;
    }

    private MemoryWait? ReceiveControl()
    {
        Virtqueue messages = Endpoint.Queue(ControlTransmitQueue);
        Span<byte> message = stackalloc byte[Control.SizeBytes];
        for (int budget = messages.Size; budget > 0; budget--)
        {
            MemoryResult result = messages.TryPeek(_chain, out bool found);
            if (!result.IsDone)
                return Endpoint.Refused(result, "a malformed chain in the control transmit queue");
            if (!found)
                return null;
            bool isWhole = _chain.ReadableLength >= Control.SizeBytes;
            if (isWhole)
                result = _chain.CopyOut(Endpoint.Memory, 0, message);
            if (!result.IsDone)
                return Endpoint.Refused(result, "a control message outside RAM");
            messages.AdvanceAndReturn(_chain.Head, 0);
            if (isWhole)
            {
                Obey(BinaryPrimitives.ReadUInt32LittleEndian(message), BinaryPrimitives.ReadUInt16LittleEndian(message[4..]),
                    BinaryPrimitives.ReadUInt16LittleEndian(message[6..]));
            }
        }

        Endpoint.Schedule(ControlTransmitQueue);
        return null;
    }

    private void Obey(uint port, ushort kind, ushort value)
    {
        if (kind == Control.DeviceReady && value == 1)
        {
            for (int added = 0; added < _ports.Length; added++)
                Tell(added, PortNews.Added);
            return;
        }

        if (port >= (uint)_ports.Length)
            return;
        switch (kind)
        {
            case Control.PortReady when value == 1:
                AnnouncePort((int)port);
                break;
            case Control.PortOpen when value == 1:
                OpenGuestEnd((int)port);
                break;
            case Control.PortOpen when value == 0:
                // Data and control travel on different queues: what was sent before the close is taken first.
                _state.Ports[port].GuestCloses = true;
                Endpoint.Schedule(TransmitQueue((int)port));
                break;
        }
    }

    private void AnnouncePort(int port)
    {
        ref ConsolePortState state = ref _state.Ports[port];
        state.IsReady = true;
        state.ToldOpen = false;
        PortNews news = port == 0 ? PortNews.IsConsole : PortNews.None;
        if (port == 0 && Endpoint.Has(Feature.Size) && (_state.Columns, _state.Rows) != (0, 0))
            news |= PortNews.Size;
        if (_ports[port].Name.Length > 0)
            news |= PortNews.Name;
        if (news != PortNews.None)
            Tell(port, news);
        TellIfOpened(port);
    }

    private void OpenGuestEnd(int port)
    {
        // A close that has not happened yet is overtaken by the new open.
        CloseGuestEnd(port);
        _state.Ports[port].IsGuestOpen = true;
        _ports[port].SetGuestOpen(true);
        Endpoint.Schedule(ReceiveQueue(port));
    }

    // Without the control queues port 0 is open as soon as the driver is there.
    private void OpenWithoutControl()
    {
        if (_state.Ports[0].IsGuestOpen)
            return;
        _state.Ports[0].IsGuestOpen = true;
        _ports[0].SetGuestOpen(true);
    }

    private void CloseGuestEnd(int port)
    {
        ref ConsolePortState state = ref _state.Ports[port];
        if (!state.GuestCloses)
            return;
        state.GuestCloses = false;
        state.IsGuestOpen = false;
        ConsolePort host = _ports[port];
        host.DiscardInput();
        host.SetGuestOpen(false);
        TellIfOpened(port);
    }
}
