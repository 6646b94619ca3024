namespace Strata.Images.Tests.Pulling;

public class FirmwarePullTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_firmware_is_pulled_without_the_kernel_and_a_second_pull_brings_nothing()
    {
        using var archive = new TestArchive();
        PullResult first = await archive.PullAsync(Cancellation, name: "firmware");
        Assert.True(first.Changed);
        CheckFirmware(archive, first.Image);
        Assert.Equal("1 (u-boot 1)", first.Image.Version);
        Assert.Equal(["release", "packages", "opensbi", "u-boot"], archive.Progress.Select(static p => p.Step).Distinct());
        Assert.DoesNotContain(archive.Server.Requests, static path => path.Contains("linux-image", StringComparison.Ordinal) || path.Contains("busybox", StringComparison.Ordinal));
        PullResult second = await archive.PullAsync(Cancellation, name: "firmware");
        Assert.False(second.Changed);
        Assert.Equal(0, second.BytesDownloaded);
        Assert.Equal(first.Image, second.Image);
        Assert.Empty(Directory.GetFiles(Path.Combine(archive.Store.Root, "partial")));
        Assert.Empty(Directory.GetFiles(Path.Combine(archive.Store.Root, "temporary")));
    }

    [Fact]
    public async Task Both_images_live_in_one_store_and_each_is_renewed_by_itself()
    {
        using var archive = new TestArchive();
        await archive.PullAsync(Cancellation);
        await archive.PullAsync(Cancellation, name: "firmware");
        Assert.Equal(["firmware", "tiny"], archive.Store.List().Select(static image => image.Name));
        archive.Publish(300_000, 2, TestArchive.Today);
        Assert.True((await archive.PullAsync(Cancellation, name: "firmware")).Changed);
        CheckFirmware(archive, archive.Store.TryGet("firmware"));

        // The release that the firmware's pull has accepted says nothing about what tiny is made of.
        PullResult tiny = await archive.PullAsync(Cancellation);
        Assert.True(tiny.Changed);
        archive.CheckImage(tiny.Image);
    }

    [Fact]
    public async Task Blobs_of_either_image_outlive_a_pull_of_the_other()
    {
        using var archive = new TestArchive();
        await archive.PullAsync(Cancellation);
        await archive.PullAsync(Cancellation, name: "firmware");
        foreach (string blob in Directory.GetFiles(Path.Combine(archive.Store.Root, "blobs", "sha256")))
            File.SetLastWriteTimeUtc(blob, DateTime.UtcNow.AddDays(-3));
        archive.Publish(300_000, 2, TestArchive.Today);
        await archive.PullAsync(Cancellation);
        Assert.NotNull(archive.Store.TryGet("firmware"));
        Assert.Equal(4, Directory.GetFiles(Path.Combine(archive.Store.Root, "blobs", "sha256")).Length);     // the old kernel and file system are gone
    }

    [Fact]
    public async Task A_firmware_that_is_not_whole_is_none()
    {
        using var archive = new TestArchive();
        PullResult pulled = await archive.PullAsync(Cancellation, name: "firmware");
        File.Delete(pulled.Image.Firmware!.Payload);
        Assert.Null(archive.Store.TryGet("firmware"));
        CheckFirmware(archive, (await archive.PullAsync(Cancellation, name: "firmware")).Image);
    }

    [Theory]
    [InlineData("opensbi.deb", nameof(Fault.WrongByte), "E-IMG-DIGEST")]
    [InlineData("u-boot-qemu.deb", nameof(Fault.WrongByte), "E-IMG-DIGEST")]
    [InlineData("u-boot-qemu.deb", nameof(Fault.NotFound), "E-IMG-NETWORK")]
    public async Task A_package_that_is_not_what_is_promised_is_refused(string file, string fault, string code)
    {
        using var archive = new TestArchive();
        Fault kind = Enum.Parse<Fault>(fault);
        archive.Server.Misbehave(file, kind, kind, kind);
        Assert.Equal(code, (await archive.FailAsync("firmware")).Code);
        Assert.Empty(archive.Store.List());
    }

    [Fact]
    public async Task A_package_without_the_program_for_supervisor_mode_is_refused()
    {
        using var archive = new TestArchive();
        archive.Publish(1000, 1, uBootFolder: "sifive_unleashed");
        ImageException fault = await archive.FailAsync("firmware");
        Assert.Equal("E-IMG-FORMAT", fault.Code);
        Assert.Contains("qemu-riscv64_smode/u-boot.bin", fault.Message, StringComparison.Ordinal);
    }

    private static void CheckFirmware(TestArchive archive, Image? image)
    {
        Assert.NotNull(image?.Firmware);
        Assert.Null(image.Kernel);
        Assert.Equal(archive.OpenSbi, File.ReadAllBytes(image.Firmware.Firmware));
        Assert.Equal(archive.UBoot, File.ReadAllBytes(image.Firmware.Payload));
        Assert.Equal(image.SizeBytes, archive.OpenSbi.Length + archive.UBoot.Length);
    }
}
