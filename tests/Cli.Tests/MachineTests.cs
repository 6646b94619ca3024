using System.Text.Json;
using Strata.Host.Processes;
using Strata.Host.Terminals;

namespace Strata.Cli.Tests;

/// <summary>Real machines with a firmware of thirteen instructions: terminals, deaths and what is left of them.</summary>
public sealed class MachineTests
{
    [Fact]
    public void Input_reaches_the_guest_its_output_ours_and_its_exit_code_too()
    {
        using Sandbox sandbox = new();
        (int exitCode, string output, string error) = sandbox.Run("hello q", "run", "--memory", "16M", "--firmware", sandbox.Firmware);
        Assert.Equal((7, "hello q", ""), (exitCode, output, error));
        Sandbox.Await(() => !Left(sandbox).Any(), "was everything removed");
    }

    [Fact]
    public void A_deterministic_machine_runs_as_well()
    {
        using Sandbox sandbox = new();
        Assert.Equal(7, sandbox.Run("q", "run", "--deterministic", "--memory", "16M", "--firmware", sandbox.Firmware).ExitCode);
    }

    [Fact]
    public void The_terminal_is_raw_while_the_machine_runs_and_as_it_was_afterwards()
    {
        using Sandbox sandbox = new();
        using PseudoTerminal terminal = new();
        TerminalMode before = TerminalMode.Of(terminal.Device);
        Screen screen = new(terminal);
        using ChildProcess strata = StartMachine(sandbox, terminal, screen);
        Assert.True(TerminalMode.Of(terminal.Device).Matches(before.AsRaw()));
        screen.Type("\u0003q");
        screen.Await("q");
        Assert.Equal(7, strata.TryWait(30_000));
        Assert.True(TerminalMode.Of(terminal.Device).Matches(before));
    }

    [Fact]
    public void The_menu_kills_the_machine()
    {
        using Sandbox sandbox = new();
        using PseudoTerminal terminal = new();
        Screen screen = new(terminal);
        using ChildProcess strata = StartMachine(sandbox, terminal, screen);
        screen.Type("\u001d");
        screen.Await("k kill");
        screen.Type("k");
        Assert.Equal(137, strata.TryWait(30_000));
        Sandbox.Await(() => !Left(sandbox).Any(), "was everything removed");
    }

    [Fact]
    public void A_running_machine_is_listed()
    {
        using Sandbox sandbox = new();
        using PseudoTerminal terminal = new();
        Screen screen = new(terminal);
        using ChildProcess strata = StartMachine(sandbox, terminal, screen);
        JsonElement machine = Assert.Single(JsonDocument.Parse(sandbox.Run("", "ps", "--json").Output).RootElement.EnumerateArray());
        Assert.Equal("running", machine.GetProperty("phase").GetString());
        Assert.Equal(16 << 20, machine.GetProperty("memoryBytes").GetInt64());
        Assert.Contains(machine.GetProperty("id").GetString()!, sandbox.Run("", "ps").Output, StringComparison.Ordinal);
        screen.Type("q");
        Assert.Equal(7, strata.TryWait(30_000));
    }

    [Fact]
    public void When_the_client_is_killed_the_monitor_restores_the_terminal_and_ends_the_machine()
    {
        using Sandbox sandbox = new();
        using PseudoTerminal terminal = new();
        TerminalMode before = TerminalMode.Of(terminal.Device);
        Screen screen = new(terminal);
        using ChildProcess strata = StartMachine(sandbox, terminal, screen);
        strata.Signal(HostProcess.SignalKill);
        Assert.Equal(128 + HostProcess.SignalKill, strata.TryWait(30_000));
        Sandbox.Await(() => TerminalMode.Of(terminal.Device).Matches(before), "was the terminal restored");
        Sandbox.Await(() => sandbox.Monitors().Count == 0 && !Left(sandbox).Any(), "did the monitor end");
    }

    [Fact]
    public void When_the_monitor_is_killed_the_client_says_so_and_the_next_command_sweeps()
    {
        using Sandbox sandbox = new();
        using PseudoTerminal terminal = new();
        TerminalMode before = TerminalMode.Of(terminal.Device);
        Screen screen = new(terminal);
        using ChildProcess strata = StartMachine(sandbox, terminal, screen);
        HostProcess.Signal(Assert.Single(sandbox.Monitors()), HostProcess.SignalKill);
        screen.Await("the machine's monitor process ended unexpectedly");
        Assert.Equal(125, strata.TryWait(30_000));
        Assert.True(TerminalMode.Of(terminal.Device).Matches(before));
        Assert.Single(Left(sandbox));
        Assert.Equal("[]\n", sandbox.Run("", "ps", "--json").Output);
        Assert.Empty(Left(sandbox));
    }

    [Fact]
    public void Whoever_is_killed_whenever_the_next_command_leaves_nothing()
    {
        Random random = new(Seed.Take());
        using Sandbox sandbox = new();
        using PseudoTerminal terminal = new();
        TerminalMode before = TerminalMode.Of(terminal.Device);
        using ManualResetEventSlim never = new();
        for (int round = 0; round < Seed.Rounds(8, 300); round++)
        {
            using ChildProcess strata = sandbox.StartOn(terminal, "run", "--memory", "16M", "--firmware", sandbox.Firmware);
            never.Wait(random.Next(700));
            if (random.Next(2) == 0)
                strata.Signal(HostProcess.SignalKill);
            else if (sandbox.Monitors() is [var monitor])
                HostProcess.Signal(monitor, HostProcess.SignalKill);
            else
                strata.Signal(HostProcess.SignalKill);
            Assert.NotNull(strata.TryWait(30_000));
            Sandbox.Await(() => sandbox.Monitors().Count == 0, "did the monitor end");
            Assert.True(TerminalMode.Of(terminal.Device).Matches(before));
        }

        Assert.Equal("[]\n", sandbox.Run("", "ps", "--json").Output);
        Assert.Empty(Left(sandbox));
    }

    private static IEnumerable<string> Left(Sandbox sandbox) =>
        Directory.EnumerateFileSystemEntries(sandbox.Registry).Where(path => Path.GetFileName(path) != "lock");

    private static ChildProcess StartMachine(Sandbox sandbox, PseudoTerminal terminal, Screen screen)
    {
        TerminalMode cooked = TerminalMode.Of(terminal.Device);
        ChildProcess strata = sandbox.StartOn(terminal, "run", "--memory", "16M", "--firmware", sandbox.Firmware);
        screen.Await("Ctrl-] opens the menu");

        // Echoed by the guest, not by the terminal: it arrives when the terminal is raw.
        Sandbox.Await(() => !TerminalMode.Of(terminal.Device).Matches(cooked), "was the terminal raw");
        screen.Type("ready");
        screen.Await("ready");
        return strata;
    }
}
