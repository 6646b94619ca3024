using Strata.Cpu.RiscV;
using Strata.Cpu.Translations;

namespace Strata.Cpu;

/// <summary>A block of translated code: which bytes of a guest-physical page it was made from, and where its machine code is.</summary>
/// <param name="PhysicalPage">The page's guest-physical address.</param>
/// <param name="Start">Offset there of the first guest instruction.</param>
/// <param name="End">Offset there behind the last one: 2 bytes beyond the page, if the only one lies in two pages.</param>
/// <param name="HostAddress">Where the host executes it.</param>
/// <param name="HostBytes">Its length, the cold code behind it included.</param>
public readonly record struct TranslatedBlock(ulong PhysicalPage, int Start, int End, nint HostAddress, int HostBytes);

/// <summary>Where in a block the code of a guest instruction begins.</summary>
/// <param name="PageOffset">The instruction's offset in its page.</param>
/// <param name="HostOffset">The code's offset in the block.</param>
public readonly record struct InstructionMark(int PageOffset, int HostOffset);

/// <summary>The content of a block.</summary>
/// <param name="Block">Which.</param>
/// <param name="Guest">The bytes that it was made from.</param>
/// <param name="Host">The machine code as it is: linked jumps lead where they lead now.</param>
/// <param name="Marks">Where each guest instruction's code begins, in order; empty if that could not be found out.</param>
/// <param name="Entries">Offsets in the code where it can be entered from elsewhere: nothing of what a block has found out holds there.</param>
/// <param name="ColdOffset">Offset in <paramref name="Host"/> of the cold code, which no instruction runs into.</param>
public sealed record BlockContent(TranslatedBlock Block, byte[] Guest, byte[] Host, IReadOnlyList<InstructionMark> Marks, IReadOnlyList<int> Entries, int ColdOffset);

/// <summary>The translated code of a machine as it is looked at from outside. Any thread; harts that run are not disturbed, but those that translate wait.</summary>
public sealed class TranslatedCode
{
    private readonly BlockCache _cache;

    internal TranslatedCode(BlockCache cache) => _cache = cache;

    /// <summary>Grows whenever the oldest part of the code is thrown away; its place is used again.</summary>
    public int Generation => _cache.Generation;

    /// <summary>Whether an address of code that was read in a generation still means the same.</summary>
    public bool HoldsSince(nint address, int generation) => _cache.HoldsSince(address, generation);

    /// <summary>Where blocks are: the first byte, and the size of the whole place.</summary>
    public (nint Address, int SizeBytes) Place => _cache.BlockPlace;

    /// <summary>Bytes of the place that are written, whether or not their blocks can still be entered.</summary>
    public int UsedBytes => _cache.UsedBytes;

    /// <summary>Blocks translated so far, by this and earlier generations.</summary>
    public long TranslationCount => _cache.TranslationCount;

    /// <summary>Offset from rbp, in code of a block, of the doubleword with the virtual address of the page that it executes.</summary>
    public int CurrentPageOffset => _cache.CurrentPageOffset;

    /// <summary>Bytes from rbp on, in code of a block, that are the hart's: the first, and the one behind the last.</summary>
    public (int First, int Behind) StateRange => BlockCache.StateRange;

    /// <summary>Bytes from rsp on, in code of a block, where it holds what must be added to addresses: the first, and the one behind the last.</summary>
    public (int First, int Behind) HeldRange => BlockCache.HeldRange;

    /// <summary>What the stub at an address looks for in the software TLB, if it is one of those: the table, and how many bytes. It answers "not equal", and their place in rax.</summary>
    public (int Table, int Bytes)? FindAt(nint address) => _cache.FindAt(address);

    /// <summary>The tables read, write, fetch and code of the software TLB: where they begin from r15 on, how many entries each has; and from an entry to its record.</summary>
    public (int Distance, int Entries, int RecordDistance) TlbLayout => _cache.TlbLayout;

    /// <summary>Whether a stub that blocks may go to begins at an address.</summary>
    public bool IsStub(nint address) => _cache.IsStub(address);

    /// <summary>Which register of the host holds which of the guest's, in all code alike.</summary>
    public IReadOnlyList<(string Host, string Guest)> Registers =>
        [.. _cache.Pinned.Select(pair => (pair.Register, SlotName(pair.Slot)))];

    /// <summary>The register of the host that holds a slot in all code alike, if one does.</summary>
    internal string? HostOf(int slot) => _cache.Pinned.Where(pair => pair.Slot == slot).Select(pair => pair.Register).FirstOrDefault();

    /// <summary>All blocks that can be entered, or can be again once their page was compared with what was translated; in no order. What several pages share is listed for one of them.</summary>
    public IReadOnlyList<TranslatedBlock> List() => _cache.List();

    /// <summary>The blocks of one page.</summary>
    public IReadOnlyList<TranslatedBlock> List(ulong physicalPage) => _cache.List(physicalPage);

    /// <summary>What is in a block; null if it has gone since it was listed.</summary>
    public BlockContent? Read(in TranslatedBlock block) => _cache.Read(in block);

    /// <summary>What the code at an address outside all blocks is for: one of the stubs around them; null if it is none.</summary>
    public string? StubAt(nint address) => _cache.StubAt(address);

    /// <summary>What is at a displacement from rbp, in code of a block: a guest register, or a field of the hart's state; null if it has no name.</summary>
    public string? FieldAt(int displacement) =>
        _cache.FieldAt(displacement) ?? (BlockCache.SlotAt(displacement) is { } slot and < 64 ? SlotName(slot) : null);

    private static string SlotName(int slot) => slot < 32 ? RegisterNames.Integer[slot] : RegisterNames.Float[slot - 32];
}
