using System.Text;

namespace Strata.Images.OpenPgp;

// RFC 4880, section 7 (cleartext signatures) and 6.2 (armor). Stricter than it: one message and nothing around it, so that nobody takes
// for signed what is not.

/// <summary>A text with detached signatures in one file, as InRelease is.</summary>
internal sealed class ClearSignedMessage
{
    private const string Begin = "-----BEGIN PGP SIGNED MESSAGE-----", BeginSignature = "-----BEGIN PGP SIGNATURE-----",
                         EndSignature = "-----END PGP SIGNATURE-----";

    private readonly byte[] _canonical;
    private readonly byte[] _signatures;

    private ClearSignedMessage(string text, byte[] canonical, byte[] signatures)
    {
        Text = text;
        _canonical = canonical;
        _signatures = signatures;
    }

    /// <summary>The signed text: lines end with a line feed, blanks at their ends are gone. Worth nothing before <see cref="FindSigner"/>.</summary>
    public string Text { get; }

    /// <summary>Splits a message.</summary>
    /// <exception cref="InvalidDataException">It is no clear-signed message, or has something before, after or between its parts.</exception>
    public static ClearSignedMessage Parse(string message)
    {
        string[] lines = message.Split('\n');
        int at = 0;
        string Line() => at < lines.Length ? lines[at++].TrimEnd(' ', '\t', '\r') : throw new InvalidDataException("the signed message ends too early");
        if (Line() != Begin)
            throw new InvalidDataException("not a clear-signed message");
        for (string header = Line(); header.Length > 0; header = Line())
        {
            if (!header.StartsWith("Hash: ", StringComparison.Ordinal))
                throw new InvalidDataException("a clear-signed message with an unknown header");
        }

        var text = new StringBuilder();
        string line;
        while ((line = Line()) != BeginSignature)
        {
            if (line.StartsWith('-'))
                line = line.StartsWith("- ", StringComparison.Ordinal) ? line[2..] : throw new InvalidDataException("a dash in a clear-signed message is not escaped");
            text.Append(line).Append('\n');
        }

        while (Line().Length > 0)
        {
            // Armor headers: Version, Comment.
        }

        var armor = new StringBuilder();
        string? checksum = null;
        while ((line = Line()) != EndSignature)
        {
            if (line.StartsWith('='))
                checksum = line[1..];
            else if (checksum == null)
                armor.Append(line);
            else
                throw new InvalidDataException("the signature's armor is damaged");
        }

        for (; at < lines.Length; at++)
        {
            if (lines[at].AsSpan().Trim().Length > 0)
                throw new InvalidDataException("there is something after the signature");
        }

        string plain = text.ToString();
        // The last line's end belongs to the armor, not to the text.
        string canonical = plain.Length > 0 ? plain[..^1].Replace("\n", "\r\n", StringComparison.Ordinal) : "";
        return new ClearSignedMessage(plain, Encoding.UTF8.GetBytes(canonical), Decode(armor.ToString(), checksum));
    }

    /// <summary>Looks for one good signature.</summary>
    /// <param name="keyring">The keys to trust.</param>
    /// <param name="now">The time by which neither key nor signature may have expired.</param>
    /// <returns>The key that made it, or null.</returns>
    public SigningKey? FindSigner(Keyring keyring, DateTimeOffset now)
    {
        long time = now.ToUnixTimeSeconds();
        foreach (Packet packet in PacketReader.Read(_signatures))
        {
            if (packet.Tag != PacketReader.Signature || SignaturePacket.Parse(packet.Body) is not { Type: SignaturePacket.CanonicalText } signature)
                continue;
            if (signature.Created == 0 || (signature.LifetimeSeconds != 0 && signature.Created + (long)signature.LifetimeSeconds <= time))
                continue;
            foreach (SigningKey key in keyring.Keys)
            {
                bool named = signature.Issuer is not { } issuer || issuer == key.Id;
                bool alive = signature.Created >= key.Created && (key.Expires is not { } expires || (expires > time && expires > signature.Created));
                if (named && alive && signature.Verify(key.Key, _canonical))
                    return key;
            }
        }

        return null;
    }

    private static byte[] Decode(string armor, string? checksum)
    {
        try
        {
            byte[] data = Convert.FromBase64String(armor);
            byte[]? expected = checksum == null ? null : Convert.FromBase64String(checksum);
            if (expected != null && (expected.Length != 3 || ((expected[0] << 16) | (expected[1] << 8) | expected[2]) != Crc24(data)))
                throw new InvalidDataException("the signature's armor is damaged");
            return data;
        }
        catch (FormatException fault)
        {
            throw new InvalidDataException("the signature's armor is damaged", fault);
        }
    }

    // 6.1.
    private static int Crc24(byte[] data)
    {
        int crc = 0xB704CE;
        foreach (byte b in data)
        {
            crc ^= b << 16;
            for (int bit = 0; bit < 8; bit++)
            {
                crc <<= 1;
                if ((crc & 0x1000000) != 0)
                    crc ^= 0x1864CFB;
            }
        }

        return crc & 0xFFFFFF;
    }
}
