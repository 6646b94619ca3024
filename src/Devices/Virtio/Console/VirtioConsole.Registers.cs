namespace Strata.Devices.Virtio.Console;

public sealed partial class VirtioConsole
{
    /// <summary>Ports that one device has at most.</summary>
    public const int MaxPorts = 32;

    // Section 5.3.2: queues. Port 0 receives on 0 and transmits on 1, then the control pair, then port 1 on 4 and 5, and so on.
    private const int ControlReceiveQueue = 2;
    private const int ControlTransmitQueue = 3;
    private const int FirstPairedQueue = 4;

    // A Linux driver fills each receive queue with pages: small queues keep many ports cheap for the guest.
    private const ushort ConsoleQueueSize = 64;
    private const ushort ControlQueueSize = 64;
    private const ushort PortQueueSize = 16;

    private static class Feature
    {
        public const ulong Size = 1 << 0;
        public const ulong Multiport = 1 << 1;
    }

    // Section 5.3.4: struct virtio_console_config { le16 cols; le16 rows; le32 max_nr_ports; le32 emerg_wr; }.
    private static class ConfigurationField
    {
        public const int Columns = 0;
        public const int Rows = 2;
        public const int MaxPorts = 4;
        public const int SizeBytes = 12;
    }

    // Section 5.3.6.2: struct virtio_console_control { le32 id; le16 event; le16 value; }.
    private static class Control
    {
        public const int SizeBytes = 8;
        public const ushort DeviceReady = 0; // driver to device
        public const ushort PortAdd = 1;     // device to driver
        public const ushort PortReady = 3;   // driver to device
        public const ushort ConsolePort = 4; // device to driver
        public const ushort Resize = 5;      // device to driver; followed by le16 cols, le16 rows
        public const ushort PortOpen = 6;    // both directions
        public const ushort PortName = 7;    // device to driver; followed by the name
    }
}
