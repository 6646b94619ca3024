using System.Text.Json.Serialization;

namespace Strata.Images;

/// <summary>An image in the cache, ready to boot: a kernel or a firmware.</summary>
/// <param name="Name">Its name, as <c>tiny</c>.</param>
/// <param name="Version">The first package's version, and the second one's.</param>
/// <param name="SizeBytes">Its files together.</param>
/// <param name="Created">When it was made here.</param>
public sealed record Image(string Name, string Version, long SizeBytes, DateTimeOffset Created)
{
    /// <summary>The kernel and what goes with it; null for a firmware.</summary>
    public KernelFiles? Kernel { get; init; }

    /// <summary>The firmware and what goes with it; null for a kernel.</summary>
    public FirmwareFiles? Firmware { get; init; }
}

/// <summary>What starts in supervisor mode.</summary>
/// <param name="Version">What <c>uname -r</c> says in it.</param>
/// <param name="Kernel">Path of the kernel, an uncompressed RISC-V Image.</param>
/// <param name="Initrd">Path of the initial file system, an uncompressed cpio archive.</param>
public sealed record KernelFiles(string Version, string Kernel, string Initrd);

/// <summary>What starts in machine mode.</summary>
/// <param name="Firmware">Path of the firmware, a program that starts at the beginning of RAM.</param>
/// <param name="Payload">Path of what the firmware starts next, in supervisor mode.</param>
public sealed record FirmwareFiles(string Firmware, string Payload);

/// <summary>A file in the store by its content.</summary>
internal sealed record BlobReference(string Sha256, long SizeBytes);

/// <summary>What the store remembers of an image; a JSON file of this replaces the last one at once.</summary>
internal sealed record ImageManifest
{
    /// <summary>The format written here; others are not read.</summary>
    public const int CurrentFormat = 1;

    /// <summary>The version of this record.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>The image's name.</summary>
    public required string Name { get; init; }

    /// <summary>For people.</summary>
    public required string Version { get; init; }

    /// <summary>Version of the way in which the packages' part was made.</summary>
    public required int Recipe { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>Digest of the package list that was current at the last pull.</summary>
    public string PackageList { get; init; } = "";

    /// <summary>Digests of the packages it is made of.</summary>
    public string[] Packages { get; init; } = [];

    /// <summary>The kernel's release.</summary>
    public string? KernelVersion { get; init; }

    /// <summary>The kernel; with it goes an initial file system.</summary>
    public BlobReference? Kernel { get; init; }

    /// <summary>The initial file system.</summary>
    public BlobReference? Initrd { get; init; }

    /// <summary>How many of its first bytes come from packages; the rest are our own guest files.</summary>
    public long InitrdBaseBytes { get; init; }

    /// <summary>Digest of those guest files.</summary>
    public string? GuestFiles { get; init; }

    /// <summary>The firmware; with it goes a payload.</summary>
    public BlobReference? Firmware { get; init; }

    /// <summary>What the firmware starts next.</summary>
    public BlobReference? Payload { get; init; }

    /// <summary>The files it names.</summary>
    [JsonIgnore]
    public IEnumerable<BlobReference> Files => ((BlobReference?[])[Kernel, Initrd, Firmware, Payload]).OfType<BlobReference>();

    /// <summary>Whether it names what an image needs.</summary>
    [JsonIgnore]
    public bool IsComplete => this is { Kernel: not null, Initrd: not null, KernelVersion: not null } or { Firmware: not null, Payload: not null };

    /// <summary>Whether its guest files, if it has any, are those of this program.</summary>
    [JsonIgnore]
    public bool HasOurGuestFiles => Initrd is null || GuestFiles == Tiny.GuestFiles.Digest;
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
