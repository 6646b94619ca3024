using Strata.Images.Archives;
using Strata.Images.Debian;

namespace Strata.Images.Firmware;

/// <summary>The image <c>firmware</c>: OpenSBI's dynamic firmware for machine mode, and the U-Boot it starts in supervisor mode.</summary>
internal sealed class FirmwareRecipe : IImageRecipe
{
    // The package has the same files for 32-bit machines.
    private const string OpenSbiPath = "/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin", UBootPath = "/u-boot/qemu-riscv64_smode/u-boot.bin";
    private const long LargestProgram = 16 << 20;

    /// <inheritdoc/>
    public string Name => "firmware";

    /// <inheritdoc/>
    public int Version => 1;

    /// <inheritdoc/>
    public string[] PackageNames => ["opensbi\n", "u-boot-qemu\n"];

    /// <inheritdoc/>
    public long SpaceBytes => 2 * LargestProgram;

    /// <inheritdoc/>
    public IReadOnlyList<Package> Choose(PackageIndex index) => [index["opensbi"], index["u-boot-qemu"]];

    /// <inheritdoc/>
    public async Task<ImageManifest> MakeAsync(IReadOnlyList<Package> packages, ImageStore store, IPackageSource source)
    {
        (Package openSbi, Package uBoot) = (packages[0], packages[1]);
        BlobReference firmware = await source.UnpackAsync("opensbi", "OpenSBI", openSbi, package => Keep(package, OpenSbiPath, store));
        BlobReference payload = await source.UnpackAsync("u-boot", "U-Boot", uBoot, package => Keep(package, UBootPath, store));
        return new ImageManifest
        {
            Name = Name,
            Version = $"{openSbi.Version} (u-boot {uBoot.Version})",
            Recipe = Version,
            Created = store.Now,
            Firmware = firmware,
            Payload = payload,
        };
    }

    private static BlobReference Keep(Func<Stream> package, string ending, ImageStore store)
    {
        using Stream stream = package();
        TarReader files = DebReader.OpenData(stream);
        while (files.NextFile() is var (path, contents))
        {
            if (!path.EndsWith(ending, StringComparison.Ordinal))
                continue;
            if (contents.Length is 0 or > LargestProgram)
                throw new InvalidDataException($"{path} in the package has an odd size");
            using BlobWriter output = store.CreateBlob();
            contents.CopyTo(output);
            return output.Keep();
        }

        throw new InvalidDataException($"the package has no {ending[1..]}");
    }
}
