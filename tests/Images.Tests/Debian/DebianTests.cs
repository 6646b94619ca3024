using System.Text;
using Strata.Images.Debian;

namespace Strata.Images.Tests.Debian;

public class DebianTests
{
    private static readonly DateTimeOffset Day = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Control_paragraphs_have_fields_continued_lines_and_comments()
    {
        ControlStanza[] all = [.. ControlStanza.ParseAll("# c\nA: 1\nLong:\n one\n two\n\n\nA: 2\n")];
        Assert.Equal(["1", "2"], all.Select(static stanza => stanza["a"]));
        Assert.Equal("\none\ntwo", all[0]["LONG"]);
        Assert.Null(all[1]["Long"]);
    }

    [Theory]
    [InlineData(" x\n")]
    [InlineData("no colon\n")]
    [InlineData("A b: c\n")]
    [InlineData(": x\n")]
    [InlineData("A: 1\na: 2\n")]
    public void Bad_control_files_are_invalid_data(string text) => Assert.Throws<InvalidDataException>(() => ControlStanza.ParseAll(text).ToList());

    [Fact]
    public void A_release_is_of_the_suite_asked_for()
    {
        string text = "Origin: Debian\nCodename: trixie\nDate: Sat, 12 Sep 2026 07:55:41 UTC\nSHA256:\n " + new string('a', 64) + "     12 main/x\n";
        var release = Release.Parse(text, "trixie");
        Assert.Equal(new FilePromise(12, new string('a', 64)), release.File("main/x"));
        Assert.Equal(new DateTimeOffset(2026, 9, 12, 7, 55, 41, TimeSpan.Zero), release.Date);
        Assert.Throws<InvalidDataException>(() => release.File("main/y"));
        Assert.Throws<InvalidDataException>(() => Release.Parse(text, "sid"));
        Assert.Throws<InvalidDataException>(() => Release.Parse(text.Replace("Debian", "Other", StringComparison.Ordinal), "trixie"));
        Assert.Throws<InvalidDataException>(() => Release.Parse(text.Replace("Sep", "Nov", StringComparison.Ordinal).Replace("2026", "20x6", StringComparison.Ordinal), "trixie"));
        Assert.Throws<InvalidDataException>(() => Release.Parse(text.Replace("aaaa", "gggg", StringComparison.Ordinal), "trixie"));
    }

    [Theory]
    [InlineData("", 1, null, true)]                                                      // apt's own: in the future by a day
    [InlineData("Acquire::Max-FutureTime \"90000\";", 1, null, false)]
    [InlineData("Acquire::Check-Date \"false\";", 1, null, false)]
    [InlineData("", -10, null, false)]                                                   // no Valid-Until: good for ever
    [InlineData("", -10, -1, true)]
    [InlineData("Acquire::Check-Valid-Until \"no\";", -10, -1, false)]
    [InlineData("Acquire::Check-Valid-Until::Debian \"0\";", -10, -1, false)]
    [InlineData("Acquire::Min-ValidTime \"950400\";", -10, -1, false)]                   // at least 11 days
    [InlineData("Acquire::Max-ValidTime \"86400\";", -10, null, true)]
    [InlineData("Acquire::Max-ValidTime \"86400\";\nAcquire::Check-Valid-Until \"false\";", -10, null, false)]
    public void Dates_are_judged_as_the_machines_apt_is_set_to(string settings, int date, int? validUntil, bool refused)
    {
        var apt = new AptSettings(settings, []);
        Assert.Equal(refused, Release.DateFault(Day.AddDays(date), validUntil is { } days ? Day.AddDays(days) : null, apt, Day) != null);
    }

    [Fact]
    public async Task Proxies_are_taken_from_apt_by_host_then_by_scheme()
    {
        var apt = new AptSettings("Acquire::http::Proxy \"http://p:1/\";\nAcquire::http::Proxy::inner \"DIRECT\";\nAcquire::https::Proxy \"socks5h://s:2\";", []);
        CancellationToken none = TestContext.Current.CancellationToken;
        Assert.Equal("http://p:1/", await apt.ProxyForAsync(new Uri("http://outer/x"), none));
        Assert.Equal("DIRECT", await apt.ProxyForAsync(new Uri("http://inner/x"), none));
        Assert.Equal("socks5://s:2", await apt.ProxyForAsync(new Uri("https://outer/x"), none));
        Assert.Null(await new AptSettings("", []).ProxyForAsync(new Uri("http://outer/x"), none));
        // echo prints the address it is asked for.
        Assert.Equal("http://found:3/x", await new AptSettings("Acquire::http::Proxy-Auto-Detect \"echo\";", []).ProxyForAsync(new Uri("http://found:3/x"), none));
    }

    [Fact]
    public void Source_files_of_both_kinds_give_their_archives()
    {
        string folder = Directory.CreateTempSubdirectory("strata-apt").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, "sources.list.d"));
            File.WriteAllText(Path.Combine(folder, "sources.list"), "# deb http://no/ x main\ndeb [arch=amd64 signed-by=/x] http://one/debian trixie main # y\ndeb http://sec/ trixie-security main\ndeb-src http://src/ trixie main\n");
            File.WriteAllText(Path.Combine(folder, "sources.list.d", "b.sources"), "Types: deb deb-src\nURIs: http://two/debian\n http://three/debian\nSuites: trixie trixie-updates\nComponents: main\n\nTypes: deb\nEnabled: no\nURIs: http://off/\nSuites: trixie\n");
            File.WriteAllText(Path.Combine(folder, "sources.list.d", "c.list.save"), "deb http://saved/ trixie main\n");
            Assert.Equal(["http://one/debian", "http://two/debian", "http://three/debian"], AptSources.Read(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_package_list_is_read_over_its_buffers_borders()
    {
        var list = new StringBuilder();
        for (int i = 0; i < 40_000; i++)
            list.Append($"Package: filler-{i}\nVersion: 1\nDescription: {new string('d', i % 200)}\n\n");
        list.Append(Stanza("linux-image-riscv64", "linux-image-6.1-riscv64 (= 6.1-1)")).Append(Stanza("linux-image-6.1-riscv64", "kmod")).Append(Stanza("busybox-static", ""));
        var index = PackageIndex.Read(new MemoryStream(Encoding.ASCII.GetBytes(list.ToString().TrimEnd('\n'))), "linux-image-", "busybox-static\n");
        Assert.Equal("linux-image-6.1-riscv64", index.DependencyOf(index["linux-image-riscv64"], "linux-image-").Name);
        Assert.Equal("pool/busybox-static.deb", index["busybox-static"].Path);
        Assert.Throws<InvalidDataException>(() => index["filler-1"]);
    }

    [Theory]
    [InlineData("Filename: pool/x.deb", "Filename: ../x.deb")]
    [InlineData("Filename: pool/x.deb", "Filename: /x.deb")]
    [InlineData("Filename: pool/x.deb", "Filename: http://elsewhere/x.deb")]
    [InlineData("Size: 7", "Size: -7")]
    [InlineData("Size: 7", "Siz: 7")]
    [InlineData("SHA256: 0", "SHA256: g")]
    public void A_package_that_leaves_the_archive_or_lacks_its_digest_is_refused(string good, string bad)
    {
        string text = Stanza("x", "");
        Assert.Contains(good, text, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => PackageIndex.Read(new MemoryStream(Encoding.ASCII.GetBytes(text.Replace(good, bad, StringComparison.Ordinal))), "x"));
    }

    [Fact]
    public void An_endless_paragraph_is_refused()
    {
        byte[] list = new byte[4 << 20];
        Array.Fill(list, (byte)'x');
        Assert.Throws<InvalidDataException>(() => PackageIndex.Read(new MemoryStream(list), "a"));
    }

    private static string Stanza(string name, string depends) =>
        $"Package: {name}\nVersion: 1\nDepends: {depends}\nFilename: pool/{name}.deb\nSize: 7\nSHA256: {new string('0', 64)}\n\n";
}
