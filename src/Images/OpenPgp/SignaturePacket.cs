using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Strata.Images.OpenPgp;

// RFC 4880, section 5.2.3: version 4 signatures. 5.2.4: what is hashed.

/// <summary>A version 4 RSA signature and what its hashed part says.</summary>
internal sealed class SignaturePacket
{
    /// <summary>Signature types of section 5.2.1.</summary>
    public const byte CanonicalText = 0x01, SubkeyBinding = 0x18, DirectKey = 0x1F, KeyRevocation = 0x20, SubkeyRevocation = 0x28;

    private readonly ReadOnlyMemory<byte> _hashed;
    private readonly byte[] _value;

    private SignaturePacket(byte type, HashAlgorithmName hash, ReadOnlyMemory<byte> hashed, byte[] value)
    {
        Type = type;
        Hash = hash;
        _hashed = hashed;
        _value = value;
    }

    public byte Type { get; }

    public HashAlgorithmName Hash { get; }

    /// <summary>When it was made, in seconds since 1970.</summary>
    public uint Created { get; private set; }

    /// <summary>How long it is good, in seconds after <see cref="Created"/>; 0 for ever.</summary>
    public uint LifetimeSeconds { get; private set; }

    /// <summary>For a self-signature: how long the key is good, in seconds after the key's creation; 0 for ever.</summary>
    public uint KeyLifetimeSeconds { get; private set; }

    /// <summary>For a self-signature: the key flags of section 5.2.3.21, or null.</summary>
    public byte? KeyFlags { get; private set; }

    /// <summary>The low 64 bits of the signer's fingerprint as the signature tells them, or null. A hint, nothing more.</summary>
    public ulong? Issuer { get; private set; }

    /// <summary>Reads a packet's body.</summary>
    /// <returns>Null when it is of a kind that is not for us: another version or algorithm, a weak hash, an unknown critical subpacket.</returns>
    public static SignaturePacket? Parse(ReadOnlyMemory<byte> body)
    {
        ReadOnlySpan<byte> bytes = body.Span;
        if (bytes.Length < 6 || bytes[0] != 4 || bytes[2] is not (1 or 3))
            return null;
        HashAlgorithmName? hash = bytes[3] switch
        {
            8 => HashAlgorithmName.SHA256,
            9 => HashAlgorithmName.SHA384,
            10 => HashAlgorithmName.SHA512,
            _ => null,
        };
        int hashedLength = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        int unhashedAt = 6 + hashedLength;
        if (hash == null)
            return null;
        if (bytes.Length < unhashedAt + 2)
            throw Damaged();
        int valueAt = unhashedAt + 2 + BinaryPrimitives.ReadUInt16BigEndian(bytes[unhashedAt..]) + 2;
        if (bytes.Length < valueAt + 2)
            throw Damaged();
        int valueLength = (BinaryPrimitives.ReadUInt16BigEndian(bytes[valueAt..]) + 7) / 8;
        if (bytes.Length < valueAt + 2 + valueLength)
            throw Damaged();
        var signature = new SignaturePacket(bytes[1], hash.Value, body[..unhashedAt], bytes.Slice(valueAt + 2, valueLength).ToArray());
        return signature.ReadSubpackets(bytes[6..unhashedAt], trusted: true)
            && signature.ReadSubpackets(bytes[(unhashedAt + 2)..(valueAt - 2)], trusted: false) ? signature : null;
    }

    /// <summary>True when <paramref name="key"/> made this signature over <paramref name="parts"/>, one after the other.</summary>
    public bool Verify(RSA key, params ReadOnlySpan<ReadOnlyMemory<byte>> parts)
    {
        using var hash = IncrementalHash.CreateHash(Hash);
        foreach (ReadOnlyMemory<byte> part in parts)
            hash.AppendData(part.Span);
        hash.AppendData(_hashed.Span);
        Span<byte> trailer = [4, 0xFF, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(trailer[2..], _hashed.Length);
        hash.AppendData(trailer);
        int modulus = key.KeySize / 8;
        if (_value.Length > modulus)
            return false;
        byte[] value = new byte[modulus];
        _value.CopyTo(value, modulus - _value.Length);
        return key.VerifyHash(hash.GetHashAndReset(), value, Hash, RSASignaturePadding.Pkcs1);
    }

    private bool ReadSubpackets(ReadOnlySpan<byte> area, bool trusted)
    {
        while (area.Length > 0)
        {
            (int header, long length) = SubpacketLength(area);
            if (length < 1 || length > area.Length - header)
                throw Damaged();
            ReadOnlySpan<byte> subpacket = area.Slice(header, (int)length);
            area = area[(header + (int)length)..];
            bool critical = (subpacket[0] & 0x80) != 0;
            ReadOnlySpan<byte> data = subpacket[1..];
            switch (subpacket[0] & 0x7F)
            {
                case 2 when trusted && data.Length == 4:
                    Created = BinaryPrimitives.ReadUInt32BigEndian(data);
                    break;
                case 3 when trusted && data.Length == 4:
                    LifetimeSeconds = BinaryPrimitives.ReadUInt32BigEndian(data);
                    break;
                case 9 when trusted && data.Length == 4:
                    KeyLifetimeSeconds = BinaryPrimitives.ReadUInt32BigEndian(data);
                    break;
                case 16 when data.Length == 8:
                    Issuer ??= BinaryPrimitives.ReadUInt64BigEndian(data);
                    break;
                case 27 when trusted && data.Length >= 1:
                    KeyFlags = data[0];
                    break;
                case 33 when data.Length == 21:
                    Issuer ??= BinaryPrimitives.ReadUInt64BigEndian(data[13..]);
                    break;
                case 11 or 21 or 22 or 23 or 25 or 28 or 30 or 32 or 34:      // preferences, features, embedded signature: nothing to obey here
                    break;
                default:
                    if (critical && trusted)
                        return false;
                    break;
            }
        }

        return true;
    }

    // As a packet's new length, but 224 to 254 are two-byte lengths too (5.2.3.1).
    private static (int Header, long Length) SubpacketLength(ReadOnlySpan<byte> area)
    {
        if (area[0] is >= 192 and < 255)
            return area.Length < 2 ? throw Damaged() : (2, ((area[0] - 192) << 8) + area[1] + 192);
        return PacketReader.NewLength(area);
    }

    private static InvalidDataException Damaged() => new("an OpenPGP signature is damaged");
}
