using System.Security.Cryptography;
using Strata.Images.Archives;

namespace Strata.Images.Tiny;

/// <summary>Our own files in the guest: process 1, the agent, settings. They are the last part of the initial file system.</summary>
internal static class GuestFiles
{
    private static readonly (string Resource, string Path, bool Executable)[] Files =
    [
        ("init",    "init",               true),
        ("agent",   "lib/strata/agent",   true),
        ("run",     "lib/strata/run",     true),
        ("ports",   "lib/strata/ports",   false),
        ("console", "lib/strata/console", true),
        ("fstab",   "etc/fstab",          false),
        ("profile", "etc/profile",        false),
        ("passwd",  "etc/passwd",         false),
        ("group",   "etc/group",          false),
    ];

    private static readonly Lazy<byte[]> Archive = new(Build);

    /// <summary>Tells whether an image has the files of this program.</summary>
    public static string Digest => Convert.ToHexStringLower(SHA256.HashData(Archive.Value));

    /// <summary>The files as a cpio archive of its own; the kernel unpacks one after the other.</summary>
    public static ReadOnlySpan<byte> Cpio => Archive.Value;

    private static byte[] Build()
    {
        using var output = new MemoryStream();
        var cpio = new CpioWriter(output);
        cpio.AddFolder("etc");
        cpio.AddFolder("lib");
        cpio.AddFolder("lib/strata");
        foreach ((string resource, string path, bool executable) in Files)
        {
            using Stream source = typeof(GuestFiles).Assembly.GetManifestResourceStream("Guest." + resource)
                ?? throw new InvalidOperationException($"the program lacks its guest file {resource}");
            byte[] contents = new byte[source.Length];
            source.ReadExactly(contents);
            cpio.AddFile(path, contents, executable);
        }

        cpio.Finish();
        return output.ToArray();
    }
}
