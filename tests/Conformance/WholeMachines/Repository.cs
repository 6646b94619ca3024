namespace Strata.Conformance.WholeMachines;

/// <summary>Where things are in the tree that the tests run from.</summary>
internal static class Repository
{
    /// <summary>The root of the tree.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Everything that the command line keeps, apart from the user's.</summary>
    public static string Home { get; } = Path.Combine(Root, ".cache", "home");

    /// <summary>A file of the tree; its absence says how to get it.</summary>
    public static string File(params string[] parts)
    {
        string path = Path.Combine([Root, .. parts]);
        Assert.True(Path.Exists(path), $"{path} is missing: run ./test, which gets it");
        return path;
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (System.IO.File.Exists(Path.Combine(folder.FullName, "Strata.slnx")))
                return folder.FullName;
        }

        throw new InvalidOperationException("the tests run outside the tree that they were built in");
    }
}
