using System.Text;
using Strata.Cli.Machines;
using Strata.Cli.Output;
using Strata.Cli.Terminals;

namespace Strata.Cli.Tests;

public sealed class PartsTests
{
    [Theory]
    [InlineData("512M", 512L << 20)]
    [InlineData("1G", 1L << 30)]
    [InlineData("1.5GiB", 3L << 29)]
    [InlineData("64k", 64L << 10)]
    [InlineData("4096", 4096L)]
    [InlineData("2TB", 2L << 40)]
    public void Sizes_are_read_as_people_write_them(string text, long bytes) => Assert.Equal(bytes, Amount.ParseBytes(text));

    [Theory]
    [InlineData("")]
    [InlineData("M")]
    [InlineData("-1M")]
    [InlineData("1e9")]
    [InlineData("1 GB")]
    [InlineData("9999999999T")]
    public void What_is_no_size_is_none(string text) => Assert.Null(Amount.ParseBytes(text));

    [Theory]
    [InlineData("a.img", "a.img", false, null)]
    [InlineData("a.img,ro", "a.img", true, null)]
    [InlineData("a,b.img,serial=x y,ro", "a,b.img", true, "x y")]
    [InlineData("a.img,readonly", "a.img,readonly", false, null)]
    [InlineData(",ro", ",ro", false, null)]
    public void Disks_are_taken_apart_from_their_end(string text, string file, bool readOnly, string? serial) =>
        Assert.Equal(new DiskArgument(file, readOnly, serial), DiskArgument.Parse(text));

    [Theory]
    [InlineData("run", "rnu", 1)]
    [InlineData("pull", "pul", 1)]
    [InlineData("images", "imgaes", 1)]
    [InlineData("doctor", "", 6)]
    [InlineData("ps", "sp", 1)]
    public void Spelling_counts_what_was_mistyped(string known, string typed, int distance) => Assert.Equal(distance, Spelling.Distance(typed, known));

    [Fact]
    public void The_menu_takes_its_own_keys_and_leaves_the_guest_all_others()
    {
        EscapeMenu menu = new();
        Assert.Equal(["ab", "Show", "Resume:", "c", "Show", "Resume:\u001d", "Show", "Help", "PowerOff:", "d", "Show", "Kill:", "Show", "Resume:\u0003", "e"],
            All(menu, "ab\u001dxc\u001d]\u001d?pd\u001dk\u001dce"));
    }

    [Fact]
    public void The_menu_understands_keys_that_come_one_by_one()
    {
        const string Keys = "ab\u001dxc\u001d]\u001d?pd";
        EscapeMenu whole = new(), split = new();
        Assert.Equal(string.Concat(All(whole, Keys)), string.Concat(Keys.SelectMany(key => All(split, key.ToString()))));
    }

    private static List<string> All(EscapeMenu menu, string typed)
    {
        List<string> seen = [];
        byte[] bytes = Encoding.ASCII.GetBytes(typed);
        for (int at = 0; at < bytes.Length;)
        {
            at += menu.Take(bytes.AsSpan(at), out ReadOnlySpan<byte> forGuest, out MenuChoice choice);
            string text = Encoding.ASCII.GetString(forGuest);
            seen.Add(choice is MenuChoice.None ? text : choice is MenuChoice.Show or MenuChoice.Help ? choice.ToString() : $"{choice}:{text}");
        }

        return seen;
    }
}
