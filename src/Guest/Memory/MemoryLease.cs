namespace Strata.Guest.Memory;

/// <summary>What the host does with leased memory.</summary>
public enum LeaseAccess : byte
{
    /// <summary>Reads it: the guest's data goes out.</summary>
    HostReads,

    /// <summary>Writes it: data goes to the guest.</summary>
    HostWrites,
}

/// <summary>A piece of leased guest memory, within one page or more adjoining frames.</summary>
/// <param name="GuestAddress">Guest-physical address of the first byte.</param>
/// <param name="HostAddress">Host address of the first byte.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Access">What it was leased for.</param>
public readonly record struct LeaseSegment(ulong GuestAddress, nint HostAddress, int Length, LeaseAccess Access);

/// <summary>Guest memory that stays in its frames while the host does I/O on it: never replaced, shared, merged or freed until released.</summary>
/// <remarks>Filled by <see cref="GuestMemory.Lease"/>, again and again without allocating once it has grown. Not thread safe: one request owns it.</remarks>
public sealed class MemoryLease : IDisposable
{
    private readonly List<LeaseSegment> _segments = [];
    private GuestMemory? _memory;

    /// <summary>The pieces in the order in which they were leased.</summary>
    public IReadOnlyList<LeaseSegment> Segments => _segments;

    /// <summary>Sum of the pieces' lengths in bytes.</summary>
    public long TotalLength { get; private set; }

    /// <summary>The bytes of one piece.</summary>
    public unsafe Span<byte> Span(int index)
    {
        LeaseSegment segment = _segments[index];

        // SAFETY: the frames behind a lease stay mapped and in place until Release, which empties the list.
        return new Span<byte>((void*)segment.HostAddress, segment.Length);
    }

    /// <summary>Gives the memory back; code and dirty pages hear of what the host wrote.</summary>
    public void Release()
    {
        _memory?.Release(this, _segments);
        _segments.Clear();
        _memory = null;
        TotalLength = 0;
    }

    /// <inheritdoc/>
    public void Dispose() => Release();

    // Pieces are joined at page ends only: the memory counts one lease for each piece of a page.
    internal void Append(GuestMemory memory, LeaseSegment segment)
    {
        _memory = memory;
        TotalLength += segment.Length;
        if (_segments.Count > 0 && segment.GuestAddress % GuestMemory.PageSize == 0)
        {
            LeaseSegment last = _segments[^1];
            if (last.Access == segment.Access && last.GuestAddress + (ulong)last.Length == segment.GuestAddress &&
                last.HostAddress + last.Length == segment.HostAddress && last.Length <= int.MaxValue - segment.Length)
            {
                _segments[^1] = last with { Length = last.Length + segment.Length };
                return;
            }
        }

        _segments.Add(segment);
    }
}
