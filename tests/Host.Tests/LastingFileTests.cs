using Strata.Host.Files;

namespace Strata.Host.Tests;

/// <summary>Files that are renamed to their place, and what is said about files that may not be opened.</summary>
public sealed class LastingFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("strata-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void AFileTakesTheOldOnesPlace()
    {
        string path = Path.Combine(_folder.FullName, "kept");
        string temporary = path + ".new";
        File.WriteAllText(path, "old");
        File.WriteAllText(temporary, "new");
        LastingFile.Move(temporary, path);
        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal(path, Assert.Single(Directory.GetFiles(_folder.FullName)));
        Assert.ThrowsAny<IOException>(() => LastingFile.Move(temporary, path));
    }

    [Fact]
    public void OwnerAndModeAreTold()
    {
        string path = Path.Combine(_folder.FullName, "closed");
        File.WriteAllText(path, "");
        File.SetUnixFileMode(path, UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Assert.Matches("^it belongs to user ([0-9]+) and has mode 240; this is user \\1$", FileOwner.Describe(path));
        Assert.Null(FileOwner.Describe(path + ".missing"));
    }
}
