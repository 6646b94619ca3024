using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Strata.Cpu.X64;
using Strata.Host;

namespace Strata.Cpu.Translations;

/// <summary>The memory of a code cache: stubs, then segments that are filled and emptied in turn, each with its blocks' code and what is known of them.</summary>
/// <remarks>
/// <code>
///   segment   │ code of block 0 │ code of block 1 │ …►     ◄… │ record 1 │ record 0 │
///   record    │ bytes that it was made from │ jumps │ BlockRecord │
///
///            Open (the next, when this one has no room)        Empty (a grace period after its blocks were withdrawn)
///   empty ──────────────► open ──────────► full ──► leaving ──────────► empty
/// </code>
/// What is known of a block leaves with it, so nothing outlives its code and nothing has to be counted. Guarded by the lock of <see cref="BlockCache"/>.
/// </remarks>
internal sealed unsafe class CodeSegments : IDisposable
{
    /// <summary>So that <see cref="BlockRecord"/> and the number of a jump fit into a word: see <see cref="JumpNumber"/>.</summary>
    public const int MostBytes = 64 << 20;

    private const int LeastSegmentBytes = 30 << 10;
    private const int MostSegments = 16;
    private const int MostBlockBytes = 60 << 10;
    private const int CodeAlignment = 16;

    private readonly ExecutableMemory _memory;
    private Segment[] _segments = [];
    private int _open;

    /// <param name="sizeBytes">Of everything, stubs included.</param>
    public CodeSegments(int sizeBytes) => _memory = new ExecutableMemory(sizeBytes);

    private enum Phase
    {
        Empty,
        Open,
        Full,
        Leaving,
    }

    /// <summary>Where code is executed; below 4 GiB.</summary>
    public nint CodeBase => _memory.ExecutableAddress;

    /// <summary>Where it is written.</summary>
    public byte* Writable => (byte*)_memory.WritableAddress;

    /// <summary>Offset behind the stubs.</summary>
    public int Start => _segments[0].Start;

    /// <summary>Bytes of everything.</summary>
    public int SizeBytes => _memory.SizeBytes;

    /// <summary>Bytes of code in all segments.</summary>
    public int UsedBytes => _segments.Sum(segment => segment.CodeEnd - segment.Start);

    /// <summary>Nothing is in the segment that is being filled.</summary>
    public bool IsOpenEmpty => Open.CodeEnd == Open.Start && Open.Records == Open.End;

    /// <summary>Where the next block's code begins.</summary>
    public int NextCode => Open.CodeEnd;

    /// <summary>Where the next block's record will be.</summary>
    public int NextRecord => Open.Records - sizeof(BlockRecord);

    private ref Segment Open => ref _segments[_open];

    /// <summary>Divides what the stubs have left.</summary>
    public void Divide(int stubBytes)
    {
        int first = (stubBytes + 63) & ~63;
        int room = _memory.SizeBytes - first;
        int count = Math.Clamp(room / LeastSegmentBytes, 2, MostSegments);
        int each = room / count & ~63;
        _segments = new Segment[count];
        for (int i = 0; i < count; i++)
            _segments[i] = Segment.Fresh(first + (i * each), first + ((i + 1) * each), 0);
        Open.Phase = Phase.Open;
    }

    /// <summary>The record of a block.</summary>
    public ref BlockRecord Record(int record)
    {
        // SAFETY: records are made by Commit and known by their offsets only, which lie in a segment.
        return ref Unsafe.AsRef<BlockRecord>(Writable + record);
    }

    /// <summary>The jumps of a block.</summary>
    public ReadOnlySpan<BlockJump> Jumps(int record)
    {
        int count = Record(record).JumpCount;

        // SAFETY: as many were written by Commit right before the record.
        return new ReadOnlySpan<BlockJump>(Writable + record - (count * sizeof(BlockJump)), count);
    }

    /// <summary>The bytes of the guest that a block was made from.</summary>
    public ReadOnlySpan<byte> Source(int record)
    {
        ref BlockRecord block = ref Record(record);
        int length = block.End - block.Start;

        // SAFETY: as many were written by Commit right before the jumps.
        return new ReadOnlySpan<byte>(Writable + record - (block.JumpCount * sizeof(BlockJump)) - length, length);
    }

    /// <summary>Bytes that the next block's code may have, if what is known of it takes <paramref name="recordBytes"/>.</summary>
    public int Room(int recordBytes) => Math.Min(Open.Records - recordBytes - Open.CodeEnd, MostBlockBytes);

    /// <summary>What is known of a block takes.</summary>
    public static int RecordBytes(int sourceBytes, int jumps) => (sizeof(BlockRecord) + (jumps * sizeof(BlockJump)) + sourceBytes + 3) & ~3;

    /// <summary>Keeps the block that was written at <see cref="NextCode"/>.</summary>
    /// <param name="block">All but the record's size.</param>
    /// <param name="source">The bytes that it was made from.</param>
    /// <param name="jumps">Its jumps inside the page.</param>
    public void Commit(BlockRecord block, ReadOnlySpan<byte> source, ReadOnlySpan<BlockJump> jumps)
    {
        int record = NextRecord;
        int size = RecordBytes(source.Length, jumps.Length);
        block.RecordBytes = (ushort)size;
        block.JumpCount = (ushort)jumps.Length;
        Record(record) = block;
        byte* place = Writable + record - (jumps.Length * sizeof(BlockJump));

        // SAFETY: the caller has seen by Room that record and code do not meet.
        jumps.CopyTo(new Span<BlockJump>(place, jumps.Length));
        source.CopyTo(new Span<byte>(place - source.Length, source.Length));
        Open.Records -= size;
        Open.CodeEnd = Math.Min((block.Code + block.CodeBytes + CodeAlignment - 1) & ~(CodeAlignment - 1), Open.Records);
    }

    /// <summary>Has a jump lead to the code that asks where it leads.</summary>
    public void Unlink(in BlockRecord block, BlockJump jump) =>
        Assembler.PatchRel32(Writable, block.Code + jump.Displacement, block.Code + jump.Cold);

    /// <summary>Where a jump leads now.</summary>
    public int TargetOf(in BlockRecord block, BlockJump jump)
    {
        int displacement = block.Code + jump.Displacement;

        // SAFETY: inside the block's code.
        return displacement + 4 + Unsafe.ReadUnaligned<int>(Writable + displacement);
    }

    /// <summary>Goes on in the next segment, if it is empty.</summary>
    public bool Advance()
    {
        int next = (_open + 1) % _segments.Length;
        if (_segments[next].Phase != Phase.Empty)
            return false;
        Open.Phase = Phase.Full;
        _open = next;
        Open.Phase = Phase.Open;
        return true;
    }

    /// <summary>The segment that is needed next begins to leave, if there is something in it.</summary>
    /// <param name="leaving">What is in it; nothing, if not.</param>
    public bool BeginToLeave(out SegmentContent leaving)
    {
        ref Segment next = ref _segments[(_open + 1) % _segments.Length];
        leaving = default;
        if (next.Phase != Phase.Full)
            return false;
        leaving = new SegmentContent(next.Start, next.End, next.Records);
        next.Phase = Phase.Leaving;
        return true;
    }

    /// <summary>Whether what is at an offset now is what was there in a generation of the cache.</summary>
    public bool HoldsSince(int offset, int generation) =>
        Array.Exists(_segments, segment => offset >= segment.Start && offset < segment.End && segment.EmptiedIn <= generation);

    /// <summary>Nobody executes what was in a segment any more.</summary>
    /// <param name="left">What was in it.</param>
    /// <param name="generation">The cache's that begins.</param>
    public void Empty(in SegmentContent left, int generation)
    {
        for (int i = 0; i < _segments.Length; i++)
        {
            if (_segments[i].Start == left.Start)
                _segments[i] = Segment.Fresh(left.Start, left.End, generation);
        }
    }

    /// <summary>The first record of a segment, or 0.</summary>
    public static int FirstRecord(in SegmentContent segment) => segment.Records == segment.End ? 0 : segment.End - sizeof(BlockRecord);

    /// <summary>The record after another one, or 0.</summary>
    public int RecordAfter(in SegmentContent segment, int record)
    {
        int next = record - Record(record).RecordBytes;
        return next < segment.Records ? 0 : next;
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    // Offsets in the memory.
    private record struct Segment(int Start, int End, int CodeEnd, int Records, Phase Phase, int EmptiedIn)
    {
        public static Segment Fresh(int start, int end, int generation) => new(start, end, start, end, Phase.Empty, generation);
    }
}

/// <summary>What lies in a segment: offsets of its start and end, and of the last record.</summary>
internal readonly record struct SegmentContent(int Start, int End, int Records)
{
    /// <summary>Whether code or a record lies in it.</summary>
    public bool Holds(int offset) => offset >= Start && offset < End;
}

/// <summary>What is known of a block; the jumps and the bytes lie in front of it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BlockRecord
{
    /// <summary>The unit's block before this one, 0 for none.</summary>
    public int Older;

    /// <summary>Number of the unit; negative: the block is not the unit's any more.</summary>
    public int Unit;

    /// <summary>Offset of its code, and the length of that.</summary>
    public int Code;
    public int CodeBytes;

    /// <summary>The guest's bytes [Start, End) of the page.</summary>
    public ushort Start;
    public ushort End;
    public ushort JumpCount;

    /// <summary>Of everything that is known of the block.</summary>
    public ushort RecordBytes;

    /// <summary>Whether it was made from any of the bytes [start, end) of the page.</summary>
    public readonly bool Overlaps(int start, int end) => Start < end && End > start;
}

/// <summary>A jump inside the page, both places as offsets in the block's code.</summary>
/// <param name="Displacement">The four bytes.</param>
/// <param name="Cold">The code that asks where it leads.</param>
internal readonly record struct BlockJump(ushort Displacement, ushort Cold);

/// <summary>How emitted code names one of its jumps: offset of the block's record divided by four in bits 31:8, index of the jump in bits 7:0.</summary>
internal readonly record struct JumpNumber(int Bits)
{
    public JumpNumber(int record, int index) : this((record << 6) | index)
    {
    }

    public int Record => (Bits >>> 8) << 2;

    public int Index => Bits & 0xff;
}
