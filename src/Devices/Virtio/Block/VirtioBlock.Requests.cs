// Virtio 1.3, section 5.2.6 (device operation): what a request must look like. Nothing a driver writes is believed.
using System.Buffers.Binary;
using Strata.Guest.Memory;

namespace Strata.Devices.Virtio.Block;

public sealed partial class VirtioBlock
{
    /// <summary>Reads and checks a request, with no lasting effect. Sets its answer if nothing is left to do for the host.</summary>
    private MemoryResult Prepare(BlockRequest request)
    {
        DescriptorChain chain = request.Chain;
        if (chain.ReadableLength < HeaderSizeBytes || chain.WritableLength < 1)
            return MemoryResult.GuestError;
        Span<byte> header = stackalloc byte[HeaderSizeBytes];
        MemoryResult result = chain.CopyOut(Endpoint.Memory, 0, header);
        if (!result.IsDone)
            return result;
        request.Type = (BlockRequestType)BinaryPrimitives.ReadUInt32LittleEndian(header);
        ulong sector = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
        request.NeedsHost = true;
        switch (request.Type)
        {
            case BlockRequestType.In:
                request.Answer = CheckTransfer(request, sector, chain.WritableLength - 1);
                break;
            case BlockRequestType.Out:
                request.Answer = _disk.IsReadOnly ? BlockStatus.IoError : CheckTransfer(request, sector, chain.ReadableLength - HeaderSizeBytes);
                request.WritesThrough = !Endpoint.Has(Feature.Flush);
                break;
            case BlockRequestType.Flush:
                break;
            case BlockRequestType.GetId:
                request.Answer = BlockStatus.Ok;
                request.Length = Math.Min(SerialSizeBytes, chain.WritableLength - 1);
                return chain.CopyIn(Endpoint.Memory, 0, _serial.AsSpan(0, (int)request.Length));
            case BlockRequestType.Discard when !_disk.IsReadOnly:
            case BlockRequestType.WriteZeroes when !_disk.IsReadOnly:
                return ReadRanges(request);
            default:
                request.Answer = BlockStatus.Unsupported;
                break;
        }

        return MemoryResult.Done;
    }

    private BlockStatus? CheckTransfer(BlockRequest request, ulong sector, ulong length)
    {
        if (length % SectorSizeBytes != 0 || !IsOnDisk(sector, length / SectorSizeBytes))
            return BlockStatus.IoError;
        request.Offset = (long)(sector * SectorSizeBytes);
        request.Length = length;
        return length == 0 ? BlockStatus.Ok : null;
    }

    // No product or sum here can overflow.
    private bool IsOnDisk(ulong sector, ulong count) => sector <= _capacity && count <= _capacity - sector;

    private MemoryResult ReadRanges(BlockRequest request)
    {
        DescriptorChain chain = request.Chain;
        ulong length = chain.ReadableLength - HeaderSizeBytes;
        request.Answer = BlockStatus.IoError;
        if (length is 0 or > MaxRanges * RangeSizeBytes || length % RangeSizeBytes != 0)
            return MemoryResult.Done;
        Span<byte> ranges = stackalloc byte[MaxRanges * RangeSizeBytes];
        ranges = ranges[..(int)length];
        MemoryResult result = chain.CopyOut(Endpoint.Memory, HeaderSizeBytes, ranges);
        if (!result.IsDone)
            return result;
        for (; !ranges.IsEmpty; ranges = ranges[RangeSizeBytes..])
        {
            ulong sector = BinaryPrimitives.ReadUInt64LittleEndian(ranges);
            uint count = BinaryPrimitives.ReadUInt32LittleEndian(ranges[8..]);
            uint flags = BinaryPrimitives.ReadUInt32LittleEndian(ranges[12..]);
            bool isDiscard = request.Type == BlockRequestType.Discard;

            // Section 5.2.6.2: unknown flags, and unmap in a discard, are unsupported.
            if ((flags & ~UnmapFlag) != 0 || (isDiscard && flags != 0))
            {
                request.Answer = BlockStatus.Unsupported;
                return MemoryResult.Done;
            }

            if (count > MaxRangeSectors || !IsOnDisk(sector, count))
                return MemoryResult.Done;
            if (count > 0)
                request.Ranges.Add(((long)sector * SectorSizeBytes, (long)count * SectorSizeBytes, isDiscard || (flags & UnmapFlag) != 0));
        }

        request.Answer = null;
        return MemoryResult.Done;
    }

    // The status is the last byte that the driver can read.
    private MemoryResult WriteStatus(BlockRequest request, BlockStatus status) =>
        request.Chain.CopyIn(Endpoint.Memory, request.Chain.WritableLength - 1, [(byte)status]);

    private static uint Written(BlockRequest request, BlockStatus status) => status == BlockStatus.Ok && request.Type is BlockRequestType.In or BlockRequestType.GetId
        ? (uint)Math.Min(request.Length + 1, uint.MaxValue)
        : 1;

    // What a restored machine had in flight is done again: requests name their places, so doing one twice is doing it once.
    private MemoryWait? Reissue()
    {
        if (_starting is not null && Start() is { } earlier)
            return earlier;
        while (_toReissue.TryPeek(out BlockRequestState saved))
        {
            BlockRequest request = _spare.TryPop(out BlockRequest? spare) ? spare : new BlockRequest();
            MemoryResult result = Endpoint.Queue(0).TryWalk(saved.Head, request.Chain);
            if (result.IsDone)
                result = Prepare(request);
            if (!result.IsDone)
            {
                Forget(request);
                return Endpoint.Refused(result, "a request that was in flight is malformed now");
            }

            _toReissue.Dequeue();
            request.DueTicks = saved.DueTicks;
            if (request.IsTransfer && request.Answer is null)
                request.Done = Math.Min(saved.DoneBytes, request.Length) & ~(SectorSizeBytes - 1UL);
            request.NeedsHost = !request.IsTransfer || request.Done < request.Length;
            if (Take(request) is { } wait)
                return wait;
        }

        return null;
    }
}
