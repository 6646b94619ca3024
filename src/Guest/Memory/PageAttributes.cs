namespace Strata.Guest.Memory;

/// <summary>What is known about a guest page of RAM beside its frame; of this machine and this moment only, never shared with a branch.</summary>
[Flags]
public enum PageAttribute : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Decoded or translated instructions of the page exist: no write entries.</summary>
    Code = 1,

    /// <summary>Changed since the present generation of <see cref="GuestMemory.BeginGeneration"/> began.</summary>
    Dirty = 2,

    /// <summary>Deterministic mode: fills were derived from the page's entries: no write entries.</summary>
    PageTable = 4,

    /// <summary>Some carrier may hold a write entry.</summary>
    WriteFilled = 8,

    /// <summary>Some carrier may hold a read entry of a frame that is not the page's own.</summary>
    SharedFilled = 16,
}

/// <summary>One byte of attributes per page, allocated 4,096 pages at a time. Written under the memory's lock; read under it, or without where a page's latest ones are not needed.</summary>
internal sealed class PageAttributes(ulong pageCount)
{
    private const int ChunkBits = 12;
    private const int ChunkMask = (1 << ChunkBits) - 1;

    private readonly byte[]?[] _chunks = new byte[]?[(int)((pageCount + ChunkMask) >> ChunkBits)];

    /// <summary>Reads the attributes of a page.</summary>
    public PageAttribute this[ulong page] => Volatile.Read(ref _chunks[(int)(page >> ChunkBits)]) is { } chunk ? (PageAttribute)Volatile.Read(ref chunk[(int)page & ChunkMask]) : 0;

    /// <summary>Sets some attributes.</summary>
    public void Add(ulong page, PageAttribute attributes)
    {
        ref byte[]? chunk = ref _chunks[(int)(page >> ChunkBits)];
        if (chunk is null)
            Volatile.Write(ref chunk, new byte[1 << ChunkBits]);
        chunk[(int)page & ChunkMask] |= (byte)attributes;
    }

    /// <summary>Clears some attributes.</summary>
    public void Remove(ulong page, PageAttribute attributes)
    {
        if (_chunks[(int)(page >> ChunkBits)] is { } chunk)
            chunk[(int)page & ChunkMask] &= (byte)~attributes;
    }

    /// <summary>Clears some attributes of every page, and answers in ascending order the pages that had all of them.</summary>
    public List<ulong> RemoveEverywhere(PageAttribute attributes, PageAttribute report)
    {
        List<ulong> pages = [];
        for (int i = 0; i < _chunks.Length; i++)
        {
            if (_chunks[i] is not { } chunk)
                continue;
            for (int j = 0; j < chunk.Length; j++)
            {
                if (chunk[j] == 0)
                    continue;
                if (((PageAttribute)chunk[j] & report) == report)
                    pages.Add(((ulong)i << ChunkBits) | (uint)j);
                chunk[j] &= (byte)~attributes;
            }
        }

        return pages;
    }
}
