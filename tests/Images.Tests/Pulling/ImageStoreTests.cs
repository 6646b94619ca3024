namespace Strata.Images.Tests.Pulling;

/// <summary>What a store leaves when its disk refuses.</summary>
public sealed class ImageStoreTests
{
    /// <summary>A record that cannot take its place leaves no half of itself.</summary>
    [Fact]
    public void ARecordThatCannotBeWrittenLeavesNothing()
    {
        string root = Directory.CreateTempSubdirectory("strata-store-").FullName;
        try
        {
            ImageStore store = new(root);

            // A folder with something in it is where the file should go.
            string inTheWay = Path.Combine(root, "releases", "suite.json");
            Directory.CreateDirectory(Path.Combine(inTheWay, "something"));
            _ = Assert.ThrowsAny<Exception>(() => store.Write("suite", new SeenRelease(DateTimeOffset.UnixEpoch, null, "list", "uri", null, null)));
            Assert.Empty(Directory.GetFiles(root, "*", SearchOption.AllDirectories));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }
}
