using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Strata.Guest.State;

/// <summary>Writes saved state: little-endian, tagged, canonical (equal states give equal bytes, because the bytes are hashed).</summary>
/// <remarks>Format: a section is a tag (length byte and ASCII name), a version (u16), a length (u32) and that many bytes; sections nest. Unstable so far.</remarks>
public sealed class StateWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new(4096);

    /// <summary>What was written so far.</summary>
    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    /// <summary>Writes a section whose content <paramref name="content"/> writes.</summary>
    public void Section(string tag, ushort version, Action<StateWriter> content)
    {
        StateWriter inner = new();
        content(inner);
        U8((byte)tag.Length);
        Raw(Encoding.ASCII.GetBytes(tag));
        U16(version);
        Bytes(inner.Written);
    }

    /// <summary>Writes one byte.</summary>
    public void U8(byte value)
    {
        _buffer.GetSpan(1)[0] = value;
        _buffer.Advance(1);
    }

    /// <summary>Writes a boolean as one byte.</summary>
    public void Bool(bool value) => U8(value ? (byte)1 : (byte)0);

    /// <summary>Writes two bytes.</summary>
    public void U16(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.GetSpan(2), value);
        _buffer.Advance(2);
    }

    /// <summary>Writes four bytes.</summary>
    public void U32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.GetSpan(4), value);
        _buffer.Advance(4);
    }

    /// <summary>Writes eight bytes.</summary>
    public void U64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_buffer.GetSpan(8), value);
        _buffer.Advance(8);
    }

    /// <summary>Writes a length (u32) and the bytes.</summary>
    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        U32((uint)bytes.Length);
        Raw(bytes);
    }

    private void Raw(ReadOnlySpan<byte> bytes) => _buffer.Write(bytes);
}
