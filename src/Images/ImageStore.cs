using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Strata.Host.Files;
using Strata.Images.Tiny;

namespace Strata.Images;

// Layout below the root, which a crash at any point leaves usable: every file is written under another name, flushed and renamed.
//   blobs/sha256/DIGEST   files by content            partial/DIGEST     downloads under way, kept when interrupted
//   images/NAME.json      manifests                   locks/NAME.lock    held while NAME is pulled
//   releases/SUITE.json   the release last accepted   temporary/         blobs under way

/// <summary>The images on this machine. Safe when several processes use it at once.</summary>
public sealed class ImageStore
{
    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan UnusedLifetime = TimeSpan.FromDays(1);

    private readonly TimeProvider _time;

    /// <summary>Opens a store, which is made on the first write.</summary>
    /// <param name="root">Its folder.</param>
    /// <param name="time">The time source.</param>
    public ImageStore(string root, TimeProvider? time = null)
    {
        Root = root;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>The folder.</summary>
    public string Root { get; }

    /// <summary>The user's store: in <c>$STRATA_HOME/cache</c>, else <c>$XDG_CACHE_HOME/strata</c>, else <c>~/.cache/strata</c>.</summary>
    public static ImageStore OfUser()
    {
        string? home = Environment.GetEnvironmentVariable("STRATA_HOME"), cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        string folder = !string.IsNullOrEmpty(home) ? Path.Combine(Path.GetFullPath(home), "cache")
            : Path.IsPathRooted(cache) ? Path.Combine(cache, "strata")      // the base directory specification ignores relative paths
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".cache", "strata");
        return new ImageStore(Path.Combine(folder, "images"));
    }

    /// <summary>All images, by name.</summary>
    public IReadOnlyList<Image> List()
    {
        string folder = Path.Combine(Root, "images");
        if (!Directory.Exists(folder))
            return [];
        var images = new List<Image>();
        foreach (string file in Directory.GetFiles(folder, "*.json").Order(StringComparer.Ordinal))
        {
            if (TryGet(Path.GetFileNameWithoutExtension(file)) is { } image)
                images.Add(image);
        }

        return images;
    }

    /// <summary>The image called <paramref name="name"/>, or null when it is not here, or not whole. Needs no network.</summary>
    /// <remarks>When this program brings other guest files than the image has, they are exchanged first.</remarks>
    public Image? TryGet(string name)
    {
        if (TryReadManifest(name) is not { } manifest)
            return null;
        if (!manifest.HasOurGuestFiles)
        {
            try
            {
                manifest = TinyImage.ExchangeGuestFiles(this, manifest);
                Commit(manifest);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // A store that cannot be written still serves what it has.
            }
        }

        return ToImage(manifest);
    }

    /// <summary>The time source of what is written here.</summary>
    internal DateTimeOffset Now => _time.GetUtcNow();

    /// <summary>Path of a download under way.</summary>
    internal string PartialPath(string sha256) => Path.Combine(Folder("partial"), sha256);

    /// <summary>Path of a blob.</summary>
    internal string BlobPath(string sha256) => Path.Combine(Root, "blobs", "sha256", sha256);

    /// <summary>The image that a manifest describes.</summary>
    internal Image ToImage(ImageManifest manifest) => new(manifest.Name, manifest.Version, manifest.Files.Sum(static file => file.SizeBytes), manifest.Created)
    {
        Kernel = manifest is { Kernel: { } kernel, Initrd: { } initrd, KernelVersion: { } version } ? new(version, BlobPath(kernel.Sha256), BlobPath(initrd.Sha256)) : null,
        Firmware = manifest is { Firmware: { } firmware, Payload: { } payload } ? new(BlobPath(firmware.Sha256), BlobPath(payload.Sha256)) : null,
    };

    /// <summary>The manifest of an image that is whole, or null.</summary>
    internal ImageManifest? TryReadManifest(string name)
    {
        ImageManifest? manifest = TryRead(Path.Combine(Root, "images", name + ".json"), StoreJson.Default.ImageManifest);
        return manifest is { Format: ImageManifest.CurrentFormat, IsComplete: true } && manifest.Name == name && manifest.Files.All(IsWhole) ? manifest : null;
    }

    /// <summary>The release of <paramref name="suite"/> that was accepted last, or null.</summary>
    internal SeenRelease? TryReadRelease(string suite) => TryRead(Path.Combine(Root, "releases", suite + ".json"), StoreJson.Default.SeenRelease);

    /// <summary>Notes a release that was accepted.</summary>
    internal void Write(string suite, SeenRelease release) =>
        Replace(Path.Combine(Folder("releases"), suite + ".json"), JsonSerializer.SerializeToUtf8Bytes(release, StoreJson.Default.SeenRelease));

    /// <summary>Makes an image visible, and drops blobs that nobody has used for a day.</summary>
    internal void Commit(ImageManifest manifest)
    {
        Replace(Path.Combine(Folder("images"), manifest.Name + ".json"), JsonSerializer.SerializeToUtf8Bytes(manifest, StoreJson.Default.ImageManifest));
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (string file in Directory.GetFiles(Folder("images"), "*.json"))
        {
            // A manifest that cannot be read now may be another version's: nothing is dropped then.
            if (TryRead(file, StoreJson.Default.ImageManifest) is not { IsComplete: true } other)
                return;
            used.UnionWith(other.Files.Select(static blob => blob.Sha256));
        }

        DateTime limit = (Now - UnusedLifetime).UtcDateTime;
        foreach (string file in Directory.GetFiles(Folder(Path.Combine("blobs", "sha256"))).Concat(Directory.GetFiles(Folder("temporary"))))
        {
            if (!used.Contains(Path.GetFileName(file)) && File.GetLastWriteTimeUtc(file) < limit)
                File.Delete(file);
        }
    }

    /// <summary>Begins a blob.</summary>
    internal BlobWriter CreateBlob() => new(Path.Combine(Folder("temporary"), Guid.NewGuid().ToString("N")), Folder(Path.Combine("blobs", "sha256")));

    /// <summary>Waits until this process alone pulls the image <paramref name="name"/>.</summary>
    /// <param name="name">The image.</param>
    /// <param name="waiting">Called when somebody else holds it, again and again.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>What to dispose of at the end; a process that dies lets go as well.</returns>
    internal async Task<IDisposable> LockAsync(string name, Action waiting, CancellationToken cancellation)
    {
        string path = Path.Combine(Folder("locks"), name + ".lock");
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                // FileShare.None is flock(2).
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            }
            catch (IOException) when (File.Exists(path))
            {
                waiting();
                await Task.Delay(LockPoll, _time, cancellation);
            }
        }
    }

    private static T? TryRead<T>(string path, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), type);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    // What a killed process leaves is dropped as unused blobs are.
    private void Replace(string path, byte[] contents)
    {
        string temporary = Path.Combine(Folder("temporary"), Guid.NewGuid().ToString("N"));
        try
        {
            using (FileStream file = File.Create(temporary))
            {
                file.Write(contents);
                file.Flush(flushToDisk: true);
            }

            LastingFile.Move(temporary, path);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private string Folder(string name) => Directory.CreateDirectory(Path.Combine(Root, name)).FullName;

    private bool IsWhole(BlobReference blob)
    {
        var file = new FileInfo(BlobPath(blob.Sha256));
        return file.Exists && file.Length == blob.SizeBytes;
    }
}
