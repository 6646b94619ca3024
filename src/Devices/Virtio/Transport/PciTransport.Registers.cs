namespace Strata.Devices.Virtio.Transport;

public sealed partial class PciTransport
{
    private const ushort VirtioVendor = 0x1af4;
    private const ushort FirstModernDeviceId = 0x1040; // section 4.1.2.1: plus the virtio device identifier
    private const ushort Subsystem = 0x1100;
    private const byte ModernRevision = 1;

    // The one memory range of the function, as QEMU lays it out.
    private const int BaseAddressNumber = 4;
    private const uint RangeSizeBytes = 0x4000;
    private const uint CommonOffset = 0x0000;
    private const uint InterruptOffset = 0x1000;
    private const uint DeviceOffset = 0x2000;
    private const uint NotifyOffset = 0x3000;
    private const uint PartSizeBytes = 0x1000;
    private const uint NotifyMultiplier = 4;
    private const ushort NoVector = 0xffff;

    // Section 4.1.4: struct virtio_pci_cap, without the two bytes in front that link capabilities.
    private const byte VendorCapability = 0x09;
    private const int CapabilityBody = 14;

    private static class CapabilityType
    {
        public const byte Common = 1;
        public const byte Notify = 2;
        public const byte Interrupt = 3;
        public const byte Device = 4;
        public const byte PciWindow = 5;
    }

    // Offsets in struct virtio_pci_cfg_cap.
    private const int WindowBar = 4;
    private const int WindowOffset = 8;
    private const int WindowLength = 12;
    private const int WindowData = 16;

    // Section 4.1.4.3: struct virtio_pci_common_cfg.
    private static class Register
    {
        public const ulong DeviceFeatureSelect = 0x00; // RW, 4
        public const ulong DeviceFeature = 0x04;       // RO, 4
        public const ulong DriverFeatureSelect = 0x08; // RW, 4
        public const ulong DriverFeature = 0x0c;       // RW, 4
        public const ulong ConfigMsixVector = 0x10;    // RW, 2
        public const ulong NumQueues = 0x12;           // RO, 2
        public const ulong DeviceStatus = 0x14;        // RW, 1
        public const ulong ConfigGeneration = 0x15;    // RO, 1
        public const ulong QueueSelect = 0x16;         // RW, 2
        public const ulong QueueSize = 0x18;           // RW, 2
        public const ulong QueueMsixVector = 0x1a;     // RW, 2
        public const ulong QueueEnable = 0x1c;         // RW, 2
        public const ulong QueueNotifyOff = 0x1e;      // RO, 2
        public const ulong QueueDesc = 0x20;           // RW, 8, by halves or whole
        public const ulong QueueDriver = 0x28;         // RW, 8
        public const ulong QueueDevice = 0x30;         // RW, 8
        public const ulong QueueNotifyData = 0x38;     // RO, 2
        public const ulong QueueReset = 0x3a;          // RW, 2
        public const ulong AdminQueueIndex = 0x3c;     // RO, 2
        public const ulong AdminQueueNum = 0x3e;       // RO, 2
        public const ulong End = 0x40;
    }
}
