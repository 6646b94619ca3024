using System.Net.Sockets;
using System.Text;
using Strata.Api.Control;
using Strata.Host.Sockets;

namespace Strata.Monitor.Tests;

public sealed class ExecTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Arguments_arrive_unchanged_and_outputs_come_apart()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.StartedAsync();
        using Command command = await Command.RunAsync(client, "echo", "a b", "", "ü", "line\nfeed");
        Assert.Equal("a b||ü|line\nfeed", Encoding.UTF8.GetString(await command.OutputAsync()));
        Assert.Equal("e\n", Encoding.UTF8.GetString(await command.ErrorAsync()));
        Assert.Equal(0, await command.ExitAsync());
    }

    [Fact]
    public async Task The_commands_code_is_told_after_its_output_was_delivered()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.StartedAsync();
        using Command command = await Command.RunAsync(client, "exit", "7");
        Assert.Equal(7, await command.ExitAsync());
    }

    [Fact]
    public async Task A_guest_that_resets_its_machine_ends_its_commands_and_runs_others_when_its_agent_is_back()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.StartedAsync();
        using Command waiting = await Command.RunAsync(client, "wait");
        using Command reset = await Command.RunAsync(client, "reset");
        Assert.Empty(await waiting.OutputAsync());
        Assert.Equal("last words", Encoding.UTF8.GetString(await reset.OutputAsync()));
        Assert.Equal(new ExecExitedEvent(reset.Number, null, Restarted: true), await reset.EndAsync());
        _ = await client.AskAsync<DoneReply>(new AwaitAgentRequest(), Token);
        using Command next = await Command.RunAsync(client, "exit", "7");
        Assert.Equal(7, await next.ExitAsync());
    }

    [Fact]
    public async Task Input_is_passed_whole_and_its_end_too()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.StartedAsync();
        using Command command = await Command.RunAsync(client, "cat");
        byte[] data = new byte[300_000];
        new Random(2).NextBytes(data);
        Task sending = command.SendAsync(data);
        byte[] back = await command.OutputAsync();
        await sending;
        Assert.True(back.AsSpan().SequenceEqual(data));
        Assert.Equal(0, await command.ExitAsync());
    }

    [Fact]
    public async Task A_client_that_does_not_read_stops_the_command_and_loses_nothing()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.StartedAsync();
        using Command command = await Command.RunAsync(client, "flood", "2000");
        await Task.Delay(300, Token);
        Assert.False(command.ExitAsync().IsCompleted);
        byte[] output = await command.OutputAsync();
        Assert.Equal(2_000_000, output.Length);
        for (int i = 0; i < output.Length; i++)
            Assert.Equal((byte)(i / 1000), output[i]);
        Assert.True(monitor.Machine.Port(3).MostWaiting <= FakePort.Capacity);
    }

    [Fact]
    public async Task Eight_commands_run_at_once_and_the_ninth_is_refused()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.StartedAsync();
        List<Command> commands = [];
        for (int i = 0; i < 8; i++)
            commands.Add(await Command.RunAsync(client, "cat"));
        MonitorException failure = await Assert.ThrowsAsync<MonitorException>(() => Command.RunAsync(client, "cat"));
        Assert.Equal("E-EXEC-SLOTS", failure.Error.Code);
        await commands[3].SendAsync([]);
        Assert.Equal(0, await commands[3].ExitAsync());
        using Command another = await Command.RunAsync(client, "exit", "1");
        Assert.Equal(1, await another.ExitAsync());
        foreach (Command command in commands)
            command.Dispose();
    }

    [Fact]
    public async Task A_child_that_keeps_the_ports_open_does_not_keep_the_command()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.StartedAsync();
        using Command command = await Command.RunAsync(client, "leave-child");
        Assert.Equal(3, await command.ExitAsync());
    }

    [Fact]
    public async Task A_machine_that_ends_ends_its_commands_without_a_code()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.StartedAsync();
        using Command command = await Command.RunAsync(client, "die");
        Assert.Null(await command.ExitAsync());
        Assert.Equal(9, (await client.AskAsync<ExitReply>(new WaitRequest(), Token)).Exit.Code);
    }

    [Fact]
    public async Task Signals_are_passed_by_name_and_others_refused()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.StartedAsync();
        using Command command = await Command.RunAsync(client, "sleep");
        _ = await client.AskAsync<DoneReply>(new SignalRequest(command.Number, "INT"), Token);
        while (monitor.Machine.Signals is not ["INT"])
            await Task.Delay(5, Token);
        MonitorException failure = await Assert.ThrowsAsync<MonitorException>(() =>
            client.AskAsync<DoneReply>(new SignalRequest(command.Number, "INT 0\nSHUTDOWN"), Token));
        Assert.Equal("E-SIGNAL", failure.Error.Code);
    }

    [Fact]
    public async Task Without_an_agent_whoever_waits_for_it_learns_that_the_machine_ended()
    {
        await using MonitorUnderTest monitor = new(new FakeMachine(agent: false));
        await using MonitorClient client = await monitor.StartedAsync();
        Task<DoneReply> waiting = client.AskAsync<DoneReply>(new AwaitAgentRequest(), Token);
        monitor.Machine.Kill();
        Assert.Equal("E-AGENT-GONE", (await Assert.ThrowsAsync<MonitorException>(() => waiting)).Error.Code);
    }

    /// <summary>A command in the guest and the client's ends of its streams.</summary>
    private sealed class Command : IDisposable
    {
        private readonly MonitorClient _client;
        private readonly Socket[] _own;

        private Command(MonitorClient client, Socket[] own, int number)
        {
            _client = client;
            _own = own;
            Number = number;
        }

        public int Number { get; }

        public static async Task<Command> RunAsync(MonitorClient client, params string[] arguments)
        {
            (Socket One, Socket Other)[] pairs = [UnixSockets.Pair(), UnixSockets.Pair(), UnixSockets.Pair()];
            ExecReply reply = await client.AskAsync<ExecReply>(
                new ExecRequest(arguments, []), Token, [.. pairs.Select(pair => pair.Other.SafeHandle)]);
            foreach ((_, Socket other) in pairs)
                other.Dispose();
            return new(client, [.. pairs.Select(pair => pair.One)], reply.Exec);
        }

        public async Task SendAsync(byte[] data)
        {
            for (int at = 0; at < data.Length;)
                at += await _own[0].SendAsync(data.AsMemory(at), Token);
            _own[0].Shutdown(SocketShutdown.Send);
        }

        public Task<byte[]> OutputAsync() => ReadAsync(_own[1]);

        public Task<byte[]> ErrorAsync() => ReadAsync(_own[2]);

        public async Task<int?> ExitAsync() => (await EndAsync()).Code;

        public async Task<ExecExitedEvent> EndAsync()
        {
            await foreach (Reply reply in _client.Events.ReadAllAsync(Token))
            {
                if (reply is ExecExitedEvent exited && exited.Exec == Number)
                    return exited;
            }

            throw new InvalidOperationException("the connection ended first");
        }

        public void Dispose()
        {
            foreach (Socket socket in _own)
                socket.Dispose();
        }

        private static async Task<byte[]> ReadAsync(Socket socket)
        {
            using MemoryStream all = new();
            byte[] buffer = new byte[10_000];
            int got;
            while ((got = await socket.ReceiveAsync(buffer, Token)) > 0)
                all.Write(buffer, 0, got);
            return all.ToArray();
        }
    }
}
