// Virtio 1.3, section 2.7.5 (descriptor table): a chain is a readable part followed by a writable part; the boundaries between its descriptors mean
// nothing to the device (section 2.7.4).
using Strata.Guest.Memory;

namespace Strata.Devices.Virtio;

/// <summary>The device's side of a chain of descriptors.</summary>
public enum ChainPart : byte
{
    /// <summary>What the driver wrote for the device.</summary>
    Readable,

    /// <summary>What the device writes for the driver.</summary>
    Writable,
}

/// <summary>A descriptor chain, copied out of guest memory once. Used again and again without allocating once it has grown.</summary>
public sealed class DescriptorChain
{
    private readonly List<(ulong Address, uint Length)> _buffers = [];
    private int _readableCount;

    /// <summary>The index of the first descriptor, which names the chain in the used ring.</summary>
    public ushort Head { get; private set; }

    /// <summary>Bytes of the readable part.</summary>
    public ulong ReadableLength { get; private set; }

    /// <summary>Bytes of the writable part.</summary>
    public ulong WritableLength { get; private set; }

    /// <summary>Copies bytes of the readable part, which has them, out.</summary>
    public MemoryResult CopyOut(GuestMemory memory, ulong offset, Span<byte> destination)
    {
        for (int i = 0; i < _readableCount && !destination.IsEmpty; i++)
        {
            (ulong address, uint length) = _buffers[i];
            if (offset >= length)
            {
                offset -= length;
                continue;
            }

            int part = (int)Math.Min((ulong)destination.Length, length - offset);
            MemoryResult result = memory.Read(address + offset, destination[..part]);
            if (!result.IsDone)
                return result;
            destination = destination[part..];
            offset = 0;
        }

        return MemoryResult.Done;
    }

    /// <summary>Copies bytes into the writable part, which has room for them.</summary>
    public MemoryResult CopyIn(GuestMemory memory, ulong offset, ReadOnlySpan<byte> source)
    {
        for (int i = _readableCount; i < _buffers.Count && !source.IsEmpty; i++)
        {
            (ulong address, uint length) = _buffers[i];
            if (offset >= length)
            {
                offset -= length;
                continue;
            }

            int part = (int)Math.Min((ulong)source.Length, length - offset);
            MemoryResult result = memory.Write(address + offset, source[..part]);
            if (!result.IsDone)
                return result;
            source = source[part..];
            offset = 0;
        }

        return MemoryResult.Done;
    }

    /// <summary>Leases a range of one part, which has it, from where <paramref name="lease"/> ends. After NotPresent the lease keeps what it has got so far,
    /// and the call is made again; after GuestError it is empty.</summary>
    public MemoryResult Lease(GuestMemory memory, ChainPart part, ulong offset, ulong length, MemoryLease lease)
    {
        LeaseAccess access = part == ChainPart.Readable ? LeaseAccess.HostReads : LeaseAccess.HostWrites;
        int end = part == ChainPart.Readable ? _readableCount : _buffers.Count;
        offset += (ulong)lease.TotalLength;
        length -= (ulong)lease.TotalLength;
        for (int i = part == ChainPart.Readable ? 0 : _readableCount; i < end && length > 0; i++)
        {
            (ulong address, uint bufferLength) = _buffers[i];
            for (; offset < bufferLength && length > 0;)
            {
                int piece = (int)Math.Min(Math.Min(length, bufferLength - offset), int.MaxValue);
                MemoryResult result = memory.Lease(address + offset, piece, access, lease);
                if (result.Status == MemoryStatus.NotPresent)
                {
                    // A page at a time, so that every call gets further.
                    piece = (int)Math.Min((ulong)piece, GuestMemory.PageSize - ((address + offset) % GuestMemory.PageSize));
                    result = memory.Lease(address + offset, piece, access, lease);
                }

                if (result.Status == MemoryStatus.GuestError)
                    lease.Release();
                if (!result.IsDone)
                    return result;
                length -= (ulong)piece;
                offset += (ulong)piece;
            }

            offset -= Math.Min(offset, bufferLength);
        }

        return MemoryResult.Done;
    }

    /// <summary>True if a range of one part, which has it, lies in RAM.</summary>
    public bool IsRam(GuestMemory memory, ChainPart part, ulong offset, ulong length)
    {
        int end = part == ChainPart.Readable ? _readableCount : _buffers.Count;
        for (int i = part == ChainPart.Readable ? 0 : _readableCount; i < end && length > 0; i++)
        {
            (ulong address, uint bufferLength) = _buffers[i];
            if (offset >= bufferLength)
            {
                offset -= bufferLength;
                continue;
            }

            ulong piece = Math.Min(length, bufferLength - offset);
            if (address + offset < address || !memory.IsRam(address + offset, piece))
                return false;
            length -= piece;
            offset = 0;
        }

        return true;
    }

    internal void Clear(ushort head)
    {
        Head = head;
        _buffers.Clear();
        _readableCount = 0;
        ReadableLength = 0;
        WritableLength = 0;
    }

    /// <summary>Appends a descriptor. False: a readable one after a writable one, which section 2.7.4.2 forbids.</summary>
    internal bool TryAdd(ulong address, uint length, bool writable)
    {
        if (!writable && _buffers.Count > _readableCount)
            return false;
        _buffers.Add((address, length));
        if (writable)
        {
            WritableLength += length;
        }
        else
        {
            _readableCount++;
            ReadableLength += length;
        }

        return true;
    }
}
