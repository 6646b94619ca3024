using System.Buffers.Binary;
using Strata.Images.Archives;
using Strata.Images.Compression;

namespace Strata.Images.Tiny;

/// <summary>The image <c>tiny</c>: Debian's kernel, and an initial file system of busybox, some modules and our guest files.</summary>
internal static class TinyImage
{
    /// <summary>Version of what is taken from the packages; raised when that changes.</summary>
    public const int Recipe = 2;

    /// <summary>The image's name.</summary>
    public const string Name = "tiny";

    private const long LargestKernel = 256 << 20;
    private const int LargestModule = 64 << 20, LargestProgram = 64 << 20;
    private const int ModulePasses = 3;

    private static readonly string[] Folders =
        ["bin", "sbin", "dev", "lib", "lib/modules", "mnt", "proc", "root", "run", "sys", "tmp", "usr", "var"];

    /// <summary>What one pass over the kernel package brings.</summary>
    /// <param name="KernelVersion">The kernel's release.</param>
    /// <param name="Kernel">The kernel, in the store.</param>
    /// <param name="Modules">The modules.</param>
    public sealed record KernelParts(string KernelVersion, BlobReference Kernel, ModuleSet Modules);

    /// <summary>Takes the kernel and its modules from the kernel package, in one pass unless a module needs one we did not expect.</summary>
    /// <param name="package">Opens the .deb file from its beginning.</param>
    /// <param name="store">Where the kernel goes.</param>
    /// <exception cref="InvalidDataException">The package is damaged or not as expected.</exception>
    public static KernelParts Unpack(Func<Stream> package, ImageStore store)
    {
        BlobReference? kernel = null;
        string? version = null;
        var modules = new ModuleSet();
        var wanted = ModuleSet.FirstGuess.ToHashSet(StringComparer.Ordinal);
        for (int pass = 0; pass < ModulePasses && wanted.Count > 0; pass++)
        {
            using Stream stream = package();
            TarReader files = DebReader.OpenData(stream);
            while (files.NextFile() is var (path, contents))
            {
                string file = Path.GetFileName(path);
                if (kernel == null && path.Contains("boot/vmlinu", StringComparison.Ordinal))
                {
                    kernel = KeepKernel(contents, store);
                    version = file[(file.IndexOf('-', StringComparison.Ordinal) + 1)..];
                }
                else if (path.Contains("lib/modules/", StringComparison.Ordinal) && file.Contains(".ko", StringComparison.Ordinal)
                    && wanted.Contains(KernelModule.Canonical(file)))
                {
                    modules.Add(new KernelModule(KernelModule.Canonical(file), ModuleStripper.Strip(Decompress(file, contents))));
                }
            }

            wanted = [.. modules.Missing()];
        }

        if (kernel == null || string.IsNullOrEmpty(version))
            throw new InvalidDataException("the kernel package has no kernel");
        if (wanted.Count > 0)
            throw new InvalidDataException($"the kernel package lacks modules: {string.Join(", ", wanted)}");
        return new KernelParts(version, kernel, modules);
    }

    /// <summary>Takes the program from the busybox package.</summary>
    /// <exception cref="InvalidDataException">The package is damaged or not as expected.</exception>
    public static byte[] UnpackBusybox(Stream package)
    {
        TarReader files = DebReader.OpenData(package);
        while (files.NextFile() is var (path, contents))
        {
            if (path.EndsWith("bin/busybox", StringComparison.Ordinal))
                return ReadAll(contents, LargestProgram);
        }

        throw new InvalidDataException("the busybox package has no busybox");
    }

    /// <summary>Writes the initial file system.</summary>
    /// <returns>The file, and how long its part from the packages is.</returns>
    public static (BlobReference Initrd, long BaseBytes) Assemble(ImageStore store, KernelParts parts, byte[] busybox)
    {
        using BlobWriter output = store.CreateBlob();
        var cpio = new CpioWriter(output);
        foreach (string folder in Folders)
            cpio.AddFolder(folder);
        cpio.AddDevice("dev/console", 5, 1);                    // process 1 gets it before anything is mounted
        cpio.AddFile("bin/busybox", busybox, executable: true);
        foreach (string applet in Busybox.Applets(busybox))
        {
            if (applet != "busybox")
                cpio.AddLink("bin/" + applet, "busybox");
        }

        cpio.AddLink("sbin/modprobe", "../bin/busybox");        // the kernel asks for it by this path
        string folderOfModules = "lib/modules/" + parts.KernelVersion;
        cpio.AddFolder(folderOfModules);
        foreach (KernelModule module in parts.Modules.Modules)
            cpio.AddFile($"{folderOfModules}/{module.Name}.ko", module.Contents);
        cpio.AddFile(folderOfModules + "/modules.dep", parts.Modules.Dependencies());
        cpio.AddFile(folderOfModules + "/modules.alias", parts.Modules.Aliases());
        cpio.Finish();
        long length = output.Length;
        output.Write(GuestFiles.Cpio);
        return (output.Keep(), length);
    }

    /// <summary>Gives an image the guest files of this program.</summary>
    public static ImageManifest ExchangeGuestFiles(ImageStore store, ImageManifest manifest)
    {
        using FileStream old = File.OpenRead(store.BlobPath(manifest.Initrd!.Sha256));
        using BlobWriter output = store.CreateBlob();
        new BoundedStream(old, manifest.InitrdBaseBytes).CopyTo(output);
        output.Write(GuestFiles.Cpio);
        return manifest with { Initrd = output.Keep(), GuestFiles = GuestFiles.Digest };
    }

    // Documentation/arch/riscv/boot-image-header.rst: "RISCV\0\0\0" at 48, "RSC\x05" at 56.
    private static BlobReference KeepKernel(BoundedStream contents, ImageStore store)
    {
        if (contents.Length is < 64 or > LargestKernel)
            throw new InvalidDataException("the kernel in the package has an odd size");
        byte[] header = new byte[64];
        contents.ReadExactly(header);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(56)) != 0x05435352)
            throw new InvalidDataException("the kernel in the package is no uncompressed RISC-V Image");
        using BlobWriter output = store.CreateBlob();
        output.Write(header);
        contents.CopyTo(output);
        return output.Keep();
    }

    private static byte[] Decompress(string file, BoundedStream contents) => Path.GetExtension(file) switch
    {
        ".ko" => ReadAll(contents, LargestModule),
        ".xz" => ReadAll(new XzStream(contents), LargestModule),
        _ => throw new InvalidDataException($"the kernel package has modules packed as {file}, which cannot be read here"),
    };

    private static byte[] ReadAll(Stream stream, int limit)
    {
        using var result = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        int read;
        while ((read = stream.Read(buffer)) > 0)
        {
            if (result.Length + read > limit)
                throw new InvalidDataException("a file in a package is too large");
            result.Write(buffer, 0, read);
        }

        return result.ToArray();
    }
}
