namespace Strata.Conformance.WholeMachines;

/// <summary>A user at a terminal: <c>./strata run tiny</c>.</summary>
public sealed class TerminalTests(TinyImage image) : IClassFixture<TinyImage>
{
    private const string Prompt = "tiny:/# ";
    private const string Escape = "\u001b";
    private const string CtrlC = "\u0003";

    [Fact]
    public void AShellOnATerminalEditsIsInterruptedKnowsItsWindowAndPowersOff()
    {
        Assert.NotEmpty(image.Kernel);
        using TerminalSession user = new(TimeSpan.FromMinutes(4), "run", "tiny");
        user.Await("Ctrl-] opens the menu");
        user.Await(Prompt);

        user.Type("vi /tmp/file\r");
        user.Await("~");                                    // the lines behind the end of a file that is empty
        user.Type("ihello from vi" + Escape);
        user.Await("hello from vi");
        user.Type(":wq\r");
        user.Await(Prompt);
        user.Type("wc -c < /tmp/file; sed s/hello/seen/ /tmp/file\r");
        user.Await("14");
        user.Await("seen from vi");
        user.Await(Prompt);

        // The echo of what is typed has the quotes, the output has not. It comes from what the shell has given its terminal to: a Ctrl-C that comes while the
        // shell is about to do so is lost, on any machine.
        user.Type("sh -c 'echo sle\"\"eps; exec sleep 1000'\r");
        user.Await("sleeps\r\n");
        user.Type(CtrlC);
        user.Await(Prompt);
        user.Type("echo ca''ts; cat\r");
        user.Await("cats\r\n");
        user.Type("said twice\r");
        user.Await("said twice\r\n");
        user.Await("said twice\r\n");
        user.Type(CtrlC);
        user.Await(Prompt);
        user.Type("echo al''ive $?\r");
        user.Await("alive 130");
        user.Await(Prompt);

        user.Type("stty size\r");
        user.Await("25 80");
        user.Await(Prompt);

        // In a shell of its own: at the prompt the line editor takes the signal, or the trap does, whichever was set last.
        user.Type("sh -c 'trap \"stty size; exit\" WINCH; echo wai\"\"ting; while :; do sleep 1; done'\r");
        user.Await("waiting\r\n");
        user.Resize(132, 50);
        user.Await("50 132");
        user.Await(Prompt);

        user.Type("\u001d");
        user.Await("p power off");
        user.Type(" ");
        user.Type("poweroff\r");
        Assert.Equal(0, user.AwaitExit());
        Assert.True(user.IsAsBefore, "the terminal has another mode than before");
    }

    [Fact]
    public void CtrlCEndsACommandWith130()
    {
        using TerminalSession user = new(CommandLine.Patience, "run", "tiny", "--", "sh", "-c", "echo run''ning; exec sleep 1000");
        user.Await("running\r\n");
        user.Type(CtrlC);
        Assert.Equal(130, user.AwaitExit());
        Assert.True(user.IsAsBefore, "the terminal has another mode than before");
    }

    /// <summary>Through our SBI (SRST); through the board's syscon: FirmwareTests, and the command line's own tests.</summary>
    [Theory]
    [InlineData]
    [InlineData("--deterministic")]
    public void AGuestThatRebootsComesUpAgainOnTheSameTerminal(params string[] how)
    {
        using TerminalSession user = new(TimeSpan.FromMinutes(4), ["run", "tiny", .. how]);
        user.Await("Strata tiny, Linux");
        user.Await(Prompt);
        user.Resize(132, 50);
        user.Type("touch /run/here; cat /proc/uptime > /run/there; ls /run\r");
        user.Await("there");
        user.Await(Prompt);
        int monitor = Assert.Single(user.Monitors);
        int descriptors = Descriptors(monitor);

        user.Type("reboot -f\r");
        user.Await("Strata tiny, Linux");
        user.Await(Prompt);
        user.Type("stty size; ls /run/here\r");
        user.Await("50 132");
        user.Await("No such file");
        user.Await(Prompt);
        Assert.Equal([monitor], user.Monitors);
        user.Await(() => Descriptors(monitor) == descriptors, $"{descriptors} open files as before, not {Descriptors(monitor)}");
        user.Type("poweroff\r");
        Assert.Equal(0, user.AwaitExit());
        Assert.True(user.IsAsBefore, "the terminal has another mode than before");
    }

    private static int Descriptors(int process) => Directory.EnumerateFileSystemEntries($"/proc/{process}/fd").Count();
}
