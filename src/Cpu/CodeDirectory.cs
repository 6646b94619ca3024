using Strata.Guest.Memory;
using Strata.Guest.Processors;

namespace Strata.Cpu;

/// <summary>Keeps something that was made from guest code.</summary>
internal interface ICodeHolder
{
    /// <summary>Bytes of a page have changed. Any thread, without any lock of the memory; see <see cref="ICodeObserver.CodeChanged"/>. False: nothing follows from it.</summary>
    bool Changed(ulong physicalPage, int offset, int length, ICarrierFills? own);
}

/// <summary>Knows who keeps decoded or translated instructions of which page: tells all of them when bytes change, and the memory when nobody is left.</summary>
internal sealed class CodeDirectory(GuestMemory memory) : ICodeObserver
{
    private readonly Lock _lock = new();

    // Guarded by _lock. The array is replaced as a whole.
    private readonly Dictionary<ulong, int> _holders = [];
    private volatile ICodeHolder[] _caches = [];

    public void Add(ICodeHolder cache)
    {
        lock (_lock)
            _caches = [.. _caches, cache];
    }

    public void Remove(ICodeHolder cache, ulong[] pages)
    {
        lock (_lock)
            _caches = Array.FindAll(_caches, other => !ReferenceEquals(other, cache));
        foreach (ulong page in pages)
            Release(page);
    }

    /// <summary>A carrier is about to decode from the page. It then has it resolved for fetch (again), so that stores to it are reported from now on.</summary>
    public void Hold(ulong page)
    {
        lock (_lock)
            _holders[page] = _holders.GetValueOrDefault(page) + 1;
    }

    /// <summary>A carrier keeps nothing of the page any more.</summary>
    public void Release(ulong page)
    {
        lock (_lock)
        {
            int left = _holders[page] - 1;
            if (left > 0)
            {
                _holders[page] = left;
                return;
            }

            _holders.Remove(page);
            memory.ReleaseCode(page);
        }
    }

    /// <inheritdoc/>
    public bool CodeChanged(ulong pageAddress, int offset, int length, ICarrierFills? own)
    {
        bool follows = false;
        foreach (ICodeHolder cache in _caches)
            follows |= cache.Changed(pageAddress, offset, length, own);
        return follows;
    }
}
