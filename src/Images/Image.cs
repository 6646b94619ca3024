using System.Text.Json.Serialization;

namespace Strata.Images;

/// <summary>An image in the cache, ready to boot.</summary>
/// <param name="Name">Its name, as <c>tiny</c>.</param>
/// <param name="Version">The kernel package's version, and the busybox package's.</param>
/// <param name="KernelVersion">What <c>uname -r</c> says in it.</param>
/// <param name="SizeBytes">Kernel and initial file system together.</param>
/// <param name="Created">When it was made here.</param>
/// <param name="Kernel">Path of the kernel, an uncompressed RISC-V Image.</param>
/// <param name="Initrd">Path of the initial file system, an uncompressed cpio archive.</param>
public sealed record Image(string Name, string Version, string KernelVersion, long SizeBytes, DateTimeOffset Created, string Kernel, string Initrd);

/// <summary>A file in the store by its content.</summary>
internal sealed record BlobReference(string Sha256, long SizeBytes);

/// <summary>What the store remembers of an image; a JSON file of this replaces the last one at once.</summary>
/// <param name="Format">The version of this record.</param>
/// <param name="Name">The image's name.</param>
/// <param name="Version">For people.</param>
/// <param name="KernelVersion">The kernel's release.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Kernel">The kernel.</param>
/// <param name="Initrd">The initial file system.</param>
/// <param name="InitrdBaseBytes">How many of its first bytes come from packages; the rest are our own guest files.</param>
/// <param name="GuestFiles">Digest of those guest files.</param>
/// <param name="Recipe">Version of the way in which the packages' part was made.</param>
/// <param name="PackageList">Digest of the package list that was current at the last pull.</param>
/// <param name="Packages">Digests of the packages it is made of.</param>
internal sealed record ImageManifest(
    int Format,
    string Name,
    string Version,
    string KernelVersion,
    DateTimeOffset Created,
    BlobReference Kernel,
    BlobReference Initrd,
    long InitrdBaseBytes,
    string GuestFiles,
    int Recipe,
    string PackageList,
    string[] Packages)
{
    /// <summary>The format written here; others are not read.</summary>
    public const int CurrentFormat = 1;
}

/// <summary>The release file that was last accepted from an archive.</summary>
/// <param name="Date">Its date: an older one is refused from then on.</param>
/// <param name="ValidUntil">When it stops being good, if it says so.</param>
/// <param name="PackageList">Digest of the package list it names.</param>
/// <param name="Uri">Where it came from.</param>
/// <param name="ETag">The server's tag, to ask whether it changed.</param>
/// <param name="LastModified">The server's time, likewise.</param>
internal sealed record SeenRelease(DateTimeOffset Date, DateTimeOffset? ValidUntil, string PackageList, string Uri, string? ETag, DateTimeOffset? LastModified);

[JsonSerializable(typeof(ImageManifest))]
[JsonSerializable(typeof(SeenRelease))]
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class StoreJson : JsonSerializerContext;
