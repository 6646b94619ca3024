using Strata.Images.Debian;

namespace Strata.Images;

/// <summary>How one image is made of packages; the pull around it is the same for all.</summary>
internal interface IImageRecipe
{
    /// <summary>The image's name.</summary>
    string Name { get; }

    /// <summary>Version of what is taken from the packages; raised when that changes.</summary>
    int Version { get; }

    /// <summary>What the names of its packages begin with; a line feed ends a whole name.</summary>
    string[] PackageNames { get; }

    /// <summary>Bytes that making it needs in the store, beside its packages.</summary>
    long SpaceBytes { get; }

    /// <summary>The packages it is made of, in the order in which <see cref="MakeAsync"/> takes them.</summary>
    /// <exception cref="InvalidDataException">The archive lacks one.</exception>
    IReadOnlyList<Package> Choose(PackageIndex index);

    /// <summary>Makes it of the packages chosen; the pull adds which list and which packages those were.</summary>
    /// <exception cref="InvalidDataException">A package is not as expected.</exception>
    Task<ImageManifest> MakeAsync(IReadOnlyList<Package> packages, ImageStore store, IPackageSource source);
}

/// <summary>Where a recipe gets the contents of its packages.</summary>
internal interface IPackageSource
{
    /// <summary>Downloads a package and reads it at the same time.</summary>
    /// <param name="step">The step's name, for progress.</param>
    /// <param name="awaited">What it is, for people; its version is added.</param>
    /// <param name="package">The package.</param>
    /// <param name="read">Gets what opens the .deb file from its beginning.</param>
    /// <returns>What <paramref name="read"/> made of it, once the digest is known to be right.</returns>
    /// <exception cref="ImageException">It cannot be had, or read.</exception>
    Task<T> UnpackAsync<T>(string step, string awaited, Package package, Func<Func<Stream>, T> read);

    /// <summary>Tells what is made now.</summary>
    void Report(string step, string awaited);
}
