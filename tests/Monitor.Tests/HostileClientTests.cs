using System.Net.Sockets;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Strata.Api.Control;
using Strata.Host.Sockets;

namespace Strata.Monitor.Tests;

/// <summary>Clients that do not keep to the protocol: at worst they lose their connection, never does the monitor or its machine.</summary>
public sealed class HostileClientTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("nonsense\n")]
    [InlineData("{}\n")]
    [InlineData("{\"do\":\"destroy-everything\",\"id\":1}\n")]
    [InlineData("{\"do\":\"inspect\",\"id\":1}\n")]
    [InlineData("null\n")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]\n")]
    public async Task A_line_that_is_no_request_is_answered_and_the_connection_closed(string line)
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.StartedAsync();
        using Socket socket = monitor.Connect();
        _ = await socket.SendAsync(Encoding.UTF8.GetBytes(line), Token);
        string answer = Encoding.UTF8.GetString(await ReadToEndAsync(socket));
        FailedReply reply = Assert.IsType<FailedReply>(ControlJson.ParseReply(Encoding.UTF8.GetBytes(answer.TrimEnd('\n'))));
        Assert.Equal("E-PROTOCOL", reply.Error.Code);
        _ = await client.AskAsync<StatusReply>(new InspectRequest(), Token);
    }

    [Fact]
    public async Task A_line_beyond_64_KiB_ends_the_connection()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.StartedAsync();
        using Socket socket = monitor.Connect();
        byte[] endless = new byte[ControlProtocol.MaximumLineBytes + 1];
        endless.AsSpan().Fill((byte)'x');
        try
        {
            _ = await socket.SendAsync(endless, Token);
        }
        catch (SocketException)
        {
            // Closed while this side still sends.
        }

        _ = await ReadToEndAsync(socket);
        _ = await client.AskAsync<StatusReply>(new InspectRequest(), Token);
    }

    [Fact]
    public async Task A_client_that_never_reads_its_answers_loses_the_connection()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.StartedAsync();
        using Socket socket = monitor.Connect();
        _ = await socket.SendAsync(ControlJson.Line(new HelloRequest(1) { Id = 1 }), Token);
        byte[] line = ControlJson.Line(new InspectRequest { Id = 2 });
        await Assert.ThrowsAnyAsync<SocketException>(async () =>
        {
            while (true)
                _ = await socket.SendAsync(line, Token);
        });
        _ = await client.AskAsync<StatusReply>(new InspectRequest(), Token);
    }

    [Fact]
    public async Task Missing_and_superfluous_files_are_refused()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.StartedAsync();
        await using MonitorClient poor = await monitor.ClientAsync();
        await Assert.ThrowsAnyAsync<IOException>(() => poor.AskAsync<ExecReply>(new ExecRequest(["cat"], []), Token));

        await using MonitorClient wrong = await monitor.ClientAsync();
        using SafeFileHandle file = File.OpenHandle("/dev/null");
        MonitorException failure = await Assert.ThrowsAsync<MonitorException>(() =>
            wrong.AskAsync<ExecReply>(new ExecRequest(["cat"], []), Token, [file, file, file]));
        Assert.Equal("E-EXEC-STREAMS", failure.Error.Code);

        using Socket rich = monitor.Connect();
        SafeFileHandle[] many = [.. Enumerable.Repeat(file, 32)];
        DescriptorPassing.Send(rich, "{\"do\":"u8, many);
        DescriptorPassing.Send(rich, "\"hello\""u8, many);
        _ = await ReadToEndAsync(rich);
        _ = await client.AskAsync<StatusReply>(new InspectRequest(), Token);
    }

    [Fact]
    public async Task Random_and_mutated_lines_never_end_the_monitor()
    {
        Random random = new(Seed.Take());
        await using MonitorUnderTest monitor = new(new() { EndsWhenShoutedAt = false }); // What follows a console request is typed into the guest.
        await using MonitorClient client = await monitor.StartedAsync();
        byte[][] seeds =
        [
            ControlJson.Line(new HelloRequest(1) { Id = 1 }),
            ControlJson.Line(new InspectRequest { Id = 2 }),
            ControlJson.Line(new StartRequest(MonitorUnderTest.Record with { Disks = [new() { File = new(0, "d") }] }, Foreground: false) { Id = 3 }),
            ControlJson.Line(new ConsoleRequest(ConsoleKind.Virtio, 80, 25, Replay: true) { Id = 4 }),
            ControlJson.Line(new ResizeRequest(80, 25) { Id = 5 }),
            ControlJson.Line(new ExecRequest(["a"], ["B=c"]) { Id = 6 }),
            ControlJson.Line(new SignalRequest(1, "INT") { Id = 7 }),
            ControlJson.Line(new TranscriptRequest(ConsoleKind.Serial, 5) { Id = 8 }),
            ControlJson.Line(new HoldTerminalRequest { Id = 9 }),
            ControlJson.Line(new WaitRequest { Id = 10 }),
            ControlJson.Line(new EventsRequest { Id = 11 }),
        ];
        for (int round = 0; round < Seed.Rounds(400, 200_000); round++)
        {
            using Socket socket = monitor.Connect();
            try
            {
                if (random.Next(4) > 0)
                    _ = await socket.SendAsync(seeds[0], Token);
                for (int line = random.Next(1, 6); line > 0; line--)
                {
                    byte[] bytes = (byte[])seeds[random.Next(seeds.Length)].Clone();
                    for (int change = random.Next(4); change > 0; change--)
                        bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                    _ = await socket.SendAsync(bytes.AsMemory(0, random.Next(8) == 0 ? random.Next(bytes.Length) : bytes.Length), Token);
                }
            }
            catch (SocketException)
            {
                // The monitor has seen enough.
            }
        }

        Assert.Equal(Api.Machines.MachinePhase.Running, (await client.AskAsync<StatusReply>(new InspectRequest(), Token)).Status.Phase);
    }

    [Fact]
    public async Task Random_lines_of_the_guests_agent_never_end_the_monitor()
    {
        Random random = new(Seed.Take());
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.StartedAsync();
        string[] words = ["HELLO", "STARTED", "EXIT", "PONG", "0", "7", "8", "-1", "99999999999999", "é", "", "\0"];
        for (int round = 0; round < Seed.Rounds(3000, 2_000_000); round++)
        {
            string line = string.Join(' ', Enumerable.Range(0, random.Next(5)).Select(_ => words[random.Next(words.Length)]));
            if (random.Next(50) == 0)
                line = new string('x', 10_000);
            await monitor.Machine.Port(1).GuestWriteAsync(Encoding.UTF8.GetBytes(line + "\n"), Token);
        }

        _ = await client.AskAsync<StatusReply>(new InspectRequest(), Token);
    }

    private static async Task<byte[]> ReadToEndAsync(Socket socket)
    {
        using MemoryStream all = new();
        byte[] buffer = new byte[4096];
        try
        {
            int got;
            while ((got = await socket.ReceiveAsync(buffer, Token)) > 0)
                all.Write(buffer, 0, got);
        }
        catch (SocketException)
        {
            // Reset: also an end.
        }

        return all.ToArray();
    }
}
