// Virtio 1.3, section 2.7 (split virtqueues), as seen by the device.
using System.Buffers.Binary;
using Strata.Guest.Memory;
using Strata.Guest.State;

namespace Strata.Devices.Virtio;

/// <summary>A split virtqueue: hands out the driver's descriptor chains and gives them back.</summary>
/// <remarks>
/// <code>
/// available ring ──TryPeek (no effect)──► chain ──Advance──► in flight ──Return──► owed ──Flush──► used ring, interrupt
/// </code>
/// Only TryPeek and Flush touch guest memory. Both may be refused with NotPresent at any access and called again: TryPeek has no effect, Flush has done a
/// whole number of chains. Every field of the rings is read once into a local; rings and tables may change under our feet. Under the device lock.
/// </remarks>
public sealed partial class Virtqueue
{
    // Configuration.
    private readonly ushort _maxSize;

    // Wiring.
    private readonly GuestMemory _memory;

    // State.
    private VirtqueueState _state;

    internal Virtqueue(GuestMemory memory, ushort maxSize)
    {
        _memory = memory;
        _maxSize = maxSize;
        _state = VirtqueueState.AtReset(maxSize);
    }

    /// <summary>The largest size that the driver may choose.</summary>
    public ushort MaxSize => _maxSize;

    /// <summary>The size in descriptors that the driver has chosen.</summary>
    public ushort Size => _state.Size;

    /// <summary>The driver uses the queue.</summary>
    public bool IsEnabled => _state.Enabled;

    /// <summary>Changes whenever the queue is reset: work begun in an earlier epoch must not touch it any more.</summary>
    public int Epoch { get; private set; }

    /// <summary>Pieces of host work in flight that were begun for this queue, of earlier epochs too.</summary>
    internal int HostWorkCount { get; set; }

    /// <summary>Of those, pieces begun before the last reset: the reset is complete when there are none.</summary>
    internal int StaleWorkCount { get; set; }

    // Negotiated features, set by the endpoint.
    internal bool UsesEventIndex { get; set; }

    internal bool UsesIndirect { get; set; }

    internal ulong DescriptorTable => _state.DescriptorTable;

    internal ulong AvailableRingAddress => _state.AvailableRing;

    internal ulong UsedRingAddress => _state.UsedRing;

    /// <summary>Looks at the next chain that the driver has made available, if there is one, and asks to be notified of the next if there is none.</summary>
    /// <returns>Done; GuestError if the driver broke the rules; NotPresent.</returns>
    public MemoryResult TryPeek(DescriptorChain chain, out bool found)
    {
        found = false;
        MemoryResult result = ReadWord(_state.AvailableRing + AvailableIndex, out ushort index);
        if (!result.IsDone)
            return result;
        if (index == _state.NextAvailable)
        {
            if (!UsesEventIndex)
                return MemoryResult.Done;

            // Section 2.7.7.2: ask for a notification, then look again, in this order.
            result = WriteWord(_state.UsedRing + UsedRing + ((ulong)UsedElementSizeBytes * _state.Size), _state.NextAvailable);
            if (!result.IsDone)
                return result;
            Interlocked.MemoryBarrier();
            result = ReadWord(_state.AvailableRing + AvailableIndex, out index);
            if (!result.IsDone || index == _state.NextAvailable)
                return result;
        }

        // More entries than the queue has, or more chains than it has descriptors, are the driver's mistake.
        if ((ushort)(index - _state.NextAvailable) > _state.Size || _state.InFlight >= _state.Size)
            return MemoryResult.GuestError;
        result = ReadWord(_state.AvailableRing + AvailableRing + (2UL * (ushort)(_state.NextAvailable & (_state.Size - 1))), out ushort head);
        if (!result.IsDone)
            return result;
        result = TryWalk(head, chain);
        found = result.IsDone;
        return result;
    }

    /// <summary>Copies the chain that begins at <paramref name="head"/>.</summary>
    public MemoryResult TryWalk(ushort head, DescriptorChain chain)
    {
        chain.Clear(head);
        ushort index = head;
        for (int count = 0; count < _state.Size; count++)
        {
            if (index >= _state.Size)
                return MemoryResult.GuestError;
            MemoryResult result = ReadDescriptor(_state.DescriptorTable, index, out Descriptor descriptor);
            if (!result.IsDone)
                return result;
            if (descriptor.Has(DescriptorFlag.Indirect))
                return descriptor.Has(DescriptorFlag.Next) || !UsesIndirect ? MemoryResult.GuestError : WalkIndirect(descriptor, chain);
            if (!chain.TryAdd(descriptor.Address, descriptor.Length, descriptor.Has(DescriptorFlag.Write)))
                return MemoryResult.GuestError;
            if (!descriptor.Has(DescriptorFlag.Next))
                return MemoryResult.Done;
            index = descriptor.Next;
        }

        // Longer than the queue: a loop.
        return MemoryResult.GuestError;
    }

    /// <summary>Takes the chain that <see cref="TryPeek"/> has shown.</summary>
    public void Advance()
    {
        _state.NextAvailable++;
        _state.InFlight++;
    }

    /// <summary>Gives a taken chain back; the driver sees it after the next <see cref="VirtioEndpoint.Flush"/>.</summary>
    /// <param name="head">The chain.</param>
    /// <param name="written">Bytes written to its writable part.</param>
    public void Return(ushort head, uint written) => _state.Owed.Enqueue((head, written));

    /// <summary>Takes and gives back in one: for devices that finish a chain at once.</summary>
    public void AdvanceAndReturn(ushort head, uint written)
    {
        Advance();
        Return(head, written);
    }

    /// <summary>Writes what is owed to the used ring and decides whether the driver wants an interrupt for it.</summary>
    internal MemoryResult Flush(out bool interrupt)
    {
        interrupt = false;
        Span<byte> element = stackalloc byte[UsedElementSizeBytes];
        while (_state.Owed.TryPeek(out (ushort Head, uint Written) owed))
        {
            BinaryPrimitives.WriteUInt32LittleEndian(element, owed.Head);
            BinaryPrimitives.WriteUInt32LittleEndian(element[4..], owed.Written);
            ulong slot = (ulong)UsedElementSizeBytes * (ushort)(_state.NextUsed & (_state.Size - 1));
            MemoryResult result = _memory.Write(_state.UsedRing + UsedRing + slot, element);
            if (!result.IsDone)
                return result;
            Interlocked.MemoryBarrier();
            result = WriteWord(_state.UsedRing + UsedIndex, (ushort)(_state.NextUsed + 1));
            if (!result.IsDone)
                return result;
            _state.NextUsed++;
            _state.InFlight--;
            _state.Owed.Dequeue();
        }

        return _state.SignalledUsed == _state.NextUsed ? MemoryResult.Done : DecideInterrupt(out interrupt);
    }

    internal void SetSize(uint size)
    {
        if (!_state.Enabled && size <= _maxSize)
            _state.Size = (ushort)size;
    }

    /// <summary>Sets the addresses, unless the queue is enabled: then they are frozen.</summary>
    internal void SetAddresses(ulong descriptorTable, ulong availableRing, ulong usedRing)
    {
        if (_state.Enabled)
            return;
        _state.DescriptorTable = descriptorTable;
        _state.AvailableRing = availableRing;
        _state.UsedRing = usedRing;
    }

    /// <summary>Enables the queue if its size and alignment are allowed (section 2.7); else it stays disabled, which the driver can read.</summary>
    internal void Enable()
    {
        bool isAligned = _state.DescriptorTable % 16 == 0 && _state.AvailableRing % 2 == 0 && _state.UsedRing % 4 == 0;
        if (isAligned && ushort.IsPow2(_state.Size))
            _state.Enabled = true;
    }

    internal void Reset()
    {
        _state = VirtqueueState.AtReset(_maxSize);
        Epoch++;
        StaleWorkCount = HostWorkCount;
    }

    internal void Save(StateWriter writer) => _state.Write(writer);

    internal void Restore(ref StateReader reader)
    {
        Reset();
        _state = VirtqueueState.Read(ref reader, _maxSize);
    }

    // The table is copied out whole, at most 16 KiB, and then walked.
    private MemoryResult WalkIndirect(Descriptor pointer, DescriptorChain chain)
    {
        uint tableCount = pointer.Length / DescriptorSizeBytes;
        if (pointer.Length % DescriptorSizeBytes != 0 || tableCount is 0 or > MaxIndirectDescriptors)
            return MemoryResult.GuestError;
        Span<byte> table = stackalloc byte[(int)pointer.Length];
        MemoryResult result = _memory.Read(pointer.Address, table);
        if (!result.IsDone)
            return result;
        ushort index = 0;
        for (uint count = 0; count < tableCount; count++)
        {
            if (index >= tableCount)
                return MemoryResult.GuestError;
            Descriptor descriptor = Descriptor.Read(table[(index * DescriptorSizeBytes)..]);
            if (descriptor.Has(DescriptorFlag.Indirect) || !chain.TryAdd(descriptor.Address, descriptor.Length, descriptor.Has(DescriptorFlag.Write)))
                return MemoryResult.GuestError;
            if (!descriptor.Has(DescriptorFlag.Next))
                return MemoryResult.Done;
            index = descriptor.Next;
        }

        return MemoryResult.GuestError;
    }

    // Section 2.7.7: by flag, or by the index that the driver asked to hear of.
    private MemoryResult DecideInterrupt(out bool interrupt)
    {
        interrupt = false;
        Interlocked.MemoryBarrier();
        ulong field = UsesEventIndex ? _state.AvailableRing + AvailableRing + (2UL * _state.Size) : _state.AvailableRing + AvailableFlags;
        MemoryResult result = ReadWord(field, out ushort value);
        if (!result.IsDone)
            return result;
        interrupt = UsesEventIndex
            ? (ushort)(_state.NextUsed - value - 1) < (ushort)(_state.NextUsed - _state.SignalledUsed)
            : (value & AvailableFlag.NoInterrupt) == 0;
        _state.SignalledUsed = _state.NextUsed;
        return MemoryResult.Done;
    }

    private MemoryResult ReadDescriptor(ulong table, ushort index, out Descriptor descriptor)
    {
        Span<byte> bytes = stackalloc byte[DescriptorSizeBytes];
        MemoryResult result = _memory.Read(table + ((ulong)DescriptorSizeBytes * index), bytes);
        descriptor = Descriptor.Read(bytes);
        return result;
    }

    private MemoryResult ReadWord(ulong address, out ushort value)
    {
        Span<byte> bytes = stackalloc byte[2];
        MemoryResult result = _memory.Read(address, bytes);
        value = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        return result;
    }

    private MemoryResult WriteWord(ulong address, ushort value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        return _memory.Write(address, bytes);
    }

    private readonly record struct Descriptor(ulong Address, uint Length, ushort Flags, ushort Next)
    {
        public static Descriptor Read(ReadOnlySpan<byte> bytes) => new(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[12..]),
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[14..]));

        public bool Has(ushort flag) => (Flags & flag) != 0;
    }
}
