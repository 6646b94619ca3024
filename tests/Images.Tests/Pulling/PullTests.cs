using Strata.Images.Tests.OpenPgp;

namespace Strata.Images.Tests.Pulling;

public class PullTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_first_pull_brings_the_image_and_a_second_one_nearly_nothing()
    {
        using var archive = new TestArchive();
        Assert.Null(archive.Store.TryGet("tiny"));
        Assert.Empty(archive.Store.List());
        PullResult first = await archive.PullAsync(Cancellation);
        Assert.True(first.Changed);
        archive.CheckImage(first.Image);
        Assert.Equal("6.1-riscv64", first.Image.Kernel!.Version);
        Assert.InRange(first.BytesDownloaded, archive.KernelDeb.Length, archive.Server.BytesSent);
        Assert.Equal(["release", "packages", "busybox", "kernel", "image"], archive.Progress.Select(static p => p.Step).Distinct());
        Assert.All(archive.Progress, static p => Assert.True(p.Awaited.Length > 0 && !(p.BytesDone > p.BytesTotal)));
        PullResult second = await archive.PullAsync(Cancellation);
        Assert.False(second.Changed);
        Assert.Equal(0, second.BytesDownloaded);                 // the server says that nothing has changed
        Assert.Equal(first.Image, second.Image);
        Assert.Equal(first.Image, Assert.Single(archive.Store.List()));
        Assert.Empty(Directory.GetFiles(Path.Combine(archive.Store.Root, "partial")));
        Assert.Empty(Directory.GetFiles(Path.Combine(archive.Store.Root, "temporary")));
    }

    [Fact]
    public async Task Offline_the_cache_is_enough_to_start_and_a_pull_fails_clearly()
    {
        using var archive = new TestArchive();
        PullResult pulled = await archive.PullAsync(Cancellation);
        archive.Server.Dispose();
        Assert.Equal(pulled.Image, new ImageStore(archive.Store.Root).TryGet("tiny"));
        ImageException fault = await archive.FailAsync();
        Assert.Equal("E-IMG-NETWORK", fault.Code);
        archive.CheckImage(archive.Store.TryGet("tiny"));
    }

    [Fact]
    public async Task A_new_kernel_replaces_the_old_one()
    {
        using var archive = new TestArchive();
        await archive.PullAsync(Cancellation);
        archive.Publish(300_000, 2, TestArchive.Today);
        PullResult result = await archive.PullAsync(Cancellation);
        Assert.True(result.Changed);
        Assert.Equal("6.2-riscv64", result.Image.Kernel!.Version);
        archive.CheckImage(result.Image);
    }

    [Fact]
    public async Task A_new_list_with_the_same_packages_brings_the_list_only()
    {
        using var archive = new TestArchive();
        await archive.PullAsync(Cancellation);
        archive.Publish(400_000, 1, TestArchive.Today, change: static list => list + "Package: another\nVersion: 3\n\n");
        PullResult result = await archive.PullAsync(Cancellation);
        Assert.False(result.Changed);
        Assert.InRange(result.BytesDownloaded, 1, 20_000);
    }

    [Theory]
    [InlineData(nameof(Fault.CutInTheMiddle))]
    [InlineData(nameof(Fault.StallInTheMiddle))]
    [InlineData(nameof(Fault.NoAnswer))]
    [InlineData(nameof(Fault.ServerError))]
    public async Task A_download_goes_on_where_it_was_interrupted(string name)
    {
        Fault fault = Enum.Parse<Fault>(name);
        using var archive = new TestArchive(1_500_000);
        archive.Server.Misbehave("6.1-riscv64.deb", fault, fault, Fault.None);
        archive.Server.Misbehave("InRelease", fault);
        archive.CheckImage((await archive.PullAsync(Cancellation)).Image);
        string[] kernel = [.. archive.Server.Requests.Where(static path => path.Contains("6.1-riscv64.deb", StringComparison.Ordinal))];
        Assert.Equal(3, kernel.Length);
        if (fault is Fault.CutInTheMiddle or Fault.StallInTheMiddle)
            Assert.All(kernel.Skip(1), static path => Assert.Contains(" from ", path, StringComparison.Ordinal));
        Assert.InRange(archive.Server.BytesSent, archive.KernelDeb.Length, archive.KernelDeb.Length + 100_000);
    }

    [Fact]
    public async Task A_server_that_knows_no_ranges_is_read_again_from_the_start()
    {
        using var archive = new TestArchive(1_500_000);
        archive.Server.Misbehave("6.1-riscv64.deb", Fault.CutInTheMiddle, Fault.IgnoreRange);
        archive.CheckImage((await archive.PullAsync(Cancellation)).Image);
    }

    [Fact]
    public async Task A_cancelled_pull_is_continued_by_the_next_one()
    {
        using var archive = new TestArchive(1_500_000);
        archive.Server.PauseBetweenParts = TimeSpan.FromMilliseconds(2);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var progress = new StopAt(stop, 400_000);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => archive.PullAsync(stop.Token, progress: progress));
        Assert.Null(archive.Store.TryGet("tiny"));
        archive.Server.PauseBetweenParts = TimeSpan.Zero;
        archive.CheckImage((await archive.PullAsync(Cancellation)).Image);
        Assert.Contains(" from ", archive.Server.Requests[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_earlier_try_left_is_dropped_when_it_is_wrong()
    {
        using var archive = new TestArchive();
        string partial = Path.Combine(archive.Store.Root, "partial");
        Directory.CreateDirectory(partial);
        File.WriteAllBytes(Path.Combine(partial, TestArchive.Digest(archive.KernelDeb)), new byte[100_000]);
        archive.CheckImage((await archive.PullAsync(Cancellation)).Image);
        Assert.Equal(2, archive.Server.Requests.Count(static path => path.Contains("6.1-riscv64.deb", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("6.1-riscv64.deb", nameof(Fault.WrongByte), "E-IMG-DIGEST")]
    [InlineData("6.1-riscv64.deb", nameof(Fault.OneByteMore), "E-IMG-DIGEST")]
    [InlineData("6.1-riscv64.deb", nameof(Fault.NotFound), "E-IMG-NETWORK")]
    [InlineData("busybox-static.deb", nameof(Fault.WrongByte), "E-IMG-DIGEST")]
    [InlineData("InRelease", nameof(Fault.NotFound), "E-IMG-NETWORK")]
    public async Task What_is_not_as_promised_never_becomes_an_image(string file, string fault, string code)
    {
        using var archive = new TestArchive();
        archive.Server.Misbehave(file, Enum.Parse<Fault>(fault));
        Assert.Equal(code, (await archive.FailAsync()).Code);
        Assert.Null(archive.Store.TryGet("tiny"));
        archive.CheckImage((await archive.PullAsync(Cancellation)).Image);      // the next pull is not spoiled
    }

    [Theory]
    [InlineData(nameof(Fault.CutInTheMiddle))]
    [InlineData(nameof(Fault.NoAnswer))]
    public async Task A_dead_server_is_given_up_after_the_attempts(string name)
    {
        using var archive = new TestArchive();
        archive.Server.Misbehave("InRelease", [.. Enumerable.Repeat(Enum.Parse<Fault>(name), 10)]);
        Assert.Equal("E-IMG-NETWORK", (await archive.FailAsync()).Code);
        Assert.Equal(3, archive.Server.Requests.Length);
    }

    [Fact]
    public async Task A_release_of_a_stranger_is_refused()
    {
        using var archive = new TestArchive();
        archive.Publish(400_000, 1, signer: new TestSigner(TestArchive.Today.AddYears(-1)));
        Assert.Equal("E-IMG-SIGNATURE", (await archive.FailAsync()).Code);
        archive.Server.Put("dists/trixie/InRelease", "<html>please log in</html>"u8.ToArray());
        Assert.Equal("E-IMG-SIGNATURE", (await archive.FailAsync()).Code);
    }

    [Fact]
    public async Task An_older_release_than_the_last_is_refused_even_when_apt_checks_no_dates()
    {
        using var archive = new TestArchive();
        archive.AptDump = "Acquire::Check-Date \"false\";\nAcquire::Check-Valid-Until \"false\";";
        await archive.PullAsync(Cancellation);
        archive.Publish(300_000, 0, TestArchive.Today.AddDays(-5));
        Assert.Equal("E-IMG-DATE", (await archive.FailAsync()).Code);
        Assert.Equal("6.1-riscv64", archive.Store.TryGet("tiny")!.Kernel!.Version);
    }

    [Fact]
    public async Task Dates_are_checked_unless_apt_does_not()
    {
        using var archive = new TestArchive();
        archive.Publish(400_000, 1, TestArchive.Today.AddDays(-9), TestArchive.Today.AddDays(-2));
        Assert.Equal("E-IMG-DATE", (await archive.FailAsync()).Code);
        archive.AptDump = "Acquire::Check-Valid-Until \"false\";";
        Assert.True((await archive.PullAsync(Cancellation)).Changed);
    }

    [Fact]
    public async Task Two_pullers_do_the_work_once()
    {
        using var archive = new TestArchive();
        archive.Server.PauseBetweenParts = TimeSpan.FromMilliseconds(10);
        Task<PullResult> first = archive.PullAsync(Cancellation);
        var waits = new List<PullProgress>();
        await Task.Delay(50, Cancellation);
        Task<PullResult> second = archive.PullAsync(Cancellation, progress: new TestArchive.Recorder(waits));
        PullResult[] results = await Task.WhenAll(first, second);
        archive.CheckImage(results[0].Image);
        Assert.Equal(results[0].Image, results[1].Image);
        Assert.Single(archive.Server.Requests, static path => path.Contains("6.1-riscv64.deb", StringComparison.Ordinal));
        Assert.Single(results, static result => result.BytesDownloaded > 0);
        Assert.Contains(waits.Concat(archive.Progress), static p => p.Step == "lock" && p.Awaited.Contains("another strata", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_full_disk_is_said_so()
    {
        using var archive = new TestArchive();
        string partial = Path.Combine(archive.Store.Root, "partial");
        Directory.CreateDirectory(partial);
        File.CreateSymbolicLink(Path.Combine(partial, TestArchive.Digest(archive.KernelDeb)), "/dev/full");
        ImageException fault = await archive.FailAsync();
        Assert.Equal("E-IMG-SPACE", fault.Code);
        Assert.Contains(archive.Store.Root, fault.Message, StringComparison.Ordinal);
        Assert.Null(archive.Store.TryGet("tiny"));
    }

    [Fact]
    public async Task Modules_that_nobody_expected_come_in_a_second_pass()
    {
        using var archive = new TestArchive();
        archive.Publish(400_000, 1, extraNeed: ",lz4");
        PullResult result = await archive.PullAsync(Cancellation);
        Assert.Contains("/lz4.ko\0", System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(result.Image.Kernel!.Initrd)), StringComparison.Ordinal);
        archive.Publish(400_000, 2, TestArchive.Today, extraNeed: ",nowhere");
        Assert.Equal("E-IMG-FORMAT", (await archive.FailAsync()).Code);
    }

    [Fact]
    public async Task Packages_that_are_not_as_expected_are_said_to_be_so()
    {
        using var archive = new TestArchive();
        archive.Publish(400_000, 1, change: static list => list.Replace("linux-image-riscv64", "linux-picture-riscv64", StringComparison.Ordinal));
        Assert.Equal("E-IMG-FORMAT", (await archive.FailAsync()).Code);
    }

    [Fact]
    public async Task Without_any_archive_the_error_says_how_to_name_one()
    {
        using var archive = new TestArchive();
        Assert.SkipUnless(Environment.GetEnvironmentVariable("STRATA_DEBIAN_ARCHIVE") == null, "an archive is set");
        ImageException fault = await Assert.ThrowsAsync<ImageException>(() => archive.PullAsync(Cancellation, new PullOptions()));
        Assert.Equal("E-IMG-ARCHIVE", fault.Code);
        Assert.Contains("STRATA_DEBIAN_ARCHIVE=", fault.Hint, StringComparison.Ordinal);
        Assert.Equal("E-IMG-UNKNOWN", (await Assert.ThrowsAsync<ImageException>(() => new ImagePuller(archive.Store).PullAsync("huge", cancellation: Cancellation))).Code);
    }

    [Fact]
    public async Task The_proxy_that_apt_names_is_used()
    {
        using var archive = new TestArchive();
        archive.AptDump = $"Acquire::http::Proxy \"{archive.Server.Address}\";";
        var options = new PullOptions { Archive = "http://archive.invalid/debian", StallTimeout = TimeSpan.FromSeconds(5), Attempts = 1 };
        archive.CheckImage((await archive.PullAsync(Cancellation, options)).Image);
    }

    [Fact]
    public async Task An_image_that_is_not_whole_is_none_and_is_pulled_again()
    {
        using var archive = new TestArchive();
        PullResult pulled = await archive.PullAsync(Cancellation);
        using (FileStream file = File.OpenWrite(pulled.Image.Kernel!.Kernel))
            file.SetLength(1000);
        Assert.Null(archive.Store.TryGet("tiny"));
        Assert.Empty(archive.Store.List());
        archive.CheckImage((await archive.PullAsync(Cancellation)).Image);
    }

    [Fact]
    public async Task Guest_files_of_another_version_are_exchanged_without_the_network()
    {
        using var archive = new TestArchive();
        PullResult pulled = await archive.PullAsync(Cancellation);
        archive.Server.Dispose();
        string manifest = Path.Combine(archive.Store.Root, "images", "tiny.json");
        string text = File.ReadAllText(manifest);
        string digest = Strata.Images.Tiny.GuestFiles.Digest;
        Assert.Contains(digest, text, StringComparison.Ordinal);
        File.WriteAllText(manifest, text.Replace(digest, new string('0', 64), StringComparison.Ordinal));
        Image? image = archive.Store.TryGet("tiny");
        Assert.Equal(pulled.Image with { Created = image!.Created }, image);
        archive.CheckImage(image);
        Assert.Contains(digest, File.ReadAllText(manifest), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{\"format\":1}")]
    [InlineData("{\"format\":99,\"name\":\"tiny\"}")]
    public void A_damaged_manifest_is_no_image(string text)
    {
        using var archive = new TestArchive(1000);
        string folder = Path.Combine(archive.Store.Root, "images");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "tiny.json"), text);
        Assert.Null(archive.Store.TryGet("tiny"));
        Assert.Empty(archive.Store.List());
    }

    private sealed class StopAt(CancellationTokenSource stop, long bytes) : IProgress<PullProgress>
    {
        public void Report(PullProgress value)
        {
            if (value.Step == "kernel" && value.BytesDone >= bytes)
                stop.Cancel();
        }
    }
}
