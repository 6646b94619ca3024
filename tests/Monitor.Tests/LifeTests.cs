using System.Text;
using Microsoft.Win32.SafeHandles;
using Strata.Api.Control;
using Strata.Api.Machines;
using Strata.Host.Processes;

namespace Strata.Monitor.Tests;

public sealed class LifeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_monitor_whose_client_leaves_before_it_starts_a_machine_ends_and_leaves_nothing()
    {
        await using MonitorUnderTest monitor = new();
        await using (MonitorClient client = await monitor.FirstClientAsync())
        {
            Assert.Equal(8, client.Hello.Machine.Length);
            Assert.Equal([client.Hello.Machine], new ProcessRegistry(monitor.Root).Living());
        }

        await monitor.Process.WaitAsync(TimeSpan.FromSeconds(20), Token);
        Assert.Empty(Directory.EnumerateDirectories(monitor.Root.Path));
    }

    [Fact]
    public async Task The_socket_can_be_used_by_its_owner_alone()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.FirstClientAsync();
        string folder = Path.Join(monitor.Root.Path, client.Hello.Machine);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Join(folder, "control.sock")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
    }

    [Fact]
    public async Task A_foreground_machine_is_powered_off_when_its_client_leaves()
    {
        await using MonitorUnderTest monitor = new();
        await using (MonitorClient client = await monitor.StartedAsync())
            _ = await client.AskAsync<DoneReply>(new AwaitAgentRequest(), Token);
        ExitRecord exit = await monitor.Process.WaitAsync(TimeSpan.FromSeconds(20), Token);
        Assert.Equal(ExitCause.PowerOff, exit.Cause);
    }

    [Fact]
    public async Task A_guest_that_does_not_power_itself_off_within_the_grace_is_killed()
    {
        await using MonitorUnderTest monitor = new(new() { IgnoresShutdown = true });
        await using MonitorClient client = await monitor.StartedAsync();
        _ = await client.AskAsync<DoneReply>(new AwaitAgentRequest(), Token);
        _ = await client.AskAsync<DoneReply>(new PowerOffRequest(100), Token);
        Assert.Equal(ExitCause.Killed, (await client.AskAsync<ExitReply>(new WaitRequest(), Token)).Exit.Cause);
    }

    [Fact]
    public async Task A_detached_machine_outlives_the_client_that_started_it()
    {
        await using MonitorUnderTest monitor = new();
        await using (MonitorClient first = await monitor.FirstClientAsync())
            _ = await first.AskAsync<StatusReply>(new StartRequest(MonitorUnderTest.Record, Foreground: false), Token);
        await using MonitorClient second = await monitor.ClientAsync();
        Assert.Equal(MachinePhase.Running, (await second.AskAsync<StatusReply>(new InspectRequest(), Token)).Status.Phase);
    }

    [Fact]
    public async Task Whoever_waits_gets_the_guests_exit_code_and_watchers_every_phase()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.FirstClientAsync();
        _ = await client.AskAsync<DoneReply>(new EventsRequest(), Token);
        _ = await client.AskAsync<StatusReply>(new StartRequest(MonitorUnderTest.Record, Foreground: true), Token);
        Task<ExitReply> waiting = client.AskAsync<ExitReply>(new WaitRequest(), Token);
        monitor.Machine.End(new(200, ExitCause.GuestFailure, "panic"));
        Assert.Equal(new ExitRecord(200, ExitCause.GuestFailure, "panic"), (await waiting).Exit);
        Assert.Equal(MachinePhase.Running, Assert.IsType<PhaseEvent>(await client.Events.ReadAsync(Token)).Phase);
        Assert.Equal(MachinePhase.Exited, Assert.IsType<PhaseEvent>(await client.Events.ReadAsync(Token)).Phase);
    }

    [Fact]
    public async Task A_second_machine_is_refused_with_its_reason()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.StartedAsync();
        MonitorException failure = await Assert.ThrowsAsync<MonitorException>(() =>
            client.AskAsync<StatusReply>(new StartRequest(MonitorUnderTest.Record, Foreground: true), Token));
        Assert.Equal("E-MACHINE-PHASE", failure.Error.Code);
    }

    [Fact]
    public async Task A_machine_that_cannot_be_made_leaves_the_monitor_to_its_client()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.FirstClientAsync();
        MonitorException failure = await Assert.ThrowsAsync<MonitorException>(() =>
            client.AskAsync<StatusReply>(new StartRequest(MonitorUnderTest.Record with { Engine = "refused" }, Foreground: true), Token));
        Assert.Equal("E-TEST", failure.Error.Code);
        _ = await client.AskAsync<StatusReply>(new StartRequest(MonitorUnderTest.Record, Foreground: true), Token);
    }

    [Fact]
    public async Task Files_arrive_open_and_in_order()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.FirstClientAsync();
        string path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, "kernel", Token);
        using (SafeFileHandle file = File.OpenHandle(path))
        using (SafeFileHandle other = File.OpenHandle("/dev/zero"))
        {
            MachineRecord record = MonitorUnderTest.Record with { Boot = new() { Kernel = new(0, "a"), Initrd = new(1, "b") } };
            _ = await client.AskAsync<StatusReply>(new StartRequest(record, Foreground: true), Token, [file, other]);
        }

        File.Delete(path);
        byte[] bytes = new byte[16];
        Assert.Equal("kernel", Encoding.ASCII.GetString(bytes, 0, RandomAccess.Read(monitor.Files[0], bytes, 0)));
        Assert.Equal(16, RandomAccess.Read(monitor.Files[1], bytes, 0));
    }
}
