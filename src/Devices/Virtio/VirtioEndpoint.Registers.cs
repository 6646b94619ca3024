namespace Strata.Devices.Virtio;

/// <summary>Bits of the device status field (virtio 1.3, section 2.1).</summary>
internal static class VirtioStatus
{
    public const byte Acknowledge = 0x01;
    public const byte Driver = 0x02;
    public const byte DriverOk = 0x04;
    public const byte FeaturesOk = 0x08;
    public const byte NeedsReset = 0x40;
    public const byte Failed = 0x80;
    public const byte WrittenByDriver = Acknowledge | Driver | DriverOk | FeaturesOk | Failed;
}

/// <summary>Feature bits that every device offers (virtio 1.3, section 6).</summary>
internal static class VirtioFeature
{
    public const ulong IndirectDescriptors = 1UL << 28;
    public const ulong EventIndex = 1UL << 29;
    public const ulong Version1 = 1UL << 32;
    public const ulong RingReset = 1UL << 40;
    public const ulong All = IndirectDescriptors | EventIndex | Version1 | RingReset;
}

/// <summary>Bits of the interrupt status (virtio 1.3, sections 4.1.4.5 and 4.2.2).</summary>
internal static class VirtioInterrupt
{
    public const byte UsedBuffer = 1;
    public const byte ConfigurationChange = 2;
}
