using System.Runtime.InteropServices;
using Strata.Cpu.X64;

namespace Strata.Cpu.Translations;

/// <summary>The translated code of one guest-physical page: where each instruction's code is, and what it was made from.</summary>
/// <remarks>
/// <code>
///           Refresh (compare with the copy, relink)
///   stale ─────────────────────────────────────────► current
///     ▲                                                 │
///     └─────────────────────────────────────────────────┘
///           bytes changed (Unlink: all entries lead to the monitor)
/// </code>
/// Everything is guarded by the lock of <see cref="BlockCache"/>, but that emitted code reads <see cref="Entries"/> at any time: words are written whole.
/// </remarks>
internal sealed unsafe class CodePage : IBlockPage, IDisposable
{
    /// <summary>One for every two bytes.</summary>
    public const int EntryCount = GuestPageBytes / 2;

    private const int GuestPageBytes = 4096;

    private readonly int _untranslated;
    private readonly nint _codeBase;
    private readonly SiteList _sites;
    private readonly bool _linksJumps;
    private readonly byte[] _copy = new byte[GuestPageBytes];
    private readonly List<Block> _blocks = [];

    // Entries of the block that is being written: found by itself, by nobody else before Publish.
    private readonly List<(int PageOffset, int Code)> _unpublished = [];
    private int _unpublishedFirstSite;
    private int _unpublishedSites;
    private uint* _entries;

    /// <param name="physicalPage">Its guest-physical address.</param>
    /// <param name="codeBase">Where the code cache is executed, below 4 GiB.</param>
    /// <param name="untranslated">Offset there of the stub behind entries without code.</param>
    /// <param name="sites">The jumps of all pages.</param>
    /// <param name="linksJumps">Jumps may lead to code that is there already.</param>
    public CodePage(ulong physicalPage, nint codeBase, int untranslated, SiteList sites, bool linksJumps)
    {
        _linksJumps = linksJumps;
        PhysicalPage = physicalPage;
        _codeBase = codeBase;
        _untranslated = untranslated;
        _sites = sites;

        // SAFETY: a constant size; freed by Dispose, when nobody looks up this page any more.
        _entries = (uint*)NativeMemory.Alloc(EntryCount, sizeof(uint));
        ClearEntries();
    }

    // Code made from the bytes [Start, End), and the numbers of its jumps inside the page.
    private readonly record struct Block(int Start, int End, int Code, int Length, int FirstSite, int Sites);

    public ulong PhysicalPage { get; }

    /// <summary>The copy is what memory holds, and stores are reported.</summary>
    public bool IsCurrent { get; private set; }

    /// <summary>Addresses of code, by offset in the page divided by two.</summary>
    public uint* Entries => _entries;

    /// <summary>The page's bytes when it was current last.</summary>
    public ReadOnlySpan<byte> Bytes => _copy;

    /// <inheritdoc/>
    int IBlockPage.CodeAt(int pageOffset) => _linksJumps ? CodeAt(pageOffset) : 0;

    /// <summary>Offset in the code cache of the code for an offset in the page, 0 if there is none.</summary>
    public int CodeAt(int pageOffset)
    {
        int code = (int)(_entries[pageOffset >> 1] - (uint)_codeBase);
        if (code != _untranslated)
            return code;
        foreach ((int offset, int unpublished) in _unpublished)
        {
            if (offset == pageOffset)
                return unpublished;
        }

        return 0;
    }

    /// <inheritdoc/>
    public int AddSite(JumpSite site)
    {
        int number = _sites.Add(this, site);
        if (_unpublishedSites++ == 0)
            _unpublishedFirstSite = number;
        return number;
    }

    /// <inheritdoc/>
    public void AddEntry(int pageOffset, int code) => _unpublished.Add((pageOffset, code));

    /// <summary>A block was written whole: its entries are found from now on.</summary>
    /// <param name="start">Offset in the page of its first instruction.</param>
    /// <param name="end">Offset in the page behind its last one.</param>
    /// <param name="code">Where it is in the code cache.</param>
    /// <param name="length">Bytes there.</param>
    public void Publish(int start, int end, int code, int length)
    {
        foreach ((int offset, int entry) in _unpublished)
            Enter(offset, entry);
        _blocks.Add(new Block(start, end, code, length, _unpublishedFirstSite, _unpublishedSites));
        Withdraw();
    }

    /// <summary>Adds its blocks that can be entered, or can be again once the page is current.</summary>
    public void List(List<TranslatedBlock> blocks)
    {
        foreach (Block block in _blocks)
            blocks.Add(new TranslatedBlock(PhysicalPage, block.Start, block.End, _codeBase + block.Code, block.Length));
    }

    /// <summary>Whether a block that was listed is still there.</summary>
    public bool Has(in TranslatedBlock listed)
    {
        foreach (Block block in _blocks)
        {
            if (_codeBase + block.Code == listed.HostAddress && block.Start == listed.Start && block.End == listed.End)
                return true;
        }

        return false;
    }

    /// <summary>A block was not written whole.</summary>
    public void Withdraw()
    {
        _unpublished.Clear();
        _unpublishedSites = 0;
    }

    /// <summary>Bytes have changed: nothing of the page is found any more before <see cref="Refresh"/>.</summary>
    public void Unlink()
    {
        IsCurrent = false;
        ClearEntries();
    }

    /// <summary>Everything is forgotten: the code cache begins anew.</summary>
    public void Forget()
    {
        Unlink();
        _blocks.Clear();
    }

    /// <summary>Compares the page with the copy and finds again what was made from bytes that are still the same.</summary>
    /// <param name="bytes">What memory holds; from now on stores are reported.</param>
    /// <param name="writableCode">The writable view of the code cache.</param>
    public void Refresh(ReadOnlySpan<byte> bytes, byte* writableCode)
    {
        if (_blocks.Count > 0 && !bytes.SequenceEqual(_copy))
        {
            for (int i = _blocks.Count - 1; i >= 0; i--)
            {
                Block block = _blocks[i];
                int length = block.End - block.Start;
                if (!bytes.Slice(block.Start, length).SequenceEqual(_copy.AsSpan(block.Start, length)))
                {
                    _blocks.RemoveAt(i);
                    continue;
                }

                // Its jumps ask again, for they may lead to blocks that are gone; those of blocks that are gone lead where they will.
                for (int number = block.FirstSite; number < block.FirstSite + block.Sites; number++)
                {
                    JumpSite site = _sites[number].Site;
                    Assembler.PatchRel32(writableCode, site.Displacement, site.Cold);
                }
            }
        }

        bytes.CopyTo(_copy);
        foreach (Block block in _blocks)
            Enter(block.Start, block.Code);
        IsCurrent = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_entries);
        _entries = null;
    }

    // The first block that holds an instruction stays its entry.
    private void Enter(int pageOffset, int code)
    {
        ref uint entry = ref _entries[pageOffset >> 1];
        if (entry == (uint)_codeBase + (uint)_untranslated)
            Volatile.Write(ref entry, (uint)_codeBase + (uint)code);
    }

    private void ClearEntries() => new Span<uint>(_entries, EntryCount).Fill((uint)_codeBase + (uint)_untranslated);
}

/// <summary>All jumps inside pages, by the number that their cold code passes.</summary>
internal sealed class SiteList
{
    private readonly List<(CodePage Page, JumpSite Site)> _sites = [];

    public (CodePage Page, JumpSite Site) this[int number] => _sites[number];

    public int Add(CodePage page, JumpSite site)
    {
        _sites.Add((page, site));
        return _sites.Count - 1;
    }

    public void Clear() => _sites.Clear();
}
