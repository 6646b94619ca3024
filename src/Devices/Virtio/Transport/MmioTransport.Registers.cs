namespace Strata.Devices.Virtio.Transport;

public sealed partial class MmioTransport
{
    /// <summary>Bytes of address space that a slot occupies.</summary>
    public const ulong SizeBytes = 0x1000;

    private const uint Magic = 0x7472_6976; // "virt"
    private const uint RegisterLayoutVersion = 2;
    private const uint Vendor = 0x4152_5453; // "STRA"
    private const uint NoSharedMemory = 0xffff_ffff;

    // Table 4.1, MMIO device register layout.
    private static class Register
    {
        public const ulong MagicValue = 0x000;        // R
        public const ulong Version = 0x004;           // R
        public const ulong DeviceId = 0x008;          // R
        public const ulong VendorId = 0x00c;          // R
        public const ulong DeviceFeatures = 0x010;    // R
        public const ulong DeviceFeaturesSel = 0x014; // W
        public const ulong DriverFeatures = 0x020;    // W
        public const ulong DriverFeaturesSel = 0x024; // W
        public const ulong QueueSel = 0x030;          // W
        public const ulong QueueSizeMax = 0x034;      // R
        public const ulong QueueSize = 0x038;         // W
        public const ulong QueueReady = 0x044;        // RW
        public const ulong QueueNotify = 0x050;       // W
        public const ulong InterruptStatus = 0x060;   // R
        public const ulong InterruptAck = 0x064;      // W
        public const ulong Status = 0x070;            // RW
        public const ulong QueueDescLow = 0x080;      // W
        public const ulong QueueDescHigh = 0x084;     // W
        public const ulong QueueDriverLow = 0x090;    // W
        public const ulong QueueDriverHigh = 0x094;   // W
        public const ulong QueueDeviceLow = 0x0a0;    // W
        public const ulong QueueDeviceHigh = 0x0a4;   // W
        public const ulong ShmLenLow = 0x0b0;         // R
        public const ulong ShmBaseHigh = 0x0bc;       // R
        public const ulong QueueReset = 0x0c0;        // RW
        public const ulong ConfigGeneration = 0x0fc;  // R
        public const ulong Config = 0x100;            // RW
    }
}
