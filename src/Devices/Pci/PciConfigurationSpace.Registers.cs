namespace Strata.Devices.Pci;

public sealed partial class PciConfigurationSpace
{
    /// <summary>Bytes of a conventional configuration space.</summary>
    public const int SizeBytes = 256;

    private const byte FirstCapability = 0x40;

    // Section 6.1, figure 6-1: type 00h header.
    private static class Register
    {
        public const int VendorId = 0x00;          // RO
        public const int DeviceId = 0x02;          // RO
        public const int Command = 0x04;           // RW
        public const int Status = 0x06;            // RO here
        public const int RevisionId = 0x08;        // RO, then 24 bits of class code
        public const int CacheLineSize = 0x0c;     // RW, no effect
        public const int BaseAddress = 0x10;       // RW, six words
        public const int SubsystemVendorId = 0x2c; // RO
        public const int SubsystemId = 0x2e;       // RO
        public const int CapabilitiesPointer = 0x34; // RO
        public const int InterruptLine = 0x3c;     // RW, no effect
        public const int InterruptPin = 0x3d;      // RO
    }

    private static class Command
    {
        public const ushort MemorySpace = 0x0002;
        public const ushort BusMaster = 0x0004;
        public const ushort InterruptDisable = 0x0400;
        public const ushort Writable = MemorySpace | BusMaster | InterruptDisable;
    }

    private static class Status
    {
        public const ushort Interrupt = 0x0008;
        public const ushort CapabilitiesList = 0x0010;
    }

    // Section 6.2.5.1: memory, anywhere in 64 bits, prefetchable.
    private const uint BaseAddressType = 0xc;
}
