using System.ComponentModel;
using Strata.Host.Processes;

namespace Strata.Host.Tests;

public sealed class PrivateFolderTests : IDisposable
{
    private const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("strata-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void It_is_made_for_its_owner_alone_and_opened_again()
    {
        string path = Path.Join(_folder.FullName, "a");
        using (PrivateFolder made = PrivateFolder.Make(path))
            File.WriteAllText(made.Reach("file"), "x");
        Assert.Equal(Own, File.GetUnixFileMode(path));
        using PrivateFolder again = PrivateFolder.Make(path);
        Assert.Equal("x", File.ReadAllText(again.Reach("file")));
    }

    [Fact]
    public void A_link_is_not_followed()
    {
        _ = Directory.CreateDirectory(Path.Join(_folder.FullName, "real"), Own);
        string link = Path.Join(_folder.FullName, "link");
        _ = Directory.CreateSymbolicLink(link, "real");
        Assert.Throws<Win32Exception>(() => PrivateFolder.Make(link));
        Assert.False(PrivateFolder.IsOwn(link));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupExecute)]
    [InlineData(UnixFileMode.OtherWrite)]
    [InlineData(UnixFileMode.OtherRead)]
    public void A_folder_that_others_may_use_is_refused(UnixFileMode more)
    {
        string path = Path.Join(_folder.FullName, "open");
        _ = Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, Own | more);
        Assert.Throws<UnauthorizedAccessException>(() => PrivateFolder.Open(path));
        Assert.True(PrivateFolder.IsOwn(path));
    }

    [Fact]
    public void A_file_and_what_is_not_there_are_no_folders()
    {
        string file = Path.Join(_folder.FullName, "file");
        File.WriteAllText(file, "");
        Assert.Throws<Win32Exception>(() => PrivateFolder.Open(file));
        Assert.Throws<Win32Exception>(() => PrivateFolder.Open(file + "x"));
    }

    [Fact]
    public void The_runtime_folder_follows_the_environment_in_order()
    {
        string home = _folder.FullName;
        Assert.Equal(Path.Join(home, "run"), UserFolders.RuntimePath(name => name == "STRATA_HOME" ? home : "/elsewhere"));
        Assert.Equal(Path.Join(home, "strata"), UserFolders.RuntimePath(name => name == "XDG_RUNTIME_DIR" ? home : null));
        string without = UserFolders.RuntimePath(_ => null);
        Assert.Equal(without, UserFolders.RuntimePath(name => name == "XDG_RUNTIME_DIR" ? "/nowhere" : null));
        Assert.Equal(without, UserFolders.RuntimePath(name => name == "XDG_RUNTIME_DIR" ? "relative" : null));
    }
}
