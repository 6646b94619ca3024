using System.Security.Cryptography;
using System.Text;
using Strata.Images.Debian;
using Strata.Images.OpenPgp;
using Strata.Images.Tests.Archives;
using Strata.Images.Tests.Compression;
using Strata.Images.Tests.OpenPgp;
using Strata.Images.Tiny;

namespace Strata.Images.Tests.Pulling;

/// <summary>A Debian archive of a few packages, signed by its own key, on a local server, and a store to pull into.</summary>
internal sealed class TestArchive : IDisposable
{
    public static readonly DateTimeOffset Today = DateTimeOffset.UtcNow;

    private static readonly Lazy<TestSigner> Signer = new(static () => new TestSigner(Today.AddYears(-2)));

    public TestArchive(int kernelSize = 400_000)
    {
        Folder = Directory.CreateTempSubdirectory("strata-images").FullName;
        Store = new ImageStore(Path.Combine(Folder, "images"));
        Publish(kernelSize, 1);
    }

    public string Folder { get; }

    public ArchiveServer Server { get; } = new();

    public ImageStore Store { get; }

    public byte[] Kernel { get; private set; } = [];

    public byte[] KernelDeb { get; private set; } = [];

    public byte[] OpenSbi { get; private set; } = [];

    public byte[] UBoot { get; private set; } = [];

    public List<PullProgress> Progress { get; } = [];

    public string AptDump { get; set; } = "";

    /// <summary>Puts a new set of files onto the server.</summary>
    public void Publish(int kernelSize, int version, DateTimeOffset? date = null, DateTimeOffset? validUntil = null, TestSigner? signer = null, Func<string, string>? change = null,
        string? leaveOut = null, string extraNeed = "", string uBootFolder = "qemu-riscv64_smode")
    {
        Kernel = Packages.Kernel(kernelSize, version);
        var files = new List<(string, byte[])> { ($"./boot/config-6.{version}-riscv64", new byte[1000]), ($"./boot/vmlinux-6.{version}-riscv64", Kernel) };
        foreach (string module in ModuleSet.FirstGuess.Where(name => name != leaveOut))
            files.Add(($"./usr/lib/modules/6.{version}-riscv64/kernel/x/{module.Replace('_', '-')}.ko.xz",
                StoredXz.Make(Packages.Module(module, module == "ext4" ? "jbd2,mbcache,crc16" + extraNeed : "", "fs-" + module))));
        files.Insert(3, ("./usr/lib/modules/6.x/kernel/lib/lz4.ko", Packages.Module("lz4", "")));
        KernelDeb = Packages.Deb([.. files]);
        byte[] busybox = Packages.Deb(("./usr/bin/busybox", Packages.BusyboxProgram));
        OpenSbi = Packages.Kernel(20_000, version + 10);
        UBoot = Packages.Kernel(70_000, version + 20);
        byte[] openSbi = Packages.Deb(("./usr/lib/riscv32-linux-gnu/opensbi/generic/fw_dynamic.bin", new byte[1000]), ("./usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin", OpenSbi));
        byte[] uBoot = Packages.Deb(("./usr/lib/u-boot/qemu-riscv64/u-boot.bin", new byte[1000]), ($"./usr/lib/u-boot/{uBootFolder}/u-boot.bin", UBoot));
        string list = Stanza("busybox-static", "", busybox) + Stanza($"linux-image-6.{version}-riscv64", "kmod", KernelDeb)
            + Stanza("opensbi", "", openSbi) + Stanza("u-boot-qemu", "", uBoot) + Stanza("u-boot-qemu-doc", "", [])
            + Stanza("linux-image-riscv64", $"linux-image-6.{version}-riscv64 (= 1)", []) + Stanza("other", "", []);
        byte[] packages = StoredXz.Make(Encoding.ASCII.GetBytes(change?.Invoke(list) ?? list), 4);
        string digest = Digest(packages);
        string until = validUntil is { } end ? $"Valid-Until: {end:ddd, dd MMM yyyy HH:mm:ss} UTC\n" : "";
        string release = $"Origin: Debian\nCodename: trixie\nDate: {date ?? Today.AddDays(-1):ddd, dd MMM yyyy HH:mm:ss} UTC\n{until}Acquire-By-Hash: yes\nSHA256:\n {digest} {packages.Length} main/binary-riscv64/Packages.xz\n";
        Server.Put("dists/trixie/main/binary-riscv64/by-hash/SHA256/" + digest, packages);
        Server.Put("dists/trixie/InRelease", Encoding.ASCII.GetBytes((signer ?? Signer.Value).ClearSign(release, Today.AddHours(-1))));
        Server.Put("pool/busybox-static.deb", busybox);
        Server.Put("pool/opensbi.deb", openSbi);
        Server.Put("pool/u-boot-qemu.deb", uBoot);
        Server.Put($"pool/linux-image-6.{version}-riscv64.deb", KernelDeb);
    }

#pragma warning disable CA1068 // Most callers give the token alone.
    public Task<PullResult> PullAsync(CancellationToken cancellation, PullOptions? options = null, IProgress<PullProgress>? progress = null, string name = "tiny")
#pragma warning restore CA1068
    {
        var puller = new ImagePuller(Store, new AptSettings(AptDump, []), Keyring.Parse(Signer.Value.Keyring));
        options ??= new PullOptions { Archive = Server.Address, StallTimeout = TimeSpan.FromMilliseconds(700), Attempts = 3, FirstRetryDelay = TimeSpan.FromMilliseconds(5) };
        return puller.PullAsync(name, options, progress ?? new Recorder(Progress), cancellation);
    }

    public async Task<ImageException> FailAsync(string name = "tiny")
    {
        ImageException fault = await Assert.ThrowsAsync<ImageException>(() => PullAsync(TestContext.Current.CancellationToken, name: name));
        Assert.NotEmpty(fault.Hint);
        return fault;
    }

    public void CheckImage(Image? image)
    {
        Assert.NotNull(image?.Kernel);
        Assert.Null(image.Firmware);
        Assert.Equal(Kernel, File.ReadAllBytes(image.Kernel.Kernel));
        byte[] initrd = File.ReadAllBytes(image.Kernel.Initrd);
        Assert.Equal(image.SizeBytes, Kernel.Length + initrd.Length);
        string text = Encoding.Latin1.GetString(initrd);
        foreach (string name in (ReadOnlySpan<string>)["bin/busybox\0", "bin/run-parts\0", "sbin/modprobe\0", "/virtio_blk.ko\0", "/modules.dep\0", "init\0", "lib/strata/agent\0"])
            Assert.Contains(name, text, StringComparison.Ordinal);
    }

    public static string Digest(byte[] data) => Convert.ToHexStringLower(SHA256.HashData(data));

    public void Dispose()
    {
        Server.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private static string Stanza(string name, string depends, byte[] deb) =>
        $"Package: {name}\nVersion: 1\nDepends: {depends}\nFilename: pool/{name}.deb\nSize: {deb.Length}\nSHA256: {Digest(deb)}\n\n";

    internal sealed class Recorder(List<PullProgress> list) : IProgress<PullProgress>
    {
        public void Report(PullProgress value)
        {
            lock (list)
                list.Add(value);
        }
    }
}
