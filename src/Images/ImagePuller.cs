using Strata.Images.Debian;
using Strata.Images.Firmware;
using Strata.Images.OpenPgp;
using Strata.Images.Tiny;

namespace Strata.Images;

/// <summary>Gets images from Debian's archive: what it pulls is signed by the archive's keys, never older than what was seen before.</summary>
public sealed class ImagePuller
{
    private static readonly string[] MachineKeyrings =
        ["/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp"];

    private static readonly IImageRecipe[] Recipes = [new TinyRecipe(), new FirmwareRecipe()];

    private readonly ImageStore _store;
    private readonly AptSettings? _apt;
    private readonly Keyring? _keyring;

    /// <summary>Makes a puller that fills <paramref name="store"/>.</summary>
    public ImagePuller(ImageStore store)
        : this(store, null, null)
    {
    }

    /// <summary>Makes a puller with settings and keys other than the machine's.</summary>
    internal ImagePuller(ImageStore store, AptSettings? apt, Keyring? keyring)
    {
        _store = store;
        _apt = apt;
        _keyring = keyring;
    }

    /// <summary>The images that can be pulled.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Recipes.Select(static recipe => recipe.Name)];

    /// <summary>Brings an image up to date.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="options">How, or null for what is usual.</param>
    /// <param name="progress">Told what happens, at most some ten times a second and step.</param>
    /// <param name="cancellation">Ends the pull; what has been downloaded is kept for the next one.</param>
    /// <exception cref="ImageException">It cannot be had; the image that was there before, if any, is still there.</exception>
    public async Task<PullResult> PullAsync(string name, PullOptions? options = null, IProgress<PullProgress>? progress = null, CancellationToken cancellation = default)
    {
        IImageRecipe recipe = Array.Find(Recipes, recipe => recipe.Name == name)
            ?? throw new ImageException("E-IMG-UNKNOWN", $"there is no image called '{name}'", $"images that can be pulled: {string.Join(", ", Names)}");
        options ??= new PullOptions();
        var reporter = new ProgressReporter(progress, options.Time);
        try
        {
            DateTimeOffset? before = _store.TryReadManifest(name)?.Created;
            bool waited = false;
            using IDisposable held = await _store.LockAsync(name, () =>
            {
                waited = true;
                reporter.Report("lock", "another strata that pulls this image", 0, null);
            }, cancellation);
            ImageManifest? present = _store.TryReadManifest(name);
            if (waited && present != null && present.Created != before)
                return new PullResult(_store.ToImage(present), Changed: true, 0, reporter.Elapsed);
            var pull = new ImagePull(recipe, _store, options, reporter, _apt ?? await AptSettings.ReadAsync(cancellation), _keyring ?? LoadKeyring());
            return await pull.RunAsync(cancellation);
        }
        catch (IOException fault) when (IsOutOfSpace(fault))
        {
            throw new ImageException("E-IMG-SPACE", $"there is no space left in {_store.Root}", "free some 200 MB there, or set STRATA_HOME to a folder elsewhere; then run the command again: it goes on where it stopped", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ImageException("E-IMG-STORE", $"the image cache {_store.Root} cannot be used: {fault.Message}", "check its owner and permissions, or set STRATA_HOME to a folder of yours", fault);
        }
    }

    // ENOSPC, EDQUOT: .NET passes errno through as HResult.
    private static bool IsOutOfSpace(IOException fault) => (fault.HResult & 0xFFFF) is 28 or 122;

    // The machine's keys, and those that came with this program: an old machine knows no newer ones.
    private static Keyring LoadKeyring()
    {
        using Stream own = typeof(ImagePuller).Assembly.GetManifestResourceStream("Keyring")
            ?? throw new InvalidOperationException("the program lacks the archive's keys");
        byte[] keys = new byte[own.Length];
        own.ReadExactly(keys);
        foreach (string path in MachineKeyrings)
        {
            try
            {
                return Keyring.Parse((byte[])[.. File.ReadAllBytes(path), .. keys]);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or InvalidDataException)
            {
                // Not there, or armored: the next one, else our own.
            }
        }

        return Keyring.Parse(keys);
    }
}
