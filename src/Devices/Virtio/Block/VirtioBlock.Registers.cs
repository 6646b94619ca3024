namespace Strata.Devices.Virtio.Block;

public sealed partial class VirtioBlock
{
    /// <summary>Bytes of the serial number at most.</summary>
    public const int SerialSizeBytes = 20;

    private const ushort QueueSize = 256;
    private const int SectorSizeBytes = 512;
    private const int PhysicalBlockExponent = 3; // 4 KiB: what the host's file systems write at least
    private const uint MaxSegments = 254;        // of a request's data: the queue's size without header and status
    private const int MaxRanges = 16;            // of one discard or write-zeroes request
    private const uint MaxRangeSectors = 1 << 21; // 1 GiB: bounds the time that one request takes

    private static class Feature
    {
        public const ulong SegMax = 1 << 2;
        public const ulong ReadOnly = 1 << 5;
        public const ulong BlockSize = 1 << 6;
        public const ulong Flush = 1 << 9;
        public const ulong Topology = 1 << 10;
        public const ulong Discard = 1 << 13;
        public const ulong WriteZeroes = 1 << 14;
        public const ulong Always = SegMax | BlockSize | Flush | Topology;
        public const ulong Writable = Discard | WriteZeroes;
    }

    // Section 5.2.4: struct virtio_blk_config.
    private static class ConfigurationField
    {
        public const int Capacity = 0;             // le64, sectors
        public const int SegMax = 12;              // le32
        public const int BlockSize = 20;           // le32, bytes
        public const int PhysicalBlockExponent = 24; // u8
        public const int NumQueues = 34;           // le16
        public const int MaxDiscardSectors = 36;   // le32
        public const int MaxDiscardSegments = 40;  // le32
        public const int DiscardAlignment = 44;    // le32, sectors
        public const int MaxZeroesSectors = 48;    // le32
        public const int MaxZeroesSegments = 52;   // le32
        public const int ZeroesMayUnmap = 56;      // u8
        public const int SizeBytes = 60;
    }

    // Section 5.2.6: struct virtio_blk_req { le32 type; le32 reserved; le64 sector; u8 data[]; u8 status; }.
    private const int HeaderSizeBytes = 16;

    // struct virtio_blk_discard_write_zeroes { le64 sector; le32 num_sectors; le32 flags; }.
    private const int RangeSizeBytes = 16;
    private const uint UnmapFlag = 1;
}

/// <summary>Request types (section 5.2.6).</summary>
internal enum BlockRequestType : uint
{
    In = 0,
    Out = 1,
    Flush = 4,
    GetId = 8,
    Discard = 11,
    WriteZeroes = 13,
}

/// <summary>Request results (section 5.2.6).</summary>
internal enum BlockStatus : byte
{
    Ok = 0,
    IoError = 1,
    Unsupported = 2,
}
