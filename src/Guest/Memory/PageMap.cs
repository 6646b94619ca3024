using System.Runtime.CompilerServices;

namespace Strata.Guest.Memory;

/// <summary>What a guest page is at present.</summary>
public enum PageState : byte
{
    /// <summary>Not RAM.</summary>
    None,

    /// <summary>RAM never written: reads as zero and shares the zero frame.</summary>
    Zero,

    /// <summary>RAM in a frame of this machine alone.</summary>
    Private,

    /// <summary>RAM in a frame that other page maps use too: copied on the first write.</summary>
    Shared,

    /// <summary>RAM whose frame is being replaced: nobody gets it until the grace period is over.</summary>
    Pending,
}

/// <summary>An entry of the page map.</summary>
/// <param name="State">What the page is.</param>
/// <param name="Frame">Its frame, for every state but <see cref="PageState.None"/>.</param>
public readonly record struct PageEntry(PageState State, uint Frame)
{
    internal ulong Packed => ((ulong)Frame << 8) | (byte)State;

    internal static PageEntry Unpack(ulong packed) => new((PageState)(byte)packed, (uint)(packed >> 8));
}

/// <summary>
/// From guest-physical page numbers to frames: a radix tree with 64-way nodes. A published tree is immutable: snapshots and branches share it, and a map
/// copies the path to what it changes, once; nodes that it made itself it changes in place.
/// </summary>
/// <remarks>Writers hold the lock of the owning <see cref="GuestMemory"/>; readers need none: an entry is one word.</remarks>
public sealed class PageMap
{
    private const int BitsPerLevel = 6;
    private const int Ways = 1 << BitsPerLevel;

    private readonly int _levels;

    // Nodes with this owner are this map's own; replaced when the tree is shared. Changed only by the writer.
    private object _owner = new();
    private volatile Node _root;

    /// <summary>Makes a map without RAM for page numbers below <paramref name="pageCount"/>.</summary>
    public PageMap(ulong pageCount)
    {
        _levels = 1;
        while (_levels * BitsPerLevel < 64 && (pageCount - 1) >> (_levels * BitsPerLevel) != 0)
            _levels++;
        _root = NewNode(_levels - 1);
    }

    private PageMap(PageMap parent)
    {
        _levels = parent._levels;
        _root = parent._root;
    }

    /// <summary>Reads the entry of a page; pages beyond the map are <see cref="PageState.None"/>.</summary>
    public PageEntry this[ulong page]
    {
        get
        {
            if (_levels * BitsPerLevel < 64 && page >> (_levels * BitsPerLevel) != 0)
                return default;
            Node? node = _root;
            for (int level = _levels - 1; level > 0; level--)
            {
                node = Volatile.Read(ref node.Child(page, level));
                if (node is null)
                    return default;
            }

            return PageEntry.Unpack(Volatile.Read(ref node.Entry(page)));
        }
    }

    /// <summary>Writes the entry of a page, copying shared nodes on the way. The page must lie within the map.</summary>
    public void Set(ulong page, PageEntry entry)
    {
        Node node = _root = Own(_root);
        for (int level = _levels - 1; level > 0; level--)
        {
            ref Node? child = ref node.Child(page, level);
            Node next = child is null ? NewNode(level - 1) : Own(child);
            Volatile.Write(ref child, next);
            node = next;
        }

        Volatile.Write(ref node.Entry(page), entry.Packed);
    }

    /// <summary>Writes the same entry to <paramref name="count"/> pages from <paramref name="first"/> on; equal subtrees are one node, copied when a page in
    /// them is written. Only before anybody reads the map.</summary>
    public void SetRange(ulong first, ulong count, PageEntry entry)
    {
        Node[] uniform = new Node[_levels];
        object nobody = new();
        uniform[0] = new Leaf(nobody, entry.Packed);
        for (int level = 1; level < _levels; level++)
            uniform[level] = new Branch(nobody, uniform[level - 1]);

        _root = Own(_root);
        SetRange(_root, _levels - 1, 0, first, first + count, uniform);
    }

    /// <summary>Answers a second map with the same content; from now on each of the two copies what it changes.</summary>
    public PageMap Share()
    {
        _owner = new object();
        return new PageMap(this);
    }

    private static int Index(ulong page, int level) => (int)(page >> (level * BitsPerLevel)) & (Ways - 1);

    private void SetRange(Node node, int level, ulong start, ulong first, ulong end, Node[] uniform)
    {
        ulong pages = 1UL << (level * BitsPerLevel);
        for (int i = 0; i < Ways; i++, start += pages)
        {
            if (start >= end || start + pages <= first)
                continue;
            if (level == 0)
            {
                node.Entry((ulong)i) = uniform[0].Entry((ulong)i);
                continue;
            }

            ref Node? child = ref node.Child((ulong)i << (level * BitsPerLevel), level);
            if (start >= first && start + pages <= end)
            {
                child = uniform[level - 1];
                continue;
            }

            child = child is null ? NewNode(level - 1) : Own(child);
            SetRange(child, level - 1, start, first, end, uniform);
        }
    }

    private Node NewNode(int level) => level > 0 ? new Branch(_owner, null) : new Leaf(_owner, 0);

    private Node Own(Node node) => ReferenceEquals(node.Owner, _owner) ? node : node.CopyFor(_owner);

    // What is looked up lies in the node itself: every walk of the guest's page tables ends here, and each step costs one dependent load.
    private abstract class Node(object owner)
    {
        public object Owner { get; } = owner;

        // Of a node above the last level. Which class a node is of, its level says: it is not asked.
        public ref Node? Child(ulong page, int level) => ref Unsafe.As<Branch>(this).Children[Index(page, level)];

        // Of a node of the last level.
        public ref ulong Entry(ulong page) => ref Unsafe.As<Leaf>(this).Entries[Index(page, 0)];

        public abstract Node CopyFor(object owner);
    }

    private sealed class Branch : Node
    {
        public ChildNodes Children;

        public Branch(object owner, Node? child)
            : base(owner) => ((Span<Node?>)Children).Fill(child);

        private Branch(object owner, in ChildNodes children)
            : base(owner) => Children = children;

        public override Node CopyFor(object owner) => new Branch(owner, in Children);
    }

    private sealed class Leaf : Node
    {
        public PackedEntries Entries;

        public Leaf(object owner, ulong entry)
            : base(owner) => ((Span<ulong>)Entries).Fill(entry);

        private Leaf(object owner, in PackedEntries entries)
            : base(owner) => Entries = entries;

        public override Node CopyFor(object owner) => new Leaf(owner, in Entries);
    }

    [InlineArray(Ways)]
    private struct ChildNodes
    {
        private Node? _first;
    }

    [InlineArray(Ways)]
    private struct PackedEntries
    {
        private ulong _first;
    }
}
