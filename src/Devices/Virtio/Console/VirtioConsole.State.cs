using Strata.Guest.State;

namespace Strata.Devices.Virtio.Console;

/// <summary>What the driver has yet to be told of a port, in the order in which it is told.</summary>
[Flags]
internal enum PortNews : byte
{
    None = 0,
    Added = 1,
    IsConsole = 2,
    Size = 4,
    Name = 8,
    HostOpen = 16,
    All = 31,
}

/// <summary>What the console device remembers of one port.</summary>
/// <param name="News">What the driver has yet to be told.</param>
/// <param name="IsReady">The driver has said that it has the port.</param>
/// <param name="ToldOpen">The driver was told that the host's end is open.</param>
/// <param name="IsGuestOpen">The guest has the port open.</param>
/// <param name="GuestCloses">The guest has closed the port; its transmit queue is emptied first.</param>
/// <param name="TransmitOffset">Bytes already taken of the chain at the head of the transmit queue.</param>
internal record struct ConsolePortState(PortNews News, bool IsReady, bool ToldOpen, bool IsGuestOpen, bool GuestCloses, ulong TransmitOffset);

/// <summary>What the console device remembers.</summary>
/// <param name="Columns">Width of the window in characters, 0 if unknown.</param>
/// <param name="Rows">Height of the window in lines, 0 if unknown.</param>
/// <param name="Ports">Its ports.</param>
internal record struct VirtioConsoleState(ushort Columns, ushort Rows, ConsolePortState[] Ports)
{
    private const ushort Version = 1;

    public readonly void Write(StateWriter writer)
    {
        (ushort columns, ushort rows, ConsolePortState[] ports) = this;
        writer.Section("console", Version, section =>
        {
            section.U16(columns);
            section.U16(rows);
            section.U16((ushort)ports.Length);
            foreach ((PortNews news, bool isReady, bool toldOpen, bool isGuestOpen, bool guestCloses, ulong transmitOffset) in ports)
            {
                section.U8((byte)news);
                section.Bool(isReady);
                section.Bool(toldOpen);
                section.Bool(isGuestOpen);
                section.Bool(guestCloses);
                section.U64(transmitOffset);
            }
        });
    }

    public static VirtioConsoleState Read(ref StateReader reader, int portCount)
    {
        StateReader section = reader.Section("console", Version);
        VirtioConsoleState state = new(section.U16(), section.U16(), new ConsolePortState[portCount]);
        ushort savedPorts = section.U16();
        if (savedPorts != portCount)
            throw new InvalidStateException($"saved console has {savedPorts} ports, this machine's {portCount}");
        for (int port = 0; port < portCount; port++)
        {
            state.Ports[port] = new ConsolePortState((PortNews)section.U8(), section.Bool(), section.Bool(), section.Bool(), section.Bool(), section.U64());
            if ((state.Ports[port].News & ~PortNews.All) != 0)
                throw new InvalidStateException($"saved console port {port} holds unknown news");
        }

        return state;
    }
}
