using System.Buffers.Binary;
using System.Text;

namespace Strata.Machines.Tests.Boot;

/// <summary>A reader of flattened device trees (Devicetree specification 0.4, chapter 5) that owes nothing to the writer: path of a node to its properties.</summary>
internal sealed class FlatTree
{
    private readonly byte[] _blob;
    private readonly int _strings;

    public FlatTree(byte[] blob)
    {
        _blob = blob;
        Assert.Equal(0xd00dfeed, Cell(0));
        Assert.Equal((uint)blob.Length, Cell(4));
        int structure = (int)Cell(8);
        _strings = (int)Cell(12);
        Assert.Equal((17u, 16u), (Cell(20), Cell(24)));
        Assert.Equal(0, structure % 4);
        Assert.Equal(0u, Cell(16) % 8);
        Assert.True(structure + Cell(36) <= blob.Length && _strings + Cell(32) <= blob.Length);
        for (int at = (int)Cell(16); BinaryPrimitives.ReadUInt64BigEndian(blob.AsSpan(at)) != 0 || BinaryPrimitives.ReadUInt64BigEndian(blob.AsSpan(at + 8)) != 0; at += 16)
            Reservations++;
        int next = structure;
        ReadNode(ref next, "");
        Assert.Equal(9u, Cell(next));
        Assert.Equal(structure + (int)Cell(36), next + 4);
    }

    public int Reservations { get; }

    public Dictionary<string, Dictionary<string, byte[]>> Nodes { get; } = new(StringComparer.Ordinal);

    public string[] Strings(string path, string property) => Encoding.ASCII.GetString(Nodes[path][property]).TrimEnd('\0').Split('\0');

    public uint[] Cells(string path, string property)
    {
        byte[] value = Nodes[path][property];
        uint[] cells = new uint[value.Length / 4];
        for (int i = 0; i < cells.Length; i++)
            cells[i] = BinaryPrimitives.ReadUInt32BigEndian(value.AsSpan(i * 4));
        return cells;
    }

    /// <summary>The node with a phandle.</summary>
    public string ByHandle(uint handle) =>
        Assert.Single(Nodes.Keys, path => Nodes[path].ContainsKey("phandle") && Cells(path, "phandle")[0] == handle);

    private uint Cell(int offset) => BinaryPrimitives.ReadUInt32BigEndian(_blob.AsSpan(offset));

    private string Text(int offset, out int length)
    {
        length = _blob.AsSpan(offset).IndexOf((byte)0);
        return Encoding.ASCII.GetString(_blob, offset, length);
    }

    private void ReadNode(ref int at, string parent)
    {
        Assert.Equal(1u, Cell(at));
        string name = Text(at + 4, out int length);
        string path = parent + (name.Length == 0 ? "/" : parent == "/" ? name : "/" + name);
        at = (at + 4 + length + 1 + 3) & ~3;
        Dictionary<string, byte[]> properties = new(StringComparer.Ordinal);
        Nodes.Add(path, properties);
        while (true)
        {
            switch (Cell(at))
            {
                case 1:
                    ReadNode(ref at, path);
                    break;
                case 2:
                    at += 4;
                    return;
                case 3:
                    int size = (int)Cell(at + 4);
                    properties.Add(Text(_strings + (int)Cell(at + 8), out _), _blob.AsSpan(at + 12, size).ToArray());
                    at = (at + 12 + size + 3) & ~3;
                    break;
                case 4:
                    at += 4;
                    break;
                default:
                    Assert.Fail($"token {Cell(at)} at {at}");
                    break;
            }
        }
    }
}
