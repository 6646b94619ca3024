using System.Runtime.InteropServices;
using Strata.Cpu.X64;

namespace Strata.Cpu.Translations;

/// <summary>The block that is being written: its entries and jumps, which it finds itself but nobody else before they are published.</summary>
/// <param name="linksJumps">Jumps may lead to code that is there already.</param>
internal sealed class BlockDraft(bool linksJumps) : IBlockPage
{
    private readonly List<(int PageOffset, int Code)> _entries = [];
    private readonly List<BlockJump> _jumps = [];
    private CodePage _page = null!;
    private int _record;
    private int _code;

    /// <summary>Its jumps.</summary>
    public ReadOnlySpan<BlockJump> Jumps => CollectionsMarshal.AsSpan(_jumps);

    /// <summary>Begins anew.</summary>
    /// <param name="page">The page.</param>
    /// <param name="record">Where its record will be.</param>
    /// <param name="code">Where its code is written.</param>
    public void Begin(CodePage page, int record, int code)
    {
        _entries.Clear();
        _jumps.Clear();
        _page = page;
        _record = record;
        _code = code;
    }

    /// <inheritdoc/>
    public int CodeAt(int pageOffset)
    {
        if (!linksJumps)
            return 0;
        int code = _page.CodeAt(pageOffset);
        if (code != 0)
            return code;
        foreach ((int offset, int unpublished) in _entries)
        {
            if (offset == pageOffset)
                return unpublished;
        }

        return 0;
    }

    /// <inheritdoc/>
    public int AddSite(JumpSite site)
    {
        _jumps.Add(new BlockJump((ushort)(site.Displacement - _code), (ushort)(site.Cold - _code)));
        return new JumpNumber(_record, _jumps.Count - 1).Bits;
    }

    /// <inheritdoc/>
    public void AddEntry(int pageOffset, int code) => _entries.Add((pageOffset, code));

    /// <summary>The block is found from now on.</summary>
    public void Publish()
    {
        foreach ((int offset, int code) in _entries)
            _page.Enter(offset, code);
    }
}
