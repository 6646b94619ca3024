using System.Runtime.CompilerServices;

namespace Strata.Cpu.Translations;

/// <summary>Blocks that were translated from one content of a page, and the guest-physical pages that have this content: they share the blocks.</summary>
/// <remarks>
/// <code>
///   page 0x8020_1000 ─┐                                  Join: every block was made from bytes that the page has, too
///   page 0x8744_5000 ─┼─► unit ─► block ─► block ─► …    Leave: bytes of a block have changed there, or a new block's differ there
///   page 0x8744_a000 ─┘           (they jump to each other; nothing in them depends on which page it is)
/// </code>
/// What holds for each page that is current and none other: all blocks of its unit were made from its bytes, and stores to these bytes are reported. So a block that is
/// added is compared with all its pages, and one whose bytes change in one page stays for the others. A page finds code by its own entries only: who has left
/// finds nothing more, and whoever executes its blocks then hears of it at the next poll. A unit that no page has any more is kept as long as its code is, for what is loaded
/// again elsewhere: programs whose pages are copied at each fork and exec, as kernels without a page cache do. Guarded by the lock of <see cref="BlockCache"/>.
/// </remarks>
/// <param name="number">What records call it.</param>
/// <param name="segments">Where the code is.</param>
internal sealed unsafe class CodeUnit(int number, CodeSegments segments)
{
    // Mostly one, for there are as many units as pages; replaced as a whole.
    private CodePage[] _pages = [];

    // Record of the block that was translated last; the others follow by BlockRecord.Older.
    private int _newest;

    // A block was added that some of its pages have no entry for.
    private bool _hasUnentered;

    /// <summary>What records call it.</summary>
    public int Number => number;

    /// <summary>Hash of the content that it is found by.</summary>
    public int Key { get; set; }

    /// <summary>The pages that share it: those that are current, and those to be compared again.</summary>
    public ReadOnlySpan<CodePage> Pages => _pages;

    /// <summary>Nothing of it is translated.</summary>
    public bool IsEmpty => _newest == 0;

    /// <summary>Record of the newest block, 0 if there is none; <see cref="BlockRecord.Older"/> leads on.</summary>
    public int Newest => _newest;

    public void Join(CodePage page) => _pages = [.. _pages, page];

    public void Leave(CodePage page) => _pages = Array.FindAll(_pages, other => other != page);

    /// <summary>Whether another page finds its blocks now.</summary>
    public bool IsSharedBeside(CodePage page)
    {
        foreach (CodePage other in _pages)
        {
            if (other != page && other.IsCurrent)
                return true;
        }

        return false;
    }

    /// <summary>Has those leave that would be compared before they find anything again.</summary>
    public void LeaveStale()
    {
        foreach (CodePage page in _pages)
        {
            if (!page.IsCurrent)
                page.Leave();
        }
    }

    /// <summary>Keeps the block that was written at the segments' end.</summary>
    /// <param name="start">Offset of its first instruction.</param>
    /// <param name="source">The bytes that it was made from.</param>
    /// <param name="codeBytes">Length of its code.</param>
    /// <param name="jumps">Its jumps.</param>
    public void Add(int start, ReadOnlySpan<byte> source, int codeBytes, ReadOnlySpan<BlockJump> jumps)
    {
        int record = segments.NextRecord;
        BlockRecord block = new()
        {
            Older = _newest,
            Unit = number,
            Code = segments.NextCode,
            CodeBytes = codeBytes,
            Start = (ushort)start,
            End = (ushort)(start + source.Length),
        };
        segments.Commit(block, source, jumps);
        _newest = record;
        _hasUnentered |= _pages.Length > 1;
    }

    /// <summary>Offset in the code cache of the code for an offset in its pages that one of them may have no entry for; 0 if there is none.</summary>
    public int CodeAt(int pageOffset)
    {
        if (!_hasUnentered)
            return 0;
        foreach (CodePage page in _pages)
        {
            if (page.CodeAt(pageOffset) is not 0 and int code)
                return code;
        }

        for (int record = _newest; record != 0; record = segments.Record(record).Older)
        {
            ref BlockRecord block = ref segments.Record(record);
            if (block.Start == pageOffset)
                return block.Code;
        }

        return 0;
    }

    /// <summary>Whether a block was made from any of some bytes.</summary>
    public bool HasBlockOf(int offset, int length)
    {
        for (int record = _newest; record != 0; record = segments.Record(record).Older)
        {
            if (segments.Record(record).Overlaps(offset, offset + length))
                return true;
        }

        return false;
    }

    /// <summary>Whether one of these blocks was made from others than a page holds.</summary>
    public bool HasDifferent(int offset, int length, ReadOnlySpan<byte> bytes)
    {
        for (int record = _newest; record != 0; record = segments.Record(record).Older)
        {
            if (segments.Record(record).Overlaps(offset, offset + length) && !IsMadeFrom(bytes, record))
                return true;
        }

        return false;
    }

    /// <summary>Counts the blocks that were made from what a page holds, and the others.</summary>
    public (int Same, int Different) Compare(ReadOnlySpan<byte> bytes)
    {
        int same = 0;
        int different = 0;
        for (int record = _newest; record != 0; record = segments.Record(record).Older)
        {
            if (IsMadeFrom(bytes, record))
                same++;
            else
                different++;
        }

        return (same, different);
    }

    /// <summary>Forgets the blocks that were not made from what its only current page holds, and what leads there.</summary>
    public void ForgetDifferent(ReadOnlySpan<byte> bytes)
    {
        int* link = null;
        for (int record = _newest; record != 0;)
        {
            ref BlockRecord block = ref segments.Record(record);
            int older = block.Older;
            if (IsMadeFrom(bytes, record))
                link = (int*)Unsafe.AsPointer(ref block.Older);
            else
                Forget(ref block, link);
            record = older;
        }

        // Jumps ask again, for they may lead to blocks that are gone; those of blocks that are gone lead where they will.
        UnlinkJumps(0, int.MaxValue);
    }

    /// <summary>Forgets the blocks that were made from bytes of its only current page which are not the same any more, and what leads there; the others stay.</summary>
    /// <param name="offset">What has changed.</param>
    /// <param name="length">Its length.</param>
    /// <param name="bytes">The page as memory holds it.</param>
    public void TakeBack(int offset, int length, ReadOnlySpan<byte> bytes)
    {
        int* link = null;
        for (int record = _newest; record != 0;)
        {
            ref BlockRecord block = ref segments.Record(record);
            int older = block.Older;
            if (block.Overlaps(offset, offset + length) && !IsMadeFrom(bytes, record))
            {
                Forget(ref block, link);
                foreach (CodePage page in _pages)
                    page.DropEntries(block.Start, block.End, block.Code, block.Code + block.CodeBytes);
                UnlinkJumps(block.Code, block.Code + block.CodeBytes);
            }
            else
            {
                link = (int*)Unsafe.AsPointer(ref block.Older);
            }

            record = older;
        }
    }

    /// <summary>Forgets the blocks in a segment that leaves, and what leads there.</summary>
    public void Leave(in SegmentContent segment)
    {
        int* link = null;
        for (int record = _newest; record != 0;)
        {
            ref BlockRecord block = ref segments.Record(record);
            int older = block.Older;
            if (segment.Holds(record))
                Forget(ref block, link);
            else
                link = (int*)Unsafe.AsPointer(ref block.Older);
            record = older;
        }

        UnlinkJumps(segment.Start, segment.End);
    }

    /// <summary>Adds its blocks that can be entered, or can be again once the page is compared, as those of one of its pages.</summary>
    public void List(List<TranslatedBlock> blocks, CodePage page)
    {
        for (int record = _newest; record != 0; record = segments.Record(record).Older)
        {
            ref BlockRecord block = ref segments.Record(record);
            blocks.Add(new TranslatedBlock(page.PhysicalPage, block.Start, block.End, segments.CodeBase + block.Code, block.CodeBytes));
        }
    }

    /// <summary>The bytes that a listed block was made from; null: it is not there any more.</summary>
    public byte[]? SourceOf(in TranslatedBlock listed)
    {
        for (int record = _newest; record != 0; record = segments.Record(record).Older)
        {
            ref BlockRecord block = ref segments.Record(record);
            if (segments.CodeBase + block.Code == listed.HostAddress)
                return block.Start == listed.Start && block.End == listed.End && block.CodeBytes == listed.HostBytes ? segments.Source(record).ToArray() : null;
        }

        return null;
    }

    // link: where the block's record is named, if it is not the newest.
    private void Forget(ref BlockRecord block, int* link)
    {
        block.Unit = -1;
        if (link is null)
            _newest = block.Older;
        else
            *link = block.Older;
    }

    // What lies in the next page is compared whenever it is executed.
    private bool IsMadeFrom(ReadOnlySpan<byte> bytes, int record)
    {
        ReadOnlySpan<byte> source = segments.Source(record);
        int start = segments.Record(record).Start;
        source = source[..Math.Min(source.Length, bytes.Length - start)];
        return bytes.Slice(start, source.Length).SequenceEqual(source);
    }

    private void UnlinkJumps(int start, int end)
    {
        for (int record = _newest; record != 0; record = segments.Record(record).Older)
        {
            ref BlockRecord block = ref segments.Record(record);
            foreach (BlockJump jump in segments.Jumps(record))
            {
                int target = segments.TargetOf(in block, jump);
                if (target >= start && target < end)
                    segments.Unlink(in block, jump);
            }
        }
    }
}
