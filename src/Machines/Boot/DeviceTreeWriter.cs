using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Strata.Machines.Boot;

/// <summary>Writes a flattened device tree (Devicetree specification 0.4, chapter 5).</summary>
public sealed class DeviceTreeWriter
{
    private const uint Magic = 0xd00dfeed;
    private const uint BeginNode = 1;
    private const uint EndNode = 2;
    private const uint Property = 3;
    private const uint EndTree = 9;
    private const int HeaderSize = 40;

    private readonly ArrayBufferWriter<byte> _structure = new();
    private readonly ArrayBufferWriter<byte> _strings = new();
    private readonly Dictionary<string, uint> _stringOffsets = new(StringComparer.Ordinal);
    private uint _nextHandle = 1;

    /// <summary>A number that no other node of this tree has, for its <c>phandle</c>.</summary>
    public uint NewHandle() => _nextHandle++;

    /// <summary>Writes a node and what <paramref name="content"/> puts in it.</summary>
    public void Node(string name, Action content)
    {
        Cell(BeginNode);
        Text(_structure, name);
        Align();
        content();
        Cell(EndNode);
    }

    /// <summary>A property of 32-bit cells; without cells an empty one.</summary>
    public void Cells(string name, params ReadOnlySpan<uint> cells)
    {
        byte[] value = new byte[cells.Length * sizeof(uint)];
        for (int i = 0; i < cells.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(value.AsSpan(i * sizeof(uint)), cells[i]);
        Bytes(name, value);
    }

    /// <summary>A <c>reg</c>-like property of 64-bit numbers, two cells each.</summary>
    public void Wide(string name, params ReadOnlySpan<ulong> values)
    {
        uint[] cells = new uint[values.Length * 2];
        for (int i = 0; i < values.Length; i++)
        {
            cells[2 * i] = (uint)(values[i] >> 32);
            cells[(2 * i) + 1] = (uint)values[i];
        }

        Cells(name, cells);
    }

    /// <summary>A property of strings.</summary>
    public void Strings(string name, params ReadOnlySpan<string> values)
    {
        ArrayBufferWriter<byte> value = new();
        foreach (string text in values)
            Text(value, text);
        Bytes(name, value.WrittenSpan);
    }

    /// <summary>A property of bytes.</summary>
    public void Bytes(string name, ReadOnlySpan<byte> value)
    {
        Cell(Property);
        Cell((uint)value.Length);
        Cell(StringOffset(name));
        _structure.Write(value);
        Align();
    }

    /// <summary>The whole tree as a blob.</summary>
    public byte[] ToArray()
    {
        Cell(EndTree);
        const int ReservationsSize = 16;
        int structureOffset = HeaderSize + ReservationsSize;
        int stringsOffset = structureOffset + _structure.WrittenCount;
        byte[] blob = new byte[(stringsOffset + _strings.WrittenCount + 7) & ~7];
        ReadOnlySpan<uint> header =
        [
            Magic, (uint)blob.Length, (uint)structureOffset, (uint)stringsOffset, HeaderSize, 17, 16, 0, (uint)_strings.WrittenCount, (uint)_structure.WrittenCount,
        ];
        for (int i = 0; i < header.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(blob.AsSpan(i * sizeof(uint)), header[i]);
        _structure.WrittenSpan.CopyTo(blob.AsSpan(structureOffset));
        _strings.WrittenSpan.CopyTo(blob.AsSpan(stringsOffset));
        return blob;
    }

    private static void Text(ArrayBufferWriter<byte> stream, string text)
    {
        stream.Write(Encoding.UTF8.GetBytes(text));
        stream.Write("\0"u8);
    }

    private uint StringOffset(string name)
    {
        if (!_stringOffsets.TryGetValue(name, out uint offset))
        {
            offset = (uint)_strings.WrittenCount;
            _stringOffsets.Add(name, offset);
            Text(_strings, name);
        }

        return offset;
    }

    private void Cell(uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        _structure.Write(bytes);
    }

    private void Align()
    {
        while (_structure.WrittenCount % sizeof(uint) != 0)
            _structure.Write("\0"u8);
    }
}
