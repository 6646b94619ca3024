namespace Strata.Conformance.WholeMachines;

/// <summary>Debian's kernel and busybox, started as the README says.</summary>
public sealed class TinyTests(TinyImage image) : IClassFixture<TinyImage>
{
    [Fact]
    public void ACommandHasItsThreeStreamsAndItsExitCode()
    {
        CommandLine result = CommandLine.Run("x\n", "run", "tiny", "--", "sh", "-c", "cat; echo e >&2; exit 7");
        Assert.Equal("x\n", result.Output);
        Assert.Contains("e\n", result.Error, StringComparison.Ordinal);
        Assert.Equal(7, result.ExitCode);
    }

    [Fact]
    public void WhatBecomesOfACommandIsOurExitCodeAsTheHelpSays()
    {
        (int Code, string Why, string[] Command)[] cases =
        [
            (127, "nosuchcommand", ["nosuchcommand"]),
            (126, "/etc/passwd", ["/etc/passwd"]),
            (125, "error: the command did not end: the machine ended before it (it powered itself off)\n", ["sh", "-c", "poweroff -f; sleep 1000"]),
            (125, "error: the command did not end: the guest restarted itself before it\nhint: ", ["sh", "-c", "reboot -f; sleep 1000"]),
        ];
        CommandLine[] ended = new CommandLine[cases.Length];
        _ = Parallel.For(0, cases.Length, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i => ended[i] = CommandLine.Run("", ["run", "tiny", "--", .. cases[i].Command]));
        for (int i = 0; i < cases.Length; i++)
        {
            Assert.True(cases[i].Code == ended[i].ExitCode, $"{cases[i].Command[^1]}: {ended[i]}");
            Assert.Empty(ended[i].Output);
            Assert.Contains(cases[i].Why, ended[i].Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void TheGuestIsAnUnmodifiedRiscVLinuxThatComputes()
    {
        CommandLine result = CommandLine.Run(
            "", "run", "tiny", "--", "sh", "-c", "uname -m; i=0; s=0; while [ $i -lt 2000 ]; do i=$((i+1)); s=$((s+i*i)); done; echo $s; seq 1 20000 | sha256sum");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal($"riscv64\n2668667000\n{DigestOfSequence(20000)}  -\n", result.Output);
    }

    [Fact]
    public void ALargeStreamArrivesWholeInBothDirections()
    {
        string input = string.Concat(Enumerable.Range(0, 40_000).Select(number => $"{number:x8}\n"));
        CommandLine result = CommandLine.Run(input, "run", "tiny", "--", "cat");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(input, result.Output);
    }

    [Fact]
    public void ADiskKeepsWhatTheGuestWrote()
    {
        string disk = Path.Combine(Path.GetTempPath(), $"strata-disk-{Guid.NewGuid():n}");
        File.WriteAllBytes(disk, new byte[4 << 20]);
        try
        {
            CommandLine result = CommandLine.Run(
                "", "run", "tiny", "--disk", $"{disk},serial=S123", "--", "sh", "-c",
                "cat /sys/block/vda/serial; yes strata | dd of=/dev/vda bs=64k count=16 iflag=fullblock 2>/dev/null; sync; dd if=/dev/vda bs=64k count=16 2>/dev/null | sha256sum");
            Assert.True(result.ExitCode == 0, result.Error);
            byte[] written = [.. File.ReadAllBytes(disk).Take(1 << 20)];
            Assert.StartsWith("strata\nstrata\n", System.Text.Encoding.ASCII.GetString(written, 0, 14), StringComparison.Ordinal);
            Assert.Equal($"S123{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(written))}  -", result.Output.Replace("\n", "", StringComparison.Ordinal));
        }
        finally
        {
            File.Delete(disk);
        }
    }

    [Fact]
    public void OpenSbiStartsTheSameKernelInMachineMode()
    {
        CommandLine result = CommandLine.Run(
            "", "run", "--firmware", Repository.File(".cache", "oracle", "opensbi", "fw_dynamic.bin"), "--kernel", image.Kernel, "--initrd", image.Initrd,
            "--append", "console=ttyS0 panic=-1 rdinit=/bin/busybox -- poweroff -f");
        Assert.Contains("OpenSBI v", result.Output, StringComparison.Ordinal);
        Assert.Contains("Linux version", result.Output, StringComparison.Ordinal);
        Assert.Contains("reboot: Power down", result.Output, StringComparison.Ordinal);
        Assert.Equal(0, result.ExitCode);
    }

    private static string DigestOfSequence(int last) =>
        Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(
            System.Text.Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(1, last).Select(number => $"{number}\n")))));
}
