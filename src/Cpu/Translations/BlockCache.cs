using System.Diagnostics;
using Strata.Cpu.Translations.Ir;
using Strata.Cpu.X64;
using Strata.Guest.Memory;
using Strata.Guest.Processors;
using Strata.Host;

namespace Strata.Cpu.Translations;

/// <summary>The translated code of one machine, for all its harts and carriers: pages by guest-physical address, and the code cache.</summary>
/// <remarks>
/// Who revokes what:
/// <list type="bullet">
/// <item>an entry of a <see cref="CodePage"/>: a store to the page, by <see cref="Changed"/>, before the store returns on the hart that made it; other harts are
/// kicked and look again at their next poll, at the latest at their next fence.i. Test: ChangedCodeTests.</item>
/// <item>a jump from block to block: with the entry of its target, when the page is looked at anew (CodePage.Refresh). Test: ChangedCodeTests.</item>
/// <item>the address of a page's entries in a TLB (its table "code"): with the fetch translation of the page; entries live as long as the cache.</item>
/// <item>all code, when the cache is full: <see cref="Flush"/>, after a grace period.</item>
/// </list>
/// Lock order: this one, the directory's, the memory's.
/// </remarks>
internal sealed unsafe partial class BlockCache : ICodeHolder, IDisposable
{
    private const int BlockReserve = 64 << 10;

    // 8 KiB of entries and 4 of copy each.
    private const int MaximumPages = 4096;

    private readonly Lock _lock = new();
    private readonly GuestMemory _memory;
    private readonly CodeDirectory _directory;
    private readonly IFrontEnd _frontEnd;
    private readonly ExecutableMemory _code;
    private readonly RuntimeStubs _stubs;
    private readonly BlockEmitter _emitter;
    private readonly StateLayout _layout;
    private readonly RegisterMap _map;
    private readonly bool _counts;
    private readonly int _maximumInstructions;
    private readonly bool _linksJumps;
    private readonly int _firstBlock;

    // Guarded by _lock.
    private readonly Dictionary<ulong, CodePage> _pages = [];
    private readonly SiteList _sites = new();
    private readonly IrBlock _block = new();
    private int _used;
    private int _generation;
    private MemoryWait? _flushing;
    private bool _disposed;

    public BlockCache(GuestMemory memory, CodeDirectory directory, IFrontEnd frontEnd, StateLayout layout, RuntimeCalls calls, TranslationOptions options)
    {
        _memory = memory;
        _directory = directory;
        _frontEnd = frontEnd;
        _maximumInstructions = Math.Clamp(options.BlockInstructions, 1, IrBlock.MaximumInstructions);
        _linksJumps = options.LinksJumps;
        _code = new ExecutableMemory(Math.Max(options.CacheBytes, TranslationOptions.LeastCacheBytes));
        Assembler assembler = new();
        assembler.Reset((byte*)_code.WritableAddress, BlockReserve);
        _layout = layout;
        _map = new RegisterMap(layout);
        _counts = options.CountsInstructions;
        _stubs = new RuntimeStubs(assembler, layout, _map, calls);
        _used = _firstBlock = (assembler.Offset + 63) & ~63;
        _emitter = new BlockEmitter(assembler, layout, _map, _stubs, _counts);
        directory.Add(this);
    }

    /// <summary>void (state, code): the way in.</summary>
    public delegate* unmanaged<void*, nint, void> Enter => (delegate* unmanaged<void*, nint, void>)(_code.ExecutableAddress + _stubs.Enter);

    /// <summary>The code that leaves.</summary>
    public nint Leave => _code.ExecutableAddress + _stubs.Leave;

    /// <summary>What entries of pages hold that have no code.</summary>
    public nint Untranslated => _code.ExecutableAddress + _stubs.Untranslated;

    /// <summary>Changes whenever the cache has begun anew: numbers of jumps of another generation mean nothing.</summary>
    public int Generation => Volatile.Read(ref _generation);

    /// <summary>Blocks translated so far.</summary>
    public long TranslationCount { get; private set; }

    /// <summary>Finds a page of guest code, makes it current, and notes its entries in the TLB.</summary>
    /// <param name="physicalPage">The page, whose fetch translation is cached.</param>
    /// <param name="wait">If the answer is null: what to wait for.</param>
    /// <param name="own">The carrier's fills.</param>
    public CodePage? Find(ulong physicalPage, ICarrierFills own, out MemoryWait? wait)
    {
        lock (_lock)
        {
            wait = _flushing;
            if (wait is not null)
                return null;
            if (!_pages.TryGetValue(physicalPage, out CodePage? page))
            {
                if (_pages.Count >= MaximumPages)
                {
                    wait = Flush(own);
                    if (wait is not null)
                        return null;
                }

                page = new CodePage(physicalPage, _code.ExecutableAddress, _stubs.Untranslated, _sites, _linksJumps);
                _pages.Add(physicalPage, page);
            }

            if (page.IsCurrent)
                return page;

            // Held first, resolved then: from here on stores to the page are reported.
            _directory.Hold(physicalPage);
            MemoryFill fill = _memory.Resolve(physicalPage, FillAccess.Fetch, own);
            if (fill.Kind != FillKind.Ram)
            {
                _directory.Release(physicalPage);
                wait = fill.Wait;
                return null;
            }

            // SAFETY: the door has answered a page of RAM that stays where it is until the carrier's next poll.
            page.Refresh(new ReadOnlySpan<byte>((void*)fill.HostAddress, (int)GuestMemory.PageSize), (byte*)_code.WritableAddress);
            return page;
        }
    }

    /// <summary>The code for an offset in a page, which is translated if need be.</summary>
    /// <returns>Its address, or 0: the instruction there cannot be translated from the page alone, or (with a wait) the page is not current any more.</returns>
    public nint CodeFor(CodePage page, int pageOffset, ICarrierFills own, out MemoryWait? wait)
    {
        lock (_lock)
        {
            wait = null;
            int code = page.CodeAt(pageOffset);
            if (code != 0)
                return _code.ExecutableAddress + code;
            if (!page.IsCurrent)
                return 0;
            _block.Clear(pageOffset);
            _frontEnd.Lower(page.Bytes, _block, _maximumInstructions);
            if (_block.GuestInstructions == 0)
                return 0;
            int room = Math.Min(_code.SizeBytes - _used, BlockReserve);
            int written = _emitter.Emit(_block, page, (byte*)_code.WritableAddress + _used, room, _used);
            if (written == 0)
            {
                if (_used == _firstBlock)
                    throw new UnreachableException($"a block of {_block.GuestInstructions} instructions does not fit into an empty code cache");
                page.Withdraw();
                wait = Flush(own);
                return 0;
            }

            code = _used;
            page.Publish(_block.Start, _block.End, code, written);
            _used = Math.Min(_used + ((written + 15) & ~15), _code.SizeBytes);
            TranslationCount++;
            return _code.ExecutableAddress + code;
        }
    }

    /// <summary>Lets a jump inside a page lead to its target without asking again.</summary>
    /// <param name="number">The jump.</param>
    /// <param name="pageOffset">Where it was found to lead.</param>
    /// <param name="code">The code there.</param>
    /// <param name="generation">That of the code which jumps.</param>
    public void LinkJump(int number, int pageOffset, nint code, int generation)
    {
        lock (_lock)
        {
            if (!_linksJumps || _flushing is not null || generation != _generation)
                return;
            (CodePage page, JumpSite site) = _sites[number];
            if (page.IsCurrent && site.Target == pageOffset && page.CodeAt(pageOffset) == (int)(code - _code.ExecutableAddress))
                Assembler.PatchRel32((byte*)_code.WritableAddress, site.Displacement, (int)(code - _code.ExecutableAddress));
        }
    }

    /// <inheritdoc/>
    public void Changed(ulong physicalPage, int offset, int length, ICarrierFills? own)
    {
        lock (_lock)
        {
            if (_disposed || !_pages.TryGetValue(physicalPage, out CodePage? page) || !page.IsCurrent)
                return;
            page.Unlink();
            _directory.Release(physicalPage);
        }

        // Blocks of the page lead to each other without asking: harts that are in it hear of the change at their next poll, which a fence.i is too. The one
        // that stored asks before it goes on.
        _memory.Revocations.KickOthers(own);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _directory.Remove(this, []);
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
            foreach (CodePage page in _pages.Values)
                page.Dispose();
            _code.Dispose();
        }
    }

    // Under _lock. Null: the cache is empty. Otherwise it is when the answer completes: harts may still be in the old code.
    private MemoryWait? Flush(ICarrierFills own)
    {
        foreach (CodePage page in _pages.Values)
        {
            if (page.IsCurrent)
                _directory.Release(page.PhysicalPage);
            page.Forget();
        }

        _flushing = _memory.Revocations.Begin(Revocations.AllPages, own, BeginAnew);
        if (_flushing is null)
            BeginAnew();
        return _flushing;
    }

    private void BeginAnew()
    {
        lock (_lock)
        {
            foreach (CodePage page in _pages.Values)
                page.Dispose();
            _pages.Clear();
            _sites.Clear();
            _used = _firstBlock;
            _generation++;
            _flushing = null;
        }
    }
}

/// <summary>How code is translated.</summary>
public sealed record TranslationOptions
{
    /// <summary>The smallest code cache: some large blocks.</summary>
    public const int LeastCacheBytes = 64 << 10;

    /// <summary>Guest instructions in a block at most, 1 to 64.</summary>
    public int BlockInstructions { get; init; } = IrBlock.MaximumInstructions;

    /// <summary>Size of the code cache; at least <see cref="LeastCacheBytes"/>.</summary>
    public int CacheBytes { get; init; } = 64 << 20;

    /// <summary>Instructions are counted exactly, as deterministic machines need it.</summary>
    public bool CountsInstructions { get; init; }

    /// <summary>Jumps inside a page lead to their targets without asking, once these are known; false to test what linked jumps could get wrong.</summary>
    public bool LinksJumps { get; init; } = true;
}
