using System.Numerics;
using System.Runtime.InteropServices;
using Strata.Guest.Memory;
using Strata.Guest.Time;
using Strata.Host;
using Strata.Storage.Disks;

namespace Strata.Devices.Virtio.Block;

/// <summary>One request on its way: a chain, what it asks, and the slice of guest memory that the host works on. Used again and again.</summary>
internal sealed class BlockRequest
{
    private readonly List<IoVector> _vectors = [];

    /// <summary>The driver's buffers.</summary>
    public DescriptorChain Chain { get; } = new();

    /// <summary>Memory of the slice in flight.</summary>
    public MemoryLease Lease { get; } = new();

    /// <summary>What is asked.</summary>
    public BlockRequestType Type { get; set; }

    /// <summary>Where the data begins on the disk, in bytes.</summary>
    public long Offset { get; set; }

    /// <summary>Bytes of data.</summary>
    public ulong Length { get; set; }

    /// <summary>Bytes transferred by earlier slices.</summary>
    public ulong Done { get; set; }

    /// <summary>Bytes of the slice in flight.</summary>
    public ulong SliceLength { get; set; }

    /// <summary>Deterministic machines: the data of the slice in flight, for guest memory may change at exact counts of instructions only. Pinned.</summary>
    public byte[] Bounce { get; private set; } = [];

    /// <summary>Bytes of the slice that were copied between guest memory and <see cref="Bounce"/>; a copy goes on there after a wait for an absent page.</summary>
    public int Copied { get; set; }

    /// <summary>The host works on it, or has done so and the event has yet to run.</summary>
    public bool IsOnHost { get; set; }

    /// <summary>The host has still something to do after the slice in flight, if any.</summary>
    public bool NeedsHost { get; set; }

    /// <summary>The answer, if it is known; else it is <see cref="BlockStatus.Ok"/> once the host has done all.</summary>
    public BlockStatus? Answer { get; set; }

    /// <summary>The queue's epoch in which the chain was taken.</summary>
    public int Epoch { get; set; }

    /// <summary>When the slice in flight is due by the model; 0 if none is.</summary>
    public ulong DueTicks { get; set; }

    /// <summary>It moves data between disk and guest memory.</summary>
    public bool IsTransfer => Type is BlockRequestType.In or BlockRequestType.Out;

    /// <summary>Ranges of a discard or write-zeroes request, in bytes.</summary>
    public List<(long Offset, long Length, bool Discard)> Ranges { get; } = [];

    /// <summary>A flush belongs to the write, because the driver knows of none.</summary>
    public bool WritesThrough { get; set; }

    /// <summary>The host's part failed. Written by a pool thread before, read under the device lock after <see cref="HostWork.Complete"/>.</summary>
    public string? Error { get; set; }

    /// <summary>What is to be completed when the host has done its part.</summary>
    public HostWork? Work { get; set; }

    /// <summary>The host works on <see cref="Bounce"/> and not on leased memory.</summary>
    public bool UsesBounce { get; private set; }

    /// <summary>Has the host work on <see cref="Bounce"/>, and makes that large enough for the slice.</summary>
    public void TakeBounce()
    {
        UsesBounce = true;
        if ((ulong)Bounce.Length < SliceLength)
            Bounce = GC.AllocateUninitializedArray<byte>((int)BitOperations.RoundUpToPowerOf2(Math.Max(SliceLength, GuestMemory.PageSize)), pinned: true);
    }

    /// <summary>Gets ready for another chain.</summary>
    public void Clear()
    {
        Lease.Release();
        Type = default;
        Offset = 0;
        Length = 0;
        Done = 0;
        SliceLength = 0;
        UsesBounce = false;
        Copied = 0;
        IsOnHost = false;
        NeedsHost = false;
        Answer = null;
        DueTicks = 0;
        Ranges.Clear();
        WritesThrough = false;
        Error = null;
        Work = null;
    }

    /// <summary>The host's part, on a pool thread.</summary>
    public void Perform(IDisk disk)
    {
        try
        {
            Transfer(disk);
        }
        catch (Exception exception) // Whatever went wrong, the guest is owed an answer.
        {
            Error = exception.Message;
        }

        Work?.Complete();
    }

    private void Transfer(IDisk disk)
    {
        switch (Type)
        {
            case BlockRequestType.In:
                disk.Read(Offset + (long)Done, Vectors());
                break;
            case BlockRequestType.Out:
                disk.Write(Offset + (long)Done, Vectors());
                if (WritesThrough)
                    disk.Flush();
                break;
            case BlockRequestType.Flush:
                disk.Flush();
                break;
            default:
                foreach ((long offset, long length, bool discard) in Ranges)
                    disk.WriteZeroes(offset, length, discard);
                break;
        }
    }

    private ReadOnlySpan<IoVector> Vectors()
    {
        _vectors.Clear();
        if (UsesBounce)
            _vectors.Add(new IoVector(Marshal.UnsafeAddrOfPinnedArrayElement(Bounce, 0), (int)SliceLength));
        foreach (LeaseSegment segment in Lease.Segments)
            _vectors.Add(new IoVector(segment.HostAddress, segment.Length));
        return CollectionsMarshal.AsSpan(_vectors);
    }
}
