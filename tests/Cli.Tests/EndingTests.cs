using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Strata.Host.Processes;
using Strata.Host.Sockets;
using Strata.Host.Terminals;

namespace Strata.Cli.Tests;

/// <summary>The exit codes that are ours, as <c>strata --help</c> says, and guests that reset their machine.</summary>
public sealed class EndingTests
{
    private const int SignalInterrupt = 2;

    [Fact]
    public void What_the_help_says_of_exit_codes_is_complete()
    {
        using Sandbox sandbox = new();
        foreach (string[] help in new string[][] { ["--help"], ["run", "--help"] })
        {
            string text = sandbox.Run("", help).Output;
            Assert.All(["2 usage", "124 ", "125 ", "130 Ctrl-C", "137 ", "141 "], code => Assert.Contains(code, text, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void An_agent_that_does_not_answer_is_124()
    {
        using Sandbox sandbox = new();
        using SafeFileHandle error = sandbox.Open("err");
        using ChildProcess strata = sandbox.Start(
            [null, null, error], null, ["run", "--memory", "16M", "--kernel", sandbox.SilentKernel, "--", "true"], ("STRATA_AGENT_TIMEOUT", "1"));
        Assert.Equal(124, strata.TryWait(30_000));
        Assert.StartsWith("error: cannot reach the agent in the guest: it said nothing for 1.0 s; the machine is ended now\nhint: ", Sandbox.Content(error), StringComparison.Ordinal);
        Sandbox.Await(() => sandbox.Monitors().Count == 0, "did the monitor end");
    }

    [Fact]
    public void CtrlC_while_the_guest_boots_is_130()
    {
        using Sandbox sandbox = new();
        using SafeFileHandle error = sandbox.Open("err");
        using ChildProcess strata = sandbox.Start(
            [null, null, error], null, ["run", "--memory", "16M", "--progress", "plain", "--kernel", sandbox.SilentKernel, "--", "true"]);
        Sandbox.Await(() => Sandbox.Content(error).Contains("waiting for the guest to boot", StringComparison.Ordinal), "did the guest boot");
        strata.Signal(SignalInterrupt);
        Assert.Equal(130, strata.TryWait(30_000));
        Sandbox.Await(() => sandbox.Monitors().Count == 0, "did the monitor end");
    }

    [Theory]
    [InlineData("version")]
    [InlineData("doctor")]
    [InlineData("run", "--help")]
    public void A_result_that_nobody_reads_is_141(params string[] arguments)
    {
        using Sandbox sandbox = new();
        (System.Net.Sockets.Socket ours, System.Net.Sockets.Socket output) = UnixSockets.Pair();
        ours.Dispose();
        using (output)
        using (ChildProcess strata = sandbox.Start([null, output.SafeHandle, null], null, arguments))
            Assert.Equal(141, strata.TryWait(30_000));
    }

    [Fact]
    public void A_console_that_nobody_reads_is_141_and_the_machine_ends()
    {
        using Sandbox sandbox = new();
        (System.Net.Sockets.Socket ours, System.Net.Sockets.Socket output) = UnixSockets.Pair();
        ours.Dispose();
        using (output)
        using (ChildProcess strata = sandbox.Start([null, output.SafeHandle, null], null, ["run", "--memory", "16M", "--firmware", sandbox.GreetingFirmware]))
            Assert.Equal(141, strata.TryWait(30_000));
        Sandbox.Await(() => sandbox.Monitors().Count == 0, "did the monitor end");
    }

    [Theory]
    [InlineData("--engine", "translator")]
    [InlineData("--engine", "interpreter")]
    [InlineData("--deterministic")]
    public void A_guest_that_resets_its_machine_begins_anew_and_leaves_nothing_behind(params string[] how)
    {
        using Sandbox sandbox = new();
        using PseudoTerminal terminal = new();
        Screen screen = new(terminal);
        using ChildProcess strata = sandbox.StartOn(terminal, ["run", .. how, "--memory", "16M", "--firmware", sandbox.GreetingFirmware]);
        screen.Await("\n>");
        int monitor = Assert.Single(sandbox.Monitors());
        (int Descriptors, int Threads)? before = null;
        for (int reset = 1; reset <= 5; reset++)
        {
            screen.Type(string.Create(CultureInfo.InvariantCulture, $"{reset}Z"));
            screen.Await(string.Create(CultureInfo.InvariantCulture, $"{reset}Z>"));

            // The first may have been the first to need something that stays.
            (int Descriptors, int Threads) now = (Count(monitor, "fd"), Count(monitor, "task"));
            if (reset == 1)
                before = now;
            Assert.Equal(before!.Value.Descriptors, now.Descriptors);
            Assert.InRange(now.Threads, 1, before.Value.Threads + 2);
        }

        screen.Type("q");
        Assert.Equal(7, strata.TryWait(30_000));
        Sandbox.Await(() => sandbox.Monitors().Count == 0, "did the monitor end");
    }

    private static int Count(int process, string what) => Directory.EnumerateFileSystemEntries($"/proc/{process}/{what}").Count();
}
