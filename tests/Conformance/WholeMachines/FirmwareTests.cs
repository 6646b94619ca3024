using System.Diagnostics;
using System.Text;

namespace Strata.Conformance.WholeMachines;

/// <summary>Real firmware in M-mode, as on QEMU's board.</summary>
public sealed class FirmwareTests
{
    [Fact]
    public async Task OpenSbiPrintsItsBannerAndStartsUBootWhichAnswersAtItsPrompt()
    {
        using Process strata = CommandLine.Start(
            "run", "--firmware", Repository.File(".cache", "oracle", "opensbi", "fw_dynamic.bin"), "--kernel", Repository.File(".cache", "oracle", "u-boot", "u-boot.bin"));
        using CancellationTokenSource budget = new(TimeSpan.FromMinutes(3));
        StringBuilder seen = new();
        await ReadUntil(strata, seen, "OpenSBI v", budget.Token);
        await ReadUntil(strata, seen, "Hit any key to stop autoboot", budget.Token);
        await strata.StandardInput.WriteAsync("\n");
        await strata.StandardInput.FlushAsync(budget.Token);
        await ReadUntil(strata, seen, "=> ", budget.Token);
        int before = seen.Length;
        await strata.StandardInput.WriteAsync("version\n");
        await strata.StandardInput.FlushAsync(budget.Token);
        await ReadUntil(strata, seen, "U-Boot 20", budget.Token, before);
        await strata.StandardInput.WriteAsync("poweroff\n");
        await strata.StandardInput.FlushAsync(budget.Token);
        await strata.WaitForExitAsync(budget.Token);
        Assert.Equal(0, strata.ExitCode);
    }

    private static async Task ReadUntil(Process strata, StringBuilder seen, string wanted, CancellationToken cancellation, int from = 0)
    {
        char[] buffer = new char[4096];
        while (!seen.ToString(from, seen.Length - from).Contains(wanted, StringComparison.Ordinal))
        {
            int count;
            try
            {
                // A pipe read does not hear of cancellation.
                count = await strata.StandardOutput.ReadAsync(buffer, CancellationToken.None).AsTask().WaitAsync(cancellation);
            }
            catch (OperationCanceledException late)
            {
                strata.Kill(entireProcessTree: true);
                throw new TimeoutException($"'{wanted}' did not come; the console said: {seen}", late);
            }

            if (count == 0)
                Assert.Fail($"the console ended before '{wanted}': {seen} {await strata.StandardError.ReadToEndAsync(cancellation)}");
            seen.Append(buffer, 0, count);
        }
    }
}
