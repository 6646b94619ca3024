using Strata.Guest.Processors;

namespace Strata.Guest.Memory;

/// <summary>
/// The one door to a machine's memory: harts (cached translations), devices and loaders (copies), host I/O (leases) all come through here.
/// </summary>
/// <remarks>
/// Identity is the page map's: frames may lie anywhere. A page gets a frame of its own on its first write; the frame it had before (the zero frame, one shared
/// with a branch) may be cached by any carrier, so the page is <see cref="PageState.Pending"/> until <see cref="Revocations"/> has taken those back, and only
/// then is the content copied and the new frame shown. Whoever comes meanwhile is answered <see cref="MemoryStatus.NotPresent"/>.
/// <para>One lock guards map, attributes and leases. A hart that asks for a page with a frame of its own takes none, if it reads or if the page is known to be written:
/// a frame is freed, and a write entry withdrawn, only after every carrier in guest code has passed a poll; nor does what tells of stores.</para>
/// <para>Locks in this order: the machine's device lock (events that come here hold it), this memory's, that of <see cref="Revocations"/>, the frames'.
/// Landings, waits and the code observer run without the memory's.</para>
/// </remarks>
public sealed partial class GuestMemory : IDisposable
{
    /// <summary>Bytes in a page.</summary>
    public const ulong PageSize = 4096;

    private readonly Lock _lock = new();
    private readonly FrameAllocator _frames;
    private readonly PageMap _map;
    private readonly bool _deterministic;
    private readonly IReadOnlyList<RamRange> _ram;

    // Written under _lock, read without it too.
    private readonly PageAttributes _attributes;

    // All guarded by _lock.
    private readonly Dictionary<ulong, (MemoryWait Wait, uint NewFrame)> _pending = [];
    private readonly Dictionary<ulong, MemoryWait> _becomingCode = [];
    private readonly Dictionary<ulong, int> _leases = [];
    private readonly HashSet<MemoryLease> _leaseHolders = [];
    private readonly Dictionary<ulong, MemoryWait> _leaseEnds = [];
    private readonly HashSet<ulong> _pageTables = [];
    private MemoryWait? _unleased;
    private bool _disposed;

    /// <summary>Makes the memory of one machine.</summary>
    /// <param name="frames">The family's frames; the caller disposes of them after the last machine.</param>
    /// <param name="ram">Where RAM is; all of it reads as zero.</param>
    /// <param name="bus">What is at the other addresses.</param>
    /// <param name="deterministic">Page-table pages lose their write entries, so that no fill is ever staler than the tables.</param>
    public GuestMemory(FrameAllocator frames, IReadOnlyList<RamRange> ram, MmioBus bus, bool deterministic = false)
    {
        _frames = frames;
        _ram = ram;
        _deterministic = deterministic;
        Bus = bus;
        ulong end = ram.Max(range => range.Base + range.SizeBytes) / PageSize;
        _map = new PageMap(end);
        _attributes = new PageAttributes(end);
        foreach (RamRange range in ram)
            _map.SetRange(range.Base / PageSize, range.SizeBytes / PageSize, new PageEntry(PageState.Zero, frames.ZeroFrame));
    }

    /// <summary>Everything that is not RAM.</summary>
    public MmioBus Bus { get; }

    /// <summary>Where RAM is.</summary>
    public IReadOnlyList<RamRange> Ram => _ram;

    /// <summary>Who takes cached translations back.</summary>
    public Revocations Revocations { get; } = new();

    /// <summary>Who keeps decoded instructions. Set once, before the first hart runs.</summary>
    public ICodeObserver? CodeObserver { get; set; }

    /// <summary>Makes pages absent: asked before every look at a page of RAM; a wait means that the page is not here until it completes. For pages that
    /// are loaded lazily, and for the tests that make any page absent at any time.</summary>
    public Func<ulong, FillAccess, MemoryWait?>? Absence { get; set; }

    /// <summary>True if all the bytes are RAM.</summary>
    public bool IsRam(ulong address, ulong length) =>
        _ram.Any(range => address >= range.Base && length <= range.SizeBytes && address - range.Base <= range.SizeBytes - length);

    /// <summary>Copies guest memory out. Any thread.</summary>
    public MemoryResult Read(ulong address, Span<byte> destination)
    {
        lock (_lock)
        {
            while (!destination.IsEmpty)
            {
                MemoryResult result = LookUp(address, FillAccess.Read, null, out PageEntry entry);
                if (!result.IsDone)
                    return result;
                int offset = (int)(address & (PageSize - 1));
                int length = Math.Min(destination.Length, (int)PageSize - offset);
                _frames.Bytes(entry.Frame).Slice(offset, length).CopyTo(destination);
                destination = destination[length..];
                address += (ulong)length;
            }
        }

        return MemoryResult.Done;
    }

    /// <summary>Copies into guest memory. Any thread.</summary>
    public MemoryResult Write(ulong address, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            int offset = (int)(address & (PageSize - 1));
            int length = Math.Min(source.Length, (int)PageSize - offset);
            lock (_lock)
            {
                MemoryResult result = LookUp(address, FillAccess.Write, null, out PageEntry entry);
                if (!result.IsDone)
                    return result;
                source[..length].CopyTo(_frames.Bytes(entry.Frame)[offset..]);
                _attributes.Add(address / PageSize, PageAttribute.Dirty);
            }

            StoredTo(address, length, null);
            source = source[length..];
            address += (ulong)length;
        }

        return MemoryResult.Done;
    }

    /// <summary>Leases guest memory for host I/O, appending to <paramref name="lease"/>; on any answer but Done nothing was appended.</summary>
    public MemoryResult Lease(ulong address, int length, LeaseAccess access, MemoryLease lease)
    {
        FillAccess fill = access == LeaseAccess.HostWrites ? FillAccess.Write : FillAccess.Read;
        if (length <= 0)
            return MemoryResult.Done;
        ulong last = address + (ulong)(length - 1);
        if (last < address)
            return MemoryResult.GuestError;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            for (ulong page = address / PageSize; page <= last / PageSize; page++)
            {
                MemoryResult result = LookUp(page * PageSize, fill, null, out _);
                if (!result.IsDone)
                    return result;
            }

            _leaseHolders.Add(lease);
            while (length > 0)
            {
                ulong page = address / PageSize;
                uint frame = _map[page].Frame;
                int offset = (int)(address & (PageSize - 1));
                int part = Math.Min(length, (int)PageSize - offset);
                _leases[page] = _leases.GetValueOrDefault(page) + 1;
                _frames.Retain(frame);
                lease.Append(this, new LeaseSegment(address, _frames.AddressOf(frame) + offset, part, access));
                address += (ulong)part;
                length -= part;
            }
        }

        return MemoryResult.Done;
    }

    /// <summary>True while host I/O has leased memory.</summary>
    public bool IsLeased
    {
        get
        {
            lock (_lock)
                return _leases.Count > 0;
        }
    }

    /// <summary>Completes when no host I/O has leased memory any more; from then on nothing is told about the bytes that it wrote.</summary>
    public MemoryWait WhenUnleased()
    {
        lock (_lock)
        {
            if (_leases.Count > 0)
                return _unleased ??= new MemoryWait();
        }

        MemoryWait none = new();
        none.Complete();
        return none;
    }

    /// <summary>Gives the frames back, leased ones too. No hart may run, no event, and no host I/O be in flight.</summary>
    public void Dispose()
    {
        MemoryLease[] left;
        lock (_lock)
            left = [.. _leaseHolders];
        foreach (MemoryLease lease in left)
            lease.Release();
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
            foreach ((_, uint frame) in _pending.Values)
                _frames.Release(frame);
            foreach (RamRange range in _ram)
            {
                for (ulong page = range.Base / PageSize; page < (range.Base + range.SizeBytes) / PageSize; page++)
                {
                    PageEntry entry = _map[page];
                    if (entry.Frame != _frames.ZeroFrame)
                        _frames.Release(entry.Frame);
                }
            }
        }
    }

    // The bytes are told of before their pages may be replaced or given back.
    internal void Release(MemoryLease lease, List<LeaseSegment> segments)
    {
        lock (_lock)
            _leaseHolders.Remove(lease);
        foreach (LeaseSegment segment in segments)
        {
            if (segment.Access == LeaseAccess.HostWrites)
                HostWrote(segment.GuestAddress, segment.Length);
        }

        MemoryWait? unleased = null;
        foreach (LeaseSegment segment in segments)
        {
            ulong last = (segment.GuestAddress + (ulong)segment.Length - 1) / PageSize;
            uint frame = _frames.FrameAt(segment.HostAddress);
            for (ulong page = segment.GuestAddress / PageSize; page <= last; page++, frame++)
                EndLease(page, frame, ref unleased);
        }

        unleased?.Complete();
    }

    private void HostWrote(ulong address, int length)
    {
        lock (_lock)
        {
            for (ulong page = address / PageSize; page <= (address + (ulong)length - 1) / PageSize; page++)
                _attributes.Add(page, PageAttribute.Dirty);
        }

        StoredTo(address, length, null);
    }

    private void EndLease(ulong page, uint frame, ref MemoryWait? unleased)
    {
        MemoryWait? ended = null;
        lock (_lock)
        {
            int left = _leases[page] - 1;
            if (left > 0)
            {
                _leases[page] = left;
            }
            else
            {
                _leases.Remove(page);
                _leaseEnds.Remove(page, out ended);
                if (_leases.Count == 0)
                    (unleased, _unleased) = (_unleased, null);
            }

            _frames.Release(frame);
        }

        ended?.Complete();
    }

    // Finds the page's frame, making it the page's own if it will be written. Under _lock.
    private MemoryResult LookUp(ulong address, FillAccess access, ICarrierFills? own, out PageEntry entry)
    {
        ulong page = address / PageSize;
        entry = _map[page];
        if (entry.State == PageState.None)
            return MemoryResult.GuestError;
        if (Absence?.Invoke(page * PageSize, access) is { } absent)
            return MemoryResult.NotPresent(absent);
        if (entry.State == PageState.Pending)
            return MemoryResult.NotPresent(_pending[page].Wait);
        if (entry.State == PageState.Private || access != FillAccess.Write)
            return MemoryResult.Done;
        if (BeginReplacement(page, own) is { } wait)
            return MemoryResult.NotPresent(wait);
        entry = _map[page];
        return MemoryResult.Done;
    }
}
