namespace Strata.Conformance.WholeMachines;

/// <summary>Real firmware in M-mode, as on QEMU's board, on a terminal.</summary>
public sealed class FirmwareTests
{
    [Fact]
    public void RunFirmwareGetsOpenSbiAndUBootByItselfAndUBootAnswersAtItsPrompt()
    {
        using TerminalSession user = new(TimeSpan.FromMinutes(6), "run", "--firmware");
        user.Await("OpenSBI v");
        user.Await("Hit any key to stop autoboot");
        user.Type("\r");
        user.Await("=> ");
        user.Type("version\r");
        user.Await("U-Boot 20");
        user.Await("=> ");

        // U-Boot asks OpenSBI (SRST), which writes to the board's syscon: everything begins again.
        user.Type("reset\r");
        user.Await("OpenSBI v");
        user.Await("Hit any key to stop autoboot");
        user.Type("\r");
        user.Await("=> ");
        user.Type("poweroff\r");
        Assert.Equal(0, user.AwaitExit());
        Assert.True(user.IsAsBefore, "the terminal has another mode than before");
    }

    [Fact]
    public void FilesOfTheUsersOwnAreTakenInstead()
    {
        using TerminalSession user = new(
            CommandLine.Patience, "run", "--memory", "64M", "--firmware", Repository.File(".cache", "oracle", "opensbi", "fw_jump.bin"),
            "--kernel", Repository.File(".cache", "oracle", "u-boot", "u-boot.bin"));
        user.Await("OpenSBI v");
        user.Await("U-Boot 20");
        user.Type("\u001dk");
        Assert.Equal(137, user.AwaitExit());
    }
}
