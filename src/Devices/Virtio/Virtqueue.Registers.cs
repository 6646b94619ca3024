namespace Strata.Devices.Virtio;

public sealed partial class Virtqueue
{
    // Section 2.7.5: struct virtq_desc { le64 addr; le32 len; le16 flags; le16 next; }.
    private const int DescriptorSizeBytes = 16;

    // An indirect table may be longer than the queue: drivers that ignore the rule of section 2.7.5.3.1 exist, and QEMU takes as many.
    private const int MaxIndirectDescriptors = 1024;

    // Section 2.7.6: struct virtq_avail { le16 flags; le16 idx; le16 ring[size]; le16 used_event; }.
    private const int AvailableFlags = 0;
    private const int AvailableIndex = 2;
    private const int AvailableRing = 4;

    // Section 2.7.8: struct virtq_used { le16 flags; le16 idx; struct { le32 id; le32 len; } ring[size]; le16 avail_event; }.
    private const int UsedIndex = 2;
    private const int UsedRing = 4;
    private const int UsedElementSizeBytes = 8;

    private static class DescriptorFlag
    {
        public const ushort Next = 1;
        public const ushort Write = 2;
        public const ushort Indirect = 4;
    }

    private static class AvailableFlag
    {
        public const ushort NoInterrupt = 1;
    }
}
