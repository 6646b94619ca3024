using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Strata.Images.Compression;

/// <summary>The integrity check over a block's uncompressed bytes (section 2.1.1.2).</summary>
internal class XzCheck
{
    public static readonly XzCheck None = new();

    /// <summary>The size of the check's value, in bytes.</summary>
    public virtual int Size => 0;

    /// <summary>The check with the identifier <paramref name="id"/> of the stream flags.</summary>
    public static XzCheck Create(byte id) => id switch
    {
        0x0 => None,
        0x1 => new Cyclic(Crc.Crc32, 4),
        0x4 => new Cyclic(Crc.Crc64, 8),
        0xA => new Sha(),
        _ => throw new InvalidDataException("xz data with an unknown kind of check"),
    };

    public virtual void Restart()
    {
    }

    public virtual void Append(ReadOnlySpan<byte> data)
    {
    }

    /// <summary>Reads the check's value and compares.</summary>
    public void Compare(XzInput input)
    {
        Span<byte> read = stackalloc byte[Size];
        input.ReadExactly(read);
        Span<byte> computed = stackalloc byte[Size];
        Value(computed);
        if (!read.SequenceEqual(computed))
            throw new InvalidDataException("an xz block does not fit its check");
    }

    protected virtual void Value(Span<byte> destination)
    {
    }

    private sealed class Cyclic(Crc crc, int size) : XzCheck
    {
        private ulong _value;

        public override int Size => size;

        public override void Restart() => _value = 0;

        public override void Append(ReadOnlySpan<byte> data) => _value = crc.Append(_value, data);

        protected override void Value(Span<byte> destination)
        {
            Span<byte> all = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(all, _value);
            all[..size].CopyTo(destination);
        }
    }

    private sealed class Sha : XzCheck
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public override int Size => 32;

        public override void Restart() => _hash.GetHashAndReset();

        public override void Append(ReadOnlySpan<byte> data) => _hash.AppendData(data);

        protected override void Value(Span<byte> destination) => _hash.GetHashAndReset(destination);
    }
}
