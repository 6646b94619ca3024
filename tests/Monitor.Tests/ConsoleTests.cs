using System.Text;
using Strata.Api.Control;
using Strata.Api.Machines;

namespace Strata.Monitor.Tests;

public sealed class ConsoleTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_viewer_types_and_sees_and_the_guest_knows_its_window()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.StartedAsync();
        using ConsoleStream console = await monitor.ConsoleAsync();
        Assert.True(await console.WriteAsync("hello"u8.ToArray(), Token));
        Assert.Equal("hello", await ReadAsync(console, 5));
        Assert.Equal((80, 25), monitor.Machine.Size);
        _ = await client.AskAsync<DoneReply>(new ResizeRequest(132, 50), Token);
        Assert.Equal((132, 50), monitor.Machine.Size);
    }

    [Fact]
    public async Task A_guest_that_awaits_its_console_loses_nothing_however_soon_it_ends()
    {
        byte[] words = new byte[300_000];
        new Random(1).NextBytes(words);
        await using MonitorUnderTest monitor = new(new() { LastWords = words });
        await using MonitorClient client = await monitor.FirstClientAsync();
        _ = await client.AskAsync<StatusReply>(new StartRequest(MonitorUnderTest.Record, Foreground: true, AwaitsConsole: true), Token);
        await Task.Delay(100, Token);
        Assert.False(monitor.Machine.HasBegun);
        using ConsoleStream console = await monitor.ConsoleAsync(replay: true);
        byte[] got = new byte[words.Length + 1];
        int length = 0;
        int part;
        while ((part = await console.ReadAsync(got.AsMemory(length), Token)) > 0)
            length += part;
        Assert.Equal(words, got[..length]);
        Assert.Equal(5, (await client.AskAsync<ExitReply>(new WaitRequest(), Token)).Exit.Code);
    }

    [Fact]
    public async Task A_guest_that_awaits_its_console_ends_when_it_is_told_to()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.FirstClientAsync();
        _ = await client.AskAsync<StatusReply>(new StartRequest(MonitorUnderTest.Record, Foreground: true, AwaitsConsole: true), Token);
        Task<ExitReply> waiting = client.AskAsync<ExitReply>(new WaitRequest(), Token);
        _ = await client.AskAsync<DoneReply>(new KillRequest(), Token);
        Assert.Equal(ExitCause.Killed, (await waiting).Exit.Cause);
    }

    [Fact]
    public async Task A_second_viewer_gets_a_clear_answer_and_the_place_when_it_is_free()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.StartedAsync();
        using (ConsoleStream console = await monitor.ConsoleAsync())
        {
            MonitorException failure = await Assert.ThrowsAsync<MonitorException>(() => monitor.ConsoleAsync());
            Assert.Equal("E-CONSOLE-BUSY", failure.Error.Code);
            Assert.NotNull(failure.Error.Hint);
        }

        for (int attempt = 0; ; attempt++)
        {
            try
            {
                using ConsoleStream console = await monitor.ConsoleAsync();
                break;
            }
            catch (MonitorException) when (attempt < 500)
            {
                await Task.Delay(10, Token);
            }
        }
    }

    [Fact]
    public async Task Without_a_viewer_output_never_stops_the_guest_and_a_later_viewer_sees_its_end()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.StartedAsync();
        byte[] line = Encoding.ASCII.GetBytes(new string('x', 99) + "\n");
        for (int i = 0; i < 2000; i++)
            await monitor.Machine.Port(0).GuestWriteAsync(line, Token);
        await monitor.Machine.Port(0).GuestWriteAsync("\u001b[1;32mthe\u001b[0m end\r\n"u8.ToArray(), Token);
        TranscriptReply transcript;
        do
        {
            transcript = await client.AskAsync<TranscriptReply>(new TranscriptRequest(ConsoleKind.Virtio, 1), Token);
        }
        while (transcript.Lines is not ["the end"]);
        using ConsoleStream console = await monitor.ConsoleAsync(replay: true);
        StringBuilder seen = new();
        byte[] buffer = new byte[4096];
        while (!seen.ToString().EndsWith("end\r\n", StringComparison.Ordinal))
            _ = seen.Append(Encoding.ASCII.GetString(buffer, 0, await console.ReadAsync(buffer, Token)));
        Assert.InRange(seen.Length, 60 * 1024, 70 * 1024);
    }

    [Fact]
    public async Task A_viewer_that_does_not_read_stops_the_guest_and_loses_nothing()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.StartedAsync();
        using ConsoleStream console = await monitor.ConsoleAsync();
        byte[] megabyte = new byte[1 << 20];
        new Random(1).NextBytes(megabyte);
        Task writing = monitor.Machine.Port(0).GuestWriteAsync(megabyte, Token);
        await Task.WhenAny(writing, Task.Delay(300, Token));
        Assert.False(writing.IsCompleted);
        byte[] seen = new byte[megabyte.Length];
        for (int at = 0; at < seen.Length;)
            at += await console.ReadAsync(seen.AsMemory(at), Token);
        await writing;
        Assert.True(seen.AsSpan().SequenceEqual(megabyte));
        Assert.True(monitor.Machine.Port(0).MostWaiting <= FakePort.Capacity);
    }

    [Fact]
    public async Task The_last_words_of_the_guest_reach_the_viewer_before_the_end()
    {
        await using MonitorUnderTest monitor = new();
        await using MonitorClient client = await monitor.StartedAsync();
        using ConsoleStream console = await monitor.ConsoleAsync();
        Assert.True(await console.WriteAsync("bye!"u8.ToArray(), Token));
        Assert.Equal("bye!", await ReadAsync(console, 4));
        Assert.Equal(0, await console.ReadAsync(new byte[1], Token));
        Assert.Equal(5, (await client.AskAsync<ExitReply>(new WaitRequest(), Token)).Exit.Code);
    }

    private static async Task<string> ReadAsync(ConsoleStream console, int length)
    {
        byte[] buffer = new byte[length];
        for (int at = 0; at < length;)
        {
            int got = await console.ReadAsync(buffer.AsMemory(at), Token);
            Assert.NotEqual(0, got);
            at += got;
        }

        return Encoding.ASCII.GetString(buffer);
    }
}
