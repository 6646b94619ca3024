using Strata.Cpu.Translations.Ir;

namespace Strata.Cpu.X64;

/// <summary>Which loads and stores of a block share one look-up of a page.</summary>
/// <remarks>
/// <code>
///   ld   a6,16(a1)       looks a1+16 to a1+56 up; the page's addend is held
///   addi a3,a5,24
///   sd   a4,0(a0)        looks a5+16 to a5+48 up (a0 was found to be a5+16): another addend
///   ld   a4,24(a1)       the first page again
///   sd   a6,0(a3)        the second
/// </code>
/// Addresses are compared as values: the register that a number came from, and a constant. Accesses of one group lie in one page if the bytes from the lowest to
/// the highest do, which the first of them finds out. Where they rely on what was computed in front of the first, the block cannot be entered in between. A run
/// is what lies between the first and the last access of groups that overlap: nothing in it calls the monitor or polls; it may be left by a branch, but nothing
/// leads into it.
/// </remarks>
internal sealed class PageSharing
{
    /// <summary>Groups that can be open at a time: one in a register, the others in memory.</summary>
    public const int Holders = 5;

    // A longer group would more often lie in two pages.
    private const int MostBytes = 512;

    private const int Capacity = IrBlock.MaximumInstructions + 1;
    private const int Registers = 32;
    private const byte NoGroup = 255;
    private const byte Never = 255;

    // Values: zero, the page's address, what registers held at the start; then whatever was computed.
    private const short ZeroRoot = 0;
    private const short PageRoot = 1;
    private const short FirstRoot = 2;

    private readonly Group[] _groups = new Group[Capacity];
    private readonly byte[] _groupOf = new byte[Capacity];
    private readonly byte[] _endOfRun = new byte[Capacity];
    private readonly short[] _roots = new short[Registers];
    private readonly short[] _ownRoots = new short[Registers];
    private readonly long[] _distances = new long[Registers];

    // The instruction that related a register to the one that its root stands for; and how often it was written.
    private readonly byte[] _since = new byte[Registers];
    private readonly byte[] _writes = new byte[Registers];
    private readonly byte[] _order = new byte[Capacity];
    private readonly byte _pageSlot;
    private readonly Comparison<byte> _mostFirst;
    private int _groupCount;
    private int _firstOfSegment;
    private int _branches;
    private short _nextRoot;

    /// <param name="pageSlot">Where the address of the page that is executed lies.</param>
    public PageSharing(byte pageSlot)
    {
        _pageSlot = pageSlot;
        for (int r = 0; r < Registers; r++)
            _ownRoots[r] = r == IrSlot.Zero ? ZeroRoot : (short)(FirstRoot + r);
        _mostFirst = (a, b) => _groups[b].Count != _groups[a].Count ? _groups[b].Count - _groups[a].Count : a - b;
    }

    /// <summary>Accesses that share a look-up.</summary>
    public struct Group
    {
        /// <summary>Number of the instruction that looks up.</summary>
        public byte First;

        /// <summary>Number of the last.</summary>
        public byte Last;

        /// <summary>How many they are.</summary>
        public byte Count;

        /// <summary>Where the addend is held: 0 is the register.</summary>
        public byte Holder;

        /// <summary>A store is among them.</summary>
        public bool HasStores;

        /// <summary>All have the same base register, and nobody writes it in between.</summary>
        public bool HasOneBase;

        /// <summary>The lowest byte, from the first access's address on.</summary>
        public long Low;

        /// <summary>Behind the highest byte.</summary>
        public long High;

        internal short Root;
        internal byte Base;
        internal byte BaseWrites;
        internal byte Since;
        internal int Branches;
        internal long Distance;
    }

    /// <summary>Looks at a block as it is planned.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="count">Its instructions.</param>
    /// <param name="firstFloat">The first of them that needs the guest's floating point, which may be loaded in front of a run, but not in it.</param>
    public void Make(BlockPlan plan, int count, int firstFloat)
    {
        _groupOf.AsSpan(0, count).Fill(NoGroup);
        _endOfRun.AsSpan(0, count).Clear();
        _groupCount = 0;
        BeginSegment();
        for (int n = 0; n < count; n++)
        {
            ref readonly IrInstruction i = ref plan[n];
            bool isBranch = IrEffects.IsBranch(i.Opcode);
            if (plan.IsTarget(n) || n == firstFloat || !(isBranch || BlockEmitter.LeavesRdx(i.Opcode)))
            {
                EndSegment(plan);
                BeginSegment();
            }

            if (IrEffects.Accesses(i.Opcode))
                Add(n, in i);
            if (isBranch)
                _branches++;
            else if (i.Destination is > IrSlot.Zero and < Registers)
                Write(n, in i);
        }

        EndSegment(plan);
    }

    /// <summary>Whether a run begins at an instruction.</summary>
    /// <param name="n">Its number.</param>
    /// <param name="last">The number of the run's last instruction.</param>
    public bool BeginsRun(int n, out int last)
    {
        last = _endOfRun[n];
        return last != 0;
    }

    /// <summary>The group of an access, if it shares its look-up.</summary>
    public bool IsShared(int n, out Group group)
    {
        byte number = _groupOf[n];
        group = number == NoGroup ? default : _groups[number];
        return number != NoGroup;
    }

    private void BeginSegment()
    {
        _firstOfSegment = _groupCount;
        _branches = 0;
        _ownRoots.CopyTo(_roots, 0);
        _distances.AsSpan().Clear();
        _since.AsSpan().Fill(Never);
        _writes.AsSpan().Clear();
        _nextRoot = FirstRoot + Registers;
    }

    // What the instruction's destination holds from here on.
    private void Write(int n, in IrInstruction i)
    {
        byte d = i.Destination;
        _writes[d]++;
        if (i.Opcode == IrOpcode.Add && i.Right == IrSlot.Immediate && i.Left < Registers)
        {
            _since[d] = Math.Min(_since[i.Left], (byte)n);
            _distances[d] = _distances[i.Left] + i.Immediate;
            _roots[d] = _roots[i.Left];
        }
        else
        {
            _since[d] = Never;
            _distances[d] = 0;
            _roots[d] = _nextRoot++;
        }
    }

    private void Add(int n, in IrInstruction i)
    {
        bool isPage = i.Left == _pageSlot;
        short root = isPage ? PageRoot : _roots[i.Left];
        byte since = isPage ? Never : _since[i.Left];
        byte writes = isPage ? (byte)0 : _writes[i.Left];
        long distance = (isPage ? 0 : _distances[i.Left]) + i.Immediate;
        int bytes = 1 << IrEffects.SizeLog(in i);
        bool isStore = IrEffects.Stores(i.Opcode);
        for (int g = _groupCount - 1; g >= _firstOfSegment; g--)
        {
            ref Group group = ref _groups[g];
            if (group.Root != root)
                continue;
            long low = Math.Min(group.Low, distance - group.Distance);
            long high = Math.Max(group.High, distance - group.Distance + bytes);

            // A store that may not be executed asks for no page to store to.
            if (high - low > MostBytes || (isStore && !group.HasStores && group.Branches != _branches))
                continue;
            group.Low = low;
            group.High = high;
            group.Last = (byte)n;
            group.Count++;
            group.HasStores |= isStore;
            group.Since = Math.Min(group.Since, since);
            group.HasOneBase &= i.Left == group.Base && writes == group.BaseWrites;
            _groupOf[n] = (byte)g;
            return;
        }

        _groupOf[n] = (byte)_groupCount;
        _groups[_groupCount++] = new Group
        {
            First = (byte)n,
            Last = (byte)n,
            Count = 1,
            HasStores = isStore,
            HasOneBase = true,
            High = bytes,
            Root = root,
            Base = i.Left,
            BaseWrites = writes,
            Since = since,
            Branches = _branches,
            Distance = distance,
        };
    }

    // Those that save most, as long as there are holders; then what they span.
    private void EndSegment(BlockPlan plan)
    {
        if (_groupCount == _firstOfSegment)
            return;
        int candidates = 0;
        for (int g = _firstOfSegment; g < _groupCount; g++)
        {
            if (_groups[g].Count > 1)
                _order[candidates++] = (byte)g;
        }

        Span<byte> order = _order.AsSpan(0, candidates);
        order.Sort(_mostFirst);
        int held = 0;
        foreach (byte g in order)
        {
            if (FindHolder(ref _groups[g], order[..held]))
                order[held++] = g;
            else
                _groups[g].Count = 1;
        }

        for (int g = _firstOfSegment; g < _groupCount; g++)
        {
            if (_groups[g].Count == 1)
                Drop(g);
        }

        order = order[..held];
        foreach (byte g in order)
        {
            ref readonly Group group = ref _groups[g];
            if (!group.HasOneBase && group.Since < group.First)
                plan.Enclose(group.Since, group.First);
        }

        order.Sort();
        for (int k = 0; k < order.Length;)
        {
            int first = _groups[order[k]].First;
            int last = _groups[order[k]].Last;
            for (k++; k < order.Length && _groups[order[k]].First < last; k++)
                last = Math.Max(last, _groups[order[k]].Last);
            _endOfRun[first] = (byte)last;
        }
    }

    private bool FindHolder(ref Group group, ReadOnlySpan<byte> held)
    {
        for (byte holder = 0; holder < Holders; holder++)
        {
            bool isFree = true;
            foreach (byte other in held)
                isFree &= _groups[other].Holder != holder || _groups[other].First > group.Last || _groups[other].Last < group.First;
            if (isFree)
            {
                group.Holder = holder;
                return true;
            }
        }

        return false;
    }

    private void Drop(int group)
    {
        for (int n = _groups[group].First; n <= _groups[group].Last; n++)
        {
            if (_groupOf[n] == group)
                _groupOf[n] = NoGroup;
        }
    }
}
