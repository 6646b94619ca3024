using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Strata.Images.OpenPgp;

// RFC 4880, sections 5.5.2 (version 4 keys), 11.1 (a key, its user ids, its subkeys, each followed by signatures), 12.2 (fingerprints).

/// <summary>A key that may sign, with the time for which its owner says so.</summary>
/// <param name="Fingerprint">SHA-1 fingerprint, in upper-case hexadecimal digits.</param>
/// <param name="Key">The public key.</param>
/// <param name="Created">Seconds since 1970.</param>
/// <param name="Expires">Seconds since 1970, or null.</param>
internal sealed record SigningKey(string Fingerprint, RSA Key, long Created, long? Expires)
{
    /// <summary>The low 64 bits of the fingerprint.</summary>
    public ulong Id => Convert.ToUInt64(Fingerprint[24..], 16);
}

/// <summary>The RSA keys of a binary keyring file that may sign and are not revoked.</summary>
internal sealed class Keyring
{
    private const int SmallestModulusBits = 2048;
    private const byte MaySign = 0x02;

    private readonly List<SigningKey> _keys = [];

    /// <summary>The keys.</summary>
    public IReadOnlyList<SigningKey> Keys => _keys;

    /// <summary>Reads a keyring. Keys of other algorithms and versions are left out.</summary>
    /// <exception cref="InvalidDataException">The data is no keyring.</exception>
    public static Keyring Parse(ReadOnlyMemory<byte> data)
    {
        var keyring = new Keyring();
        KeyBlock? block = null;
        foreach (Packet packet in PacketReader.Read(data))
        {
            switch (packet.Tag)
            {
                case PacketReader.PublicKey:
                    keyring.Take(block);
                    block = new KeyBlock(packet.Body);
                    break;
                case PacketReader.PublicSubkey:
                    block?.Parts.Add(new KeyPart(packet.Body));
                    break;
                case PacketReader.UserId:
                    block?.Parts[0].UserIds.Add((packet.Body, []));
                    break;
                case PacketReader.Signature when block != null && SignaturePacket.Parse(packet.Body) is { } signature:
                    KeyPart part = block.Parts[^1];
                    (part.UserIds.Count > 0 ? part.UserIds[^1].Signatures : part.Signatures).Add(signature);
                    break;
            }
        }

        keyring.Take(block);
        return keyring;
    }

    // A self-signature that cannot be checked counts for nothing: a key is taken only with what its own RSA key has signed.
    private void Take(KeyBlock? block)
    {
        if (block == null || block.Parts[0].Rsa is not { } primary)
            return;
        KeyPart first = block.Parts[0];
        ReadOnlyMemory<byte> primaryHash = first.ForHash();
        if (first.Signatures.Exists(s => s.Type == SignaturePacket.KeyRevocation && s.Verify(primary, primaryHash)))
            return;
        var own = new List<SignaturePacket>(first.Signatures.Where(s => s.Type == SignaturePacket.DirectKey && s.Verify(primary, primaryHash)));
        foreach ((ReadOnlyMemory<byte> userId, List<SignaturePacket> signatures) in first.UserIds)
        {
            byte[] prefix = [0xB4, 0, 0, 0, 0];
            BinaryPrimitives.WriteInt32BigEndian(prefix.AsSpan(1), userId.Length);
            own.AddRange(signatures.Where(s => s.Type is >= 0x10 and <= 0x13 && s.Verify(primary, primaryHash, prefix, userId)));
        }

        if (own.Count == 0)
            return;
        long? primaryExpires = Add(first, primary, own, null);
        foreach (KeyPart part in block.Parts.Skip(1))
        {
            if (part.Rsa is not { } rsa)
                continue;
            ReadOnlyMemory<byte> hash = part.ForHash();
            if (!part.Signatures.Exists(s => s.Type == SignaturePacket.SubkeyRevocation && s.Verify(primary, primaryHash, hash)))
                Add(part, rsa, [.. part.Signatures.Where(s => s.Type == SignaturePacket.SubkeyBinding && s.Verify(primary, primaryHash, hash))], primaryExpires);
        }
    }

    // The newest self-signature rules (5.2.3.3). Returns when the key expires.
    private long? Add(KeyPart part, RSA rsa, List<SignaturePacket> own, long? ownerExpires)
    {
        SignaturePacket? newest = own.MaxBy(s => s.Created);
        if (newest == null)
            return null;
        long? expires = newest.KeyLifetimeSeconds == 0 ? null : part.Created + newest.KeyLifetimeSeconds;
        if (ownerExpires is { } limit && (expires == null || expires > limit))
            expires = limit;
        if (((newest.KeyFlags ?? 0) & MaySign) != 0 && rsa.KeySize >= SmallestModulusBits)
            _keys.Add(new SigningKey(part.Fingerprint, rsa, part.Created, expires));
        return expires;
    }

    private sealed class KeyBlock(ReadOnlyMemory<byte> primary)
    {
        public List<KeyPart> Parts { get; } = [new KeyPart(primary)];
    }

    private sealed class KeyPart
    {
        private readonly ReadOnlyMemory<byte> _body;

        public KeyPart(ReadOnlyMemory<byte> body)
        {
            _body = body;
            ReadOnlySpan<byte> bytes = body.Span;
            if (bytes.Length < 6 || bytes[0] != 4)
                return;
            Created = BinaryPrimitives.ReadUInt32BigEndian(bytes[1..]);
            if (bytes[5] is not (1 or 3))
                return;
            ReadOnlySpan<byte> rest = bytes[6..];
            byte[] modulus = Integer(ref rest), exponent = Integer(ref rest);
            if (modulus.Length is < 64 or > 2048 || exponent.Length is 0 or > 8)
                return;
            try
            {
                Rsa = RSA.Create(new RSAParameters { Modulus = modulus, Exponent = exponent });
            }
            catch (CryptographicException)
            {
                Rsa = null;                                     // no RSA key: it signs nothing
            }
        }

        public long Created { get; }

        public RSA? Rsa { get; }

        public List<SignaturePacket> Signatures { get; } = [];

        public List<(ReadOnlyMemory<byte> UserId, List<SignaturePacket> Signatures)> UserIds { get; } = [];

#pragma warning disable CA5350 // OpenPGP version 4 fingerprints are SHA-1; here they only name keys that the keyring's file vouches for.
        public string Fingerprint => Convert.ToHexString(SHA1.HashData(ForHash().Span));
#pragma warning restore CA5350

        /// <summary>The key as it is hashed (5.2.4): 99, two bytes of length, the body.</summary>
        public ReadOnlyMemory<byte> ForHash()
        {
            byte[] bytes = new byte[3 + _body.Length];
            bytes[0] = 0x99;
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(1), (ushort)_body.Length);
            _body.CopyTo(bytes.AsMemory(3));
            return bytes;
        }

        private static byte[] Integer(ref ReadOnlySpan<byte> rest)
        {
            if (rest.Length < 2)
                throw new InvalidDataException("an OpenPGP key is damaged");
            int length = (BinaryPrimitives.ReadUInt16BigEndian(rest) + 7) / 8;
            if (rest.Length < 2 + length)
                throw new InvalidDataException("an OpenPGP key is damaged");
            byte[] value = rest.Slice(2, length).ToArray();
            rest = rest[(2 + length)..];
            return value;
        }
    }
}
