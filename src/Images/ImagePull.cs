using System.Text;
using Strata.Images.Compression;
using Strata.Images.Debian;
using Strata.Images.Downloads;
using Strata.Images.OpenPgp;

namespace Strata.Images;

//  release (signature, dates) ─► packages (digest) ─► each package of the recipe (unpacked as it comes, then its digest) ─► image ─► visible
// A step that fails leaves the image that was there before, and what has been downloaded.

/// <summary>One pull of one image, by whoever holds the store's lock.</summary>
internal sealed class ImagePull(IImageRecipe recipe, ImageStore store, PullOptions options, ProgressReporter reporter, AptSettings apt, Keyring keyring)
{
    private const string Suite = "trixie", ListPath = "main/binary-riscv64/Packages.xz";
    private const int LargestRelease = 4 << 20;

    private readonly List<string> _partials = [];

    /// <summary>Does it.</summary>
    public async Task<PullResult> RunAsync(CancellationToken cancellation)
    {
        ImageManifest? present = store.TryReadManifest(recipe.Name);
        if (present != null && !present.HasOurGuestFiles)
            store.Commit(present = Tiny.TinyImage.ExchangeGuestFiles(store, present));
        if (present?.Recipe != recipe.Version)
            present = null;

        (Uri archive, Downloader downloader, SeenRelease seen, Release? release) = await ReleaseAsync(present, cancellation);
        using (downloader)
        {
            if (present != null && present.PackageList == seen.PackageList)
            {
                store.Write(Suite, seen);
                return Result(present, changed: false, downloader);
            }

            PackageIndex index = await PackageListAsync(downloader, archive, release!, cancellation);
            IReadOnlyList<Package> packages = Expect(() => recipe.Choose(index));
            store.Write(Suite, seen);
            string[] digests = [.. packages.Select(static package => package.Promise.Sha256)];
            if (present != null && present.Packages.AsSpan().SequenceEqual(digests))
            {
                ImageManifest same = present with { PackageList = seen.PackageList };
                Commit(same);
                return Result(same, changed: false, downloader);
            }

            CheckSpace(packages.Sum(package => StillToCome(package.Promise)) + recipe.SpaceBytes);
            ImageManifest made = await MakeAsync(packages, new Source(this, downloader, archive, cancellation));
            ImageManifest manifest = made with { PackageList = seen.PackageList, Packages = digests };
            Commit(manifest);
            return Result(manifest, changed: true, downloader);
        }
    }

    private async Task<ImageManifest> MakeAsync(IReadOnlyList<Package> packages, Source source)
    {
        try
        {
            return await recipe.MakeAsync(packages, store, source);
        }
        catch (InvalidDataException fault)
        {
            throw Format(fault);
        }
    }

    private static T Expect<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException fault)
        {
            throw Format(fault);
        }
    }

    private static ImageException Format(InvalidDataException fault) => new(
        "E-IMG-FORMAT", $"a file of the archive is not as expected: {fault.Message}", "look for a newer version of strata", fault);

    private void Report(string step, string awaited) => reporter.Report(step, awaited, 0, null);

    private PullResult Result(ImageManifest manifest, bool changed, Downloader downloader) =>
        new(store.ToImage(manifest), changed, downloader.BytesReceived, reporter.Elapsed);

    private void Commit(ImageManifest manifest)
    {
        store.Commit(manifest);
        foreach (string partial in _partials)
            File.Delete(partial);
    }

    // What an earlier pull has left takes no more space.
    private long StillToCome(FilePromise promise)
    {
        var partial = new FileInfo(store.PartialPath(promise.Sha256));
        return Math.Max(0, promise.SizeBytes - (partial.Exists ? partial.Length : 0));
    }

    private void CheckSpace(long needed)
    {
        var drive = new DriveInfo(store.Root);
        if (drive.AvailableFreeSpace < needed)
            throw new ImageException(
                "E-IMG-SPACE", $"{store.Root} has {drive.AvailableFreeSpace >> 20} MB of free space, {needed >> 20} MB are needed",
                "free some space there, or set STRATA_HOME to a folder elsewhere");
    }

    // The release of the first archive that has one. It is null when the server says that the one seen last is still current.
    private async Task<(Uri Archive, Downloader Downloader, SeenRelease Seen, Release? Release)> ReleaseAsync(ImageManifest? present, CancellationToken cancellation)
    {
        Uri[] archives = Archives();
        for (int i = 0; ; i++)
        {
            var uri = new Uri(archives[i], $"dists/{Suite}/InRelease");
            Downloader downloader = await Downloader.CreateAsync(archives[i], apt, options, cancellation);
            bool keep = false;
            try
            {
                reporter.Report("release", $"the release file of {archives[i].Host}", 0, null);
                SeenRelease? last = store.TryReadRelease(Suite);
                bool current = last != null && present?.PackageList == last.PackageList && last.Uri == uri.ToString();
                (byte[]? body, string? tag, DateTimeOffset? modified) = await downloader.GetAsync(uri, LargestRelease, current ? last : null, cancellation);
                Release? release = body == null ? null : Verify(body, uri);
                SeenRelease seen = release == null ? last! : Expect(() => new SeenRelease(
                    release.Date, release.ValidUntil, release.File(ListPath).Sha256, uri.ToString(), tag, modified));
                CheckDates(seen, last);
                keep = true;
                return (archives[i], downloader, seen, release);
            }
            catch (ImageException fault) when (fault.Code == "E-IMG-NETWORK" && i + 1 < archives.Length)
            {
                // The next one.
            }
            finally
            {
                if (!keep)
                    downloader.Dispose();
            }
        }
    }

    private Uri[] Archives()
    {
        string? set = options.Archive ?? Environment.GetEnvironmentVariable("STRATA_DEBIAN_ARCHIVE");
        IEnumerable<string> all = string.IsNullOrEmpty(set) ? apt.Archives : [set.EndsWith('/') ? set : set + "/"];
        Uri[] archives = [.. all.Select(static uri => Uri.TryCreate(uri, UriKind.Absolute, out Uri? parsed) ? parsed : null).OfType<Uri>()
            .Where(static uri => uri.Scheme is "http" or "https")];
        return archives.Length > 0 ? archives : throw new ImageException(
            "E-IMG-ARCHIVE",
            string.IsNullOrEmpty(set) ? "apt on this machine knows no Debian archive" : $"'{set}' is no http or https address",
            "set STRATA_DEBIAN_ARCHIVE to a mirror of Debian, as in STRATA_DEBIAN_ARCHIVE=http://HOST/debian/ (there is no built-in one)");
    }

    private Release Verify(byte[] body, Uri uri)
    {
        try
        {
            var message = ClearSignedMessage.Parse(Encoding.UTF8.GetString(body));
            if (message.FindSigner(keyring, options.Time.GetUtcNow()) == null)
                throw new ImageException("E-IMG-SIGNATURE", $"{uri} is not signed by a key of Debian's archive",
                    "somebody may have changed it; or install the newest debian-archive-keyring, and check the machine's clock");
            return Release.Parse(message.Text, Suite);
        }
        catch (InvalidDataException fault)
        {
            throw new ImageException("E-IMG-SIGNATURE", $"{uri} is no signed release of Debian {Suite}: {fault.Message}",
                "a captive portal or proxy may have answered; try the address in a browser", fault);
        }
    }

    private void CheckDates(SeenRelease seen, SeenRelease? last)
    {
        if (last != null && seen.Date < last.Date)
            throw new ImageException("E-IMG-DATE", $"the archive's release of {seen.Date:u} is older than the one of {last.Date:u} that was seen before",
                "the mirror is behind or somebody replays an old release: use another one (STRATA_DEBIAN_ARCHIVE)");
        if (Release.DateFault(seen.Date, seen.ValidUntil, apt, options.Time.GetUtcNow()) is { } fault)
            throw new ImageException("E-IMG-DATE", fault, "check the machine's clock, or use another mirror (STRATA_DEBIAN_ARCHIVE)");
    }

    private async Task<PackageIndex> PackageListAsync(Downloader downloader, Uri archive, Release release, CancellationToken cancellation)
    {
        FilePromise promise = Expect(() => release.File(ListPath));
        var folder = new Uri(archive, $"dists/{Suite}/");
        var uri = new Uri(folder, release.HasFilesByHash ? $"{Path.GetDirectoryName(ListPath)}/by-hash/SHA256/{promise.Sha256}" : ListPath);
        return await FetchAsync(downloader, "packages", "the list of packages", uri, promise, list =>
        {
            using Stream stream = list();
            return PackageIndex.Read(new XzStream(stream), recipe.PackageNames);
        }, cancellation);
    }

    // Downloads a file and reads it at the same time; the digest decides afterwards whether what was read counts.
    private async Task<T> FetchAsync<T>(
        Downloader downloader, string step, string awaited, Uri uri, FilePromise promise, Func<Func<Stream>, T> read, CancellationToken cancellation)
    {
        string path = store.PartialPath(promise.Sha256);
        while (true)
        {
            using var file = new GrowingFile(path);
            if (file.Length > promise.SizeBytes)
                file.Clear();
            bool resumed = file.Length > 0;
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            Task fill = FillAsync(ending.Token);
            try
            {
                return await Task.Run(() => ReadAndVerify(file, promise, uri, read), CancellationToken.None);
            }
            catch (DownloadFailedException failed)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failed.InnerException!);
            }
            catch (ImageException fault) when (fault.Code == "E-IMG-DIGEST")
            {
                File.Delete(path);
                if (!resumed)
                    throw;
                // What an earlier try had left may be what is wrong.
            }
            finally
            {
                await ending.CancelAsync();
                await fill;
                _partials.Add(path);
            }

            async Task FillAsync(CancellationToken token)
            {
                try
                {
                    await downloader.FillAsync(uri, file, promise.SizeBytes, done => reporter.Report(step, awaited, done, promise.SizeBytes), token);
                    reporter.Report(step, "unpacking " + awaited, promise.SizeBytes, promise.SizeBytes);
                }
                catch (Exception fault)                         // whatever it is, the reader gets it
                {
                    if (fault is ImageException { Code: "E-IMG-DIGEST" })
                        File.Delete(path);
                    file.Fail(fault);
                }
            }
        }
    }

    private static T ReadAndVerify<T>(GrowingFile file, FilePromise promise, Uri uri, Func<Func<Stream>, T> read)
    {
        using Stream reader = file.OpenReader();
        var hashing = new HashingStream(reader);
        bool first = true;
        T? result = default;
        InvalidDataException? fault = null;
        try
        {
            result = read(() =>
            {
                if (!first)
                    return file.OpenReader();
                first = false;
                return hashing;
            });
        }
        catch (InvalidDataException damaged)
        {
            fault = damaged;
        }

        string digest = hashing.Finish();
        if (digest != promise.Sha256)
            throw new ImageException("E-IMG-DIGEST", $"{uri} has the SHA-256 {digest}, the archive's index says {promise.Sha256}",
                "the mirror or something on the way changes files: try again, or use another mirror (STRATA_DEBIAN_ARCHIVE)");
        return fault == null ? result! : throw Format(fault);
    }

    private sealed class Source(ImagePull pull, Downloader downloader, Uri archive, CancellationToken cancellation) : IPackageSource
    {
        public Task<T> UnpackAsync<T>(string step, string awaited, Package package, Func<Func<Stream>, T> read) =>
            pull.FetchAsync(downloader, step, $"{awaited} {package.Version}", new Uri(archive, package.Path), package.Promise, read, cancellation);

        public void Report(string step, string awaited) => pull.Report(step, awaited);
    }
}
