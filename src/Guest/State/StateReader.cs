using System.Buffers.Binary;
using System.Text;

namespace Strata.Guest.State;

/// <summary>Reads what <see cref="StateWriter"/> wrote; every read is checked, because a saved state may come from anyone.</summary>
public ref struct StateReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>True when everything was read.</summary>
    public readonly bool IsAtEnd => _rest.IsEmpty;

    /// <summary>Enters the section <paramref name="tag"/>, which must come next, and answers a reader of its content.</summary>
    /// <exception cref="InvalidStateException">Another section comes next, or its version is not <paramref name="version"/>.</exception>
    public StateReader Section(string tag, ushort version)
    {
        string found = Encoding.ASCII.GetString(Take(U8()));
        if (found != tag)
            throw new InvalidStateException($"saved state holds section '{Printable(found)}' where '{tag}' was expected");
        ushort foundVersion = U16();
        if (foundVersion != version)
            throw new InvalidStateException($"section '{tag}' of the saved state has version {foundVersion}, not {version}");
        return new StateReader(Bytes());
    }

    /// <summary>Reads one byte.</summary>
    public byte U8() => Take(1)[0];

    /// <summary>Reads a boolean.</summary>
    public bool Bool() => U8() switch
    {
        0 => false,
        1 => true,
        byte other => throw new InvalidStateException($"saved state holds {other} where a boolean was expected"),
    };

    /// <summary>Reads two bytes.</summary>
    public ushort U16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    /// <summary>Reads four bytes.</summary>
    public uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    /// <summary>Reads eight bytes.</summary>
    public ulong U64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>Reads a length (u32) and that many bytes, without copying.</summary>
    public ReadOnlySpan<byte> Bytes()
    {
        uint length = U32();
        if (length > (uint)_rest.Length)
            throw new InvalidStateException($"saved state ends within {length} bytes of data");
        return Take((int)length);
    }

    // The bytes may come from anyone, and the message goes to a terminal.
    private static string Printable(string text) => string.Concat(text.Select(character => char.IsControl(character) ? '?' : character));

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
            throw new InvalidStateException("saved state ends too early");
        ReadOnlySpan<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}

/// <summary>Saved state that cannot be taken: damaged, or of another version.</summary>
public sealed class InvalidStateException(string message) : Exception(message);
