using System.Text.Json;

namespace Strata.Conformance.WholeMachines;

/// <summary>The tiny image, pulled once for all tests: a real kernel and a real user land from the distribution's archive.</summary>
public sealed class TinyImage
{
    // A pull gives up by itself when nothing comes for a minute; some networks are slow all the same.
    private static readonly TimeSpan s_pullPatience = TimeSpan.FromMinutes(5);

    /// <summary>Pulls the image if it is not in the tree's cache.</summary>
    public TinyImage()
    {
        CommandLine pulled = CommandLine.Run(s_pullPatience, "", "pull", "tiny");
        Assert.True(pulled.ExitCode == 0, pulled.Error);
        CommandLine listed = CommandLine.Run("", "images", "--json");
        Assert.True(listed.ExitCode == 0, listed.Error);
        JsonElement image = JsonDocument.Parse(listed.Output).RootElement.EnumerateArray().Single(entry => entry.GetProperty("name").GetString() == "tiny");
        Kernel = image.GetProperty("kernel").GetString()!;
        Initrd = image.GetProperty("initrd").GetString()!;
    }

    /// <summary>Path of the kernel's Image.</summary>
    public string Kernel { get; }

    /// <summary>Path of the initial RAM file system.</summary>
    public string Initrd { get; }
}
