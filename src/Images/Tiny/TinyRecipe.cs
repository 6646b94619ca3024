using Strata.Images.Debian;

namespace Strata.Images.Tiny;

/// <summary>The image <c>tiny</c> from Debian's kernel and busybox packages.</summary>
internal sealed class TinyRecipe : IImageRecipe
{
    /// <inheritdoc/>
    public string Name => TinyImage.Name;

    /// <inheritdoc/>
    public int Version => TinyImage.Recipe;

    /// <inheritdoc/>
    public string[] PackageNames => ["linux-image-", "busybox-static\n"];

    /// <inheritdoc/>
    public long SpaceBytes => 96 << 20;

    /// <inheritdoc/>
    public IReadOnlyList<Package> Choose(PackageIndex index) =>
        [index.DependencyOf(index["linux-image-riscv64"], "linux-image-"), index["busybox-static"]];

    /// <inheritdoc/>
    public async Task<ImageManifest> MakeAsync(IReadOnlyList<Package> packages, ImageStore store, IPackageSource source)
    {
        (Package kernel, Package busybox) = (packages[0], packages[1]);
        byte[] program = await source.UnpackAsync("busybox", "busybox", busybox, static package => TinyImage.UnpackBusybox(package()));
        TinyImage.KernelParts parts = await source.UnpackAsync("kernel", "the kernel", kernel, package => TinyImage.Unpack(package, store));
        source.Report("image", "the initial file system");
        (BlobReference initrd, long baseBytes) = TinyImage.Assemble(store, parts, program);
        return new ImageManifest
        {
            Name = Name,
            Version = $"{kernel.Version} (busybox {busybox.Version})",
            Recipe = Version,
            Created = store.Now,
            KernelVersion = parts.KernelVersion,
            Kernel = parts.Kernel,
            Initrd = initrd,
            InitrdBaseBytes = baseBytes,
            GuestFiles = GuestFiles.Digest,
        };
    }
}
