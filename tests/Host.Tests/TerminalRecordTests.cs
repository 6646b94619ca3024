using Strata.Host.Processes;
using Strata.Host.Terminals;

namespace Strata.Host.Tests;

public sealed class TerminalRecordTests : IDisposable
{
    private readonly DirectoryInfo _temporary = Directory.CreateTempSubdirectory("strata-test-");
    private readonly PrivateFolder _folder;
    private readonly PseudoTerminal _terminal = new();
    private readonly TerminalMode _before;

    public TerminalRecordTests()
    {
        _folder = PrivateFolder.Make(Path.Join(_temporary.FullName, "run"));
        _before = TerminalMode.Of(_terminal.Device);
        Assert.Equal("terminal-3", TerminalRecord.Write(_folder, 3, _terminal.Device));
        Assert.True(_before.AsRaw().Apply(_terminal.Device));
    }

    public void Dispose()
    {
        _terminal.Dispose();
        _folder.Dispose();
        _temporary.Delete(recursive: true);
    }

    [Fact]
    public void A_terminal_left_raw_gets_its_mode_back()
    {
        Assert.True(Assert.Single(TerminalRecord.ReadAll(_folder)).Restore());
        Assert.True(TerminalMode.Of(_terminal.Device).Matches(_before));
        Assert.False(Assert.Single(TerminalRecord.ReadAll(_folder)).Restore());
    }

    [Fact]
    public void A_mode_that_somebody_has_set_since_is_left()
    {
        Change(settings => settings[0] ^= 0x20); // c_iflag
        TerminalMode theirs = TerminalMode.Of(_terminal.Device);
        Assert.False(Assert.Single(TerminalRecord.ReadAll(_folder)).Restore());
        Assert.True(TerminalMode.Of(_terminal.Device).Matches(theirs));
    }

    [Fact]
    public void Another_terminal_with_the_same_number_is_left()
    {
        // A pseudo terminal that is made anew under the number has another time; so has one whose permissions were changed.
        UnixFileMode mode = File.GetUnixFileMode(_terminal.Path);
        File.SetUnixFileMode(_terminal.Path, mode ^ UnixFileMode.GroupRead);
        File.SetUnixFileMode(_terminal.Path, mode);
        Assert.False(Assert.Single(TerminalRecord.ReadAll(_folder)).Restore());
        Assert.False(TerminalMode.Of(_terminal.Device).Matches(_before));
    }

    [Fact]
    public void A_terminal_that_is_gone_is_no_failure()
    {
        _terminal.Dispose();
        Assert.False(Assert.Single(TerminalRecord.ReadAll(_folder)).Restore());
    }

    [Fact]
    public void Records_of_the_same_terminal_are_known_as_such()
    {
        using PseudoTerminal other = new();
        Assert.NotNull(TerminalRecord.Write(_folder, 4, other.Device));
        IReadOnlyList<TerminalRecord> records = TerminalRecord.ReadAll(_folder);
        Assert.Equal(2, records.Count);
        Assert.True(records[0].IsSameTerminal(records[0]));
        Assert.False(records[0].IsSameTerminal(records[1]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage\n")]
    [InlineData("1 2 3 zz /dev/null\n")]
    [InlineData("-1 2 3 00 /dev/null\n")]
    [InlineData("99999999999999999999999 2 3 00 /dev/null\n")]
    public void What_is_no_record_is_left_out(string text)
    {
        File.WriteAllText(_folder.Reach("terminal-3"), text);
        Assert.Empty(TerminalRecord.ReadAll(_folder));
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("/dev/../etc/passwd")]
    [InlineData("relative")]
    public void A_record_names_nothing_but_devices(string path)
    {
        string[] words = File.ReadAllText(_folder.Reach("terminal-3")).Split(' ');
        File.WriteAllText(_folder.Reach("terminal-3"), string.Join(' ', words[..4]) + $" {path}\n");
        Assert.Empty(TerminalRecord.ReadAll(_folder));
    }

    [Fact]
    public void A_link_a_pipe_and_a_long_file_are_no_records()
    {
        string record = Path.Join(_folder.Path, "terminal-3"), moved = Path.Join(_temporary.FullName, "moved");
        File.Move(record, moved);
        _ = File.CreateSymbolicLink(record, moved);
        File.WriteAllText(Path.Join(_folder.Path, "terminal-4"), File.ReadAllText(moved).PadRight(5000));
        Assert.Empty(TerminalRecord.ReadAll(_folder));
        Assert.Null(_folder.TryRead("nothing", 10));
    }

    private void Change(Action<byte[]> change)
    {
        byte[] settings = Convert.FromHexString(TerminalMode.Of(_terminal.Device).ToString());
        change(settings);
        Assert.True(TerminalMode.TryParse(Convert.ToHexString(settings))!.Apply(_terminal.Device));
    }
}
