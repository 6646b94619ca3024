using System.Diagnostics;
using System.Runtime.InteropServices;
using Strata.Host;

namespace Strata.Guest.Memory;

/// <summary>The 4 KiB host frames of one family of machines, dense in 2 MiB chunks of one reserved window.</summary>
/// <remarks>A frame is shared by page maps through its reference count and kept in place by leases; it is zero when it is handed out.</remarks>
public sealed class FrameAllocator : IDisposable
{
    private const int FramesPerChunk = 512;

    private readonly Lock _lock = new();
    private readonly MappedMemory _window;

    // All guarded by _lock. One entry per frame of the chunks opened so far.
    private readonly List<int> _references = [];
    private readonly List<ushort> _usedInChunk = [];
    private readonly Stack<uint> _free = new();
    private uint _next;

    /// <summary>Reserves a window for at most <paramref name="sizeBytes"/> bytes of frames.</summary>
    public FrameAllocator(ulong sizeBytes)
    {
        _window = new MappedMemory(sizeBytes + MappedMemory.HugePageSize);

        // Chunks are filled one after the other: all but the last are in use as a whole, and the host's own address translation then costs less.
        _window.AdviseHugePages(0, _window.SizeBytes);

        // Frame 0 is the zero frame: never written, shared by every page that was never written.
        ZeroFrame = Allocate();
    }

    /// <summary>The frame of zeroes that all untouched pages share.</summary>
    public uint ZeroFrame { get; }

    /// <summary>Frames in use, the zero frame included.</summary>
    public int UsedFrameCount
    {
        get
        {
            lock (_lock)
                return (int)_next - _free.Count;
        }
    }

    /// <summary>The host address of a frame's first byte.</summary>
    public nint AddressOf(uint frame) => _window.Address + (nint)((ulong)frame * GuestMemory.PageSize);

    /// <summary>The frame that holds a host address of the window.</summary>
    public uint FrameAt(nint address) => (uint)((ulong)(address - _window.Address) / GuestMemory.PageSize);

    /// <summary>The frame's bytes.</summary>
    public unsafe Span<byte> Bytes(uint frame) =>
        // SAFETY: the frame lies in the window, which lives as long as this object; frames are 4 KiB apart.
        new((void*)AddressOf(frame), (int)GuestMemory.PageSize);

    /// <summary>Takes a zeroed frame with one reference.</summary>
    /// <exception cref="GuestMemoryExhaustedException">The window is full.</exception>
    public uint Allocate()
    {
        lock (_lock)
        {
            if (_free.TryPop(out uint frame))
            {
                _references[(int)frame] = 1;
                _usedInChunk[(int)(frame / FramesPerChunk)]++;
                return frame;
            }

            if (((ulong)_next + 1) * GuestMemory.PageSize > _window.SizeBytes)
                throw new GuestMemoryExhaustedException();
            if (_next % FramesPerChunk == 0)
            {
                _usedInChunk.Add(0);
                CollectionsMarshal.SetCount(_references, _references.Count + FramesPerChunk);
            }

            _references[(int)_next] = 1;
            _usedInChunk[(int)(_next / FramesPerChunk)]++;
            return _next++;
        }
    }

    /// <summary>Adds a reference: another page map, or a lease, holds the frame.</summary>
    public void Retain(uint frame)
    {
        lock (_lock)
        {
            Debug.Assert(_references[(int)frame] > 0, "only a frame in use can be retained");
            _references[(int)frame]++;
        }
    }

    /// <summary>Drops a reference; the last one frees the frame, and a chunk without frames is given back to the system.</summary>
    public void Release(uint frame)
    {
        lock (_lock)
        {
            Debug.Assert(_references[(int)frame] > 0, "a frame was released twice");
            if (--_references[(int)frame] > 0)
                return;
            int chunk = (int)(frame / FramesPerChunk);
            if (--_usedInChunk[chunk] == 0)
                _window.Discard((ulong)chunk * MappedMemory.HugePageSize, MappedMemory.HugePageSize);
            else
                Bytes(frame).Clear();
            _free.Push(frame);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _window.Dispose();
}

/// <summary>A family's frames are used up: more RAM was promised to its machines than its window holds.</summary>
public sealed class GuestMemoryExhaustedException() : Exception("the memory that this family of machines may use is exhausted");
