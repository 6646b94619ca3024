using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Strata.Images.Tests.OpenPgp;

/// <summary>Makes OpenPGP keys and clear-signed messages as RFC 4880 describes them.</summary>
internal sealed class TestSigner
{
    private readonly RSA _key;
    private readonly byte[] _body;
    private readonly uint _created;

    public TestSigner(DateTimeOffset created, uint lifetimeSeconds = 0, bool revoked = false, byte flags = 2)
    {
        _key = RSA.Create(2048);
        _created = (uint)created.ToUnixTimeSeconds();
        RSAParameters parameters = _key.ExportParameters(false);
        _body = [4, .. Big(_created, 4), 1, .. Integer(parameters.Modulus!), .. Integer(parameters.Exponent!)];
        byte[] userId = "Test <test@example.invalid>"u8.ToArray();
        byte[] certification = Sign(0x13, [.. ForHash(), 0xB4, .. Big((uint)userId.Length, 4), .. userId], _created,
            [2, 27, flags, .. lifetimeSeconds > 0 ? (byte[])[5, 9, .. Big(lifetimeSeconds, 4)] : []]);
        byte[] revocation = revoked ? Packet(2, Sign(0x20, ForHash(), _created, [])) : [];
        Keyring = [.. Packet(6, _body), .. revocation, .. Packet(13, userId), .. Packet(2, certification)];
    }

    /// <summary>The public key as a keyring file.</summary>
    public byte[] Keyring { get; }

    public string ClearSign(string text, DateTimeOffset time, uint lifetimeSeconds = 0, byte type = 1, byte[]? extraSubpackets = null)
    {
        string[] lines = text.TrimEnd('\n').Split('\n');
        string canonical = string.Join("\r\n", lines.Select(static line => line.TrimEnd(' ', '\t')));
        byte[] extra = [.. lifetimeSeconds > 0 ? (byte[])[5, 3, .. Big(lifetimeSeconds, 4)] : [], .. extraSubpackets ?? []];
        byte[] packet = Packet(2, Sign(type, Encoding.UTF8.GetBytes(canonical), (uint)time.ToUnixTimeSeconds(), extra));
        var message = new StringBuilder("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n");
        foreach (string line in lines)
            message.Append(line.StartsWith('-') ? "- " : "").Append(line).Append('\n');
        return message.Append("-----BEGIN PGP SIGNATURE-----\n\n").Append(Convert.ToBase64String(packet, Base64FormattingOptions.InsertLineBreaks).Replace("\r", "", StringComparison.Ordinal))
            .Append("\n-----END PGP SIGNATURE-----\n").ToString();
    }

    private static byte[] Packet(int tag, byte[] body) => [(byte)(0xC0 | tag), 255, .. Big((uint)body.Length, 4), .. body];

    private static byte[] Big(uint value, int size)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes[^size..];
    }

    private static byte[] Integer(byte[] value)
    {
        int bits = (value.Length * 8) - int.LeadingZeroCount(value[0]) + 24;
        return [.. Big((uint)bits, 2), .. value];
    }

    private byte[] ForHash() => [0x99, .. Big((uint)_body.Length, 2), .. _body];

    private byte[] Sign(byte type, byte[] data, uint created, byte[] extra)
    {
        byte[] subpackets = [5, 2, .. Big(created, 4), .. extra];
        byte[] hashed = [4, type, 1, 8, .. Big((uint)subpackets.Length, 2), .. subpackets];
        byte[] digest = SHA256.HashData((byte[])[.. data, .. hashed, 4, 0xFF, .. Big((uint)hashed.Length, 4)]);
#pragma warning disable CA5350
        byte[] issuer = SHA1.HashData(ForHash())[12..];
#pragma warning restore CA5350
        byte[] value = _key.SignHash(digest, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        int zeros = value.TakeWhile(static b => b == 0).Count();
        return [.. hashed, 0, 10, 9, 16, .. issuer, digest[0], digest[1], .. Integer(value[zeros..])];
    }
}
