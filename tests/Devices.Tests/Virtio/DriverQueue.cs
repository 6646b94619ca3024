using System.Buffers.Binary;

namespace Strata.Devices.Tests.Virtio;

/// <summary>The driver's side of a split virtqueue (virtio 1.3, section 2.7), written for tests: no descriptor is freed by itself.</summary>
internal sealed class DriverQueue
{
    private readonly VirtioRig _rig;
    private ushort _nextDescriptor;
    private ushort _available;
    private ushort _seenUsed;

    public DriverQueue(VirtioRig rig, ushort index, ushort size)
    {
        _rig = rig;
        Index = index;
        Size = size;
        Table = rig.Allocate(16 * size, 16);
        Available = rig.Allocate(6 + (2 * size), 2);
        Used = rig.Allocate(6 + (8 * size), 4);
    }

    public ushort Index { get; }

    public ushort Size { get; }

    public ulong Table { get; }

    public ulong Available { get; }

    public ulong Used { get; }

    public ulong UsedEvent => Available + 4 + (2UL * Size);

    public ulong AvailableEvent => Used + 4 + (8UL * Size);

    public ushort UsedIndex => _rig.ReadU16(Used + 2);

    /// <summary>Writes one descriptor.</summary>
    public void Describe(int index, ulong address, uint length, ushort flags, ushort next = 0, ulong? table = null)
    {
        byte[] bytes = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, address);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), length);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(12), flags);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(14), next);
        _rig.Write((table ?? Table) + (16UL * (ulong)index), bytes);
    }

    /// <summary>Makes a chain available: readable buffers, then writable ones. Answers its head.</summary>
    public ushort Add(IReadOnlyList<(ulong Address, uint Length)> readable, IReadOnlyList<(ulong Address, uint Length)> writable, bool indirect = false)
    {
        int count = readable.Count + writable.Count;
        ulong? table = indirect ? _rig.Allocate(16 * count, 16) : null;
        ushort head = _nextDescriptor;
        int first = indirect ? 0 : head;
        for (int i = 0; i < count; i++)
        {
            bool isWritable = i >= readable.Count;
            (ulong address, uint length) = isWritable ? writable[i - readable.Count] : readable[i];
            bool isLast = i == count - 1;
            int index = indirect ? i : (first + i) % Size;
            ushort next = (ushort)(indirect ? i + 1 : (first + i + 1) % Size);
            Describe(index, address, length, (ushort)((isLast ? 0 : 1) | (isWritable ? 2 : 0)), isLast ? (ushort)0 : next, table);
        }

        if (table is { } tableAddress)
            Describe(head, tableAddress, (uint)(16 * count), 4);
        _nextDescriptor = (ushort)((_nextDescriptor + (indirect ? 1 : count)) % Size);
        MakeAvailable(head);
        return head;
    }

    /// <summary>Puts a head into the available ring.</summary>
    public void MakeAvailable(ushort head)
    {
        _rig.WriteU16(Available + 4 + (2UL * (ushort)(_available % Size)), head);
        _available++;
        _rig.WriteU16(Available + 2, _available);
    }

    /// <summary>Goes on from the indices in memory, after that was replaced.</summary>
    public void Resume() => (_available, _seenUsed) = (_rig.ReadU16(Available + 2), UsedIndex);

    public void Notify() => _rig.Driver.Notify(Index);

    /// <summary>Notifies, lets the device work, and takes the next used element, which must be there.</summary>
    public (ushort Head, uint Written) Complete()
    {
        Notify();
        _rig.Clock.Settle();
        return TakeUsed() ?? throw new InvalidOperationException($"queue {Index} has no used element; device: {_rig.Endpoint.Failure ?? "well"}");
    }

    public (ushort Head, uint Written)? TakeUsed()
    {
        if (UsedIndex == _seenUsed)
            return null;
        byte[] element = _rig.Read(Used + 4 + (8UL * (ushort)(_seenUsed % Size)), 8);
        _seenUsed++;
        return ((ushort)BinaryPrimitives.ReadUInt32LittleEndian(element), BinaryPrimitives.ReadUInt32LittleEndian(element.AsSpan(4)));
    }
}
