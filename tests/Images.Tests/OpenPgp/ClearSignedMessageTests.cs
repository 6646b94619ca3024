using System.Text;
using Strata.Images.OpenPgp;

namespace Strata.Images.Tests.OpenPgp;

// RFC 4880. Oracles: a message and key made by GnuPG, and the machine's gpgv where there is one.
public class ClearSignedMessageTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly string Message = Encoding.UTF8.GetString(Tools.Vector("message.asc"));
    private static readonly Keyring Gnu = Keyring.Parse(Tools.Vector("archive-key.gpg"));

    [Fact]
    public void A_keyring_of_GnuPG_gives_its_signing_keys()
    {
        Assert.Equal(["C7FE4EF44440AD2C347F29C4CC7EB617E790B757", "87B6165E449D4915A16EA0EBFB351E41A4074213"], Gnu.Keys.Select(static key => key.Fingerprint));
        Assert.All(Gnu.Keys, static key => Assert.Equal(2043, DateTimeOffset.FromUnixTimeSeconds(key.Expires!.Value).Year));
    }

    [Fact]
    public void Section_7_a_message_of_GnuPG_is_good()
    {
        var message = ClearSignedMessage.Parse(Message);
        Assert.Equal("Origin: Debian\nCodename: trixie\n- a dash\n--- more\n\ttab at end\n\nlast line\n", message.Text);
        Assert.Equal("87B6165E449D4915A16EA0EBFB351E41A4074213", message.FindSigner(Gnu, Now)?.Fingerprint);
        Assert.Null(message.FindSigner(Gnu, new DateTimeOffset(2044, 1, 1, 0, 0, 0, TimeSpan.Zero)));
        Assert.Null(message.FindSigner(Keyring.Parse(new TestSigner(Now.AddYears(-2)).Keyring), Now));
    }

    [Fact]
    public void Every_change_of_a_character_is_found()
    {
        // Blanks at line ends, the Hash and armor headers and the CRC's presence are no part of what is signed.
        string text = ClearSignedMessage.Parse(Message).Text;
        int found = 0;
        for (int i = 0; i < Message.Length; i++)
        {
            string changed = Message[..i] + (char)(Message[i] ^ 1) + Message[(i + 1)..];
            try
            {
                var message = ClearSignedMessage.Parse(changed);
                if (message.FindSigner(Gnu, Now) != null)
                    Assert.Equal(text, message.Text);
                else
                    found++;
            }
            catch (InvalidDataException)
            {
                found++;
            }
        }

        Assert.InRange(found, Message.Length - 30, Message.Length);
    }

    [Theory]
    [InlineData("x\n", "")]
    [InlineData("", "x\n")]
    public void Nothing_may_stand_around_the_message(string before, string after) =>
        Assert.Throws<InvalidDataException>(() => ClearSignedMessage.Parse(before + Message + after));

    [Fact]
    public void Two_messages_in_one_are_refused() => Assert.Throws<InvalidDataException>(() => ClearSignedMessage.Parse(Message + Message));

    [Fact]
    public void Signatures_and_keys_that_have_expired_are_no_good()
    {
        var good = new TestSigner(Now.AddYears(-3));
        Assert.NotNull(Find(good, good.ClearSign("text\n", Now.AddDays(-1))));
        Assert.Null(Find(good, good.ClearSign("text\n", Now.AddDays(-2), lifetimeSeconds: 86_400)));
        Assert.Null(Find(good, good.ClearSign("text\n", Now.AddYears(-4))));       // before the key was made
        var expired = new TestSigner(Now.AddYears(-3), lifetimeSeconds: 365 * 86_400);
        Assert.Null(Find(expired, expired.ClearSign("text\n", Now.AddDays(-1))));
    }

    [Fact]
    public void Revoked_keys_and_keys_that_may_not_sign_are_left_out()
    {
        Assert.Empty(Keyring.Parse(new TestSigner(Now.AddYears(-1), revoked: true).Keyring).Keys);
        Assert.Empty(Keyring.Parse(new TestSigner(Now.AddYears(-1), flags: 0x0C).Keyring).Keys);
    }

    [Fact]
    public void Section_5_2_3_1_an_unknown_critical_subpacket_spoils_a_signature()
    {
        var signer = new TestSigner(Now.AddYears(-1));
        Assert.NotNull(Find(signer, signer.ClearSign("text\n", Now.AddDays(-1), extraSubpackets: [2, 100, 0])));
        Assert.Null(Find(signer, signer.ClearSign("text\n", Now.AddDays(-1), extraSubpackets: [2, 100 | 0x80, 0])));
    }

    [Fact]
    public void A_signature_of_another_type_is_no_good()
    {
        var signer = new TestSigner(Now.AddYears(-1));
        Assert.Null(Find(signer, signer.ClearSign("text\n", Now.AddDays(-1), type: 0x02)));
    }

    [Fact]
    public void Gpgv_agrees_with_the_signer_of_these_tests()
    {
        Assert.SkipUnless(Tools.Has("gpgv"), "this machine has no gpgv");
        var signer = new TestSigner(DateTimeOffset.UnixEpoch.AddYears(54));
        string folder = Directory.CreateTempSubdirectory("strata-gpg").FullName;
        try
        {
            File.WriteAllBytes(Path.Combine(folder, "key.gpg"), signer.Keyring);
            File.WriteAllText(Path.Combine(folder, "text.asc"), signer.ClearSign("one\n-two\nthree  \n", DateTimeOffset.UnixEpoch.AddYears(55)));
            Assert.Equal(0, Tools.Run("gpgv", [], "--keyring", Path.Combine(folder, "key.gpg"), Path.Combine(folder, "text.asc")).Code);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Damaged_keyrings_and_signatures_are_invalid_data_and_nothing_else()
    {
        var random = new Random(Seed.Take());
        byte[] keys = Tools.Vector("archive-key.gpg");
        for (int round = 0; round < Seed.Rounds(400, 100_000); round++)
        {
            byte[] damaged = (byte[])keys.Clone();
            for (int i = random.Next(1, 6); i > 0; i--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                ClearSignedMessage.Parse(Message).FindSigner(Keyring.Parse(damaged), Now);
            }
            catch (InvalidDataException)
            {
            }
        }

        int armor = Message.IndexOf("\n\ni", StringComparison.Ordinal) + 2;
        byte[] signature = Convert.FromBase64String(Message[armor..Message.IndexOf("\n=", StringComparison.Ordinal)].Replace("\n", "", StringComparison.Ordinal));
        for (int round = 0; round < Seed.Rounds(2000, 300_000); round++)
        {
            byte[] damaged = (byte[])signature.Clone();
            for (int i = random.Next(1, 6); i > 0; i--)
                damaged[random.Next(round % 2 == 0 ? 50 : damaged.Length)] = (byte)random.Next(256);
            try
            {
                ClearSignedMessage.Parse(Message[..armor] + Convert.ToBase64String(damaged) + "\n-----END PGP SIGNATURE-----\n").FindSigner(Gnu, Now);
            }
            catch (InvalidDataException)
            {
            }
        }
    }

    private static SigningKey? Find(TestSigner signer, string message) => ClearSignedMessage.Parse(message).FindSigner(Keyring.Parse(signer.Keyring), Now);
}
