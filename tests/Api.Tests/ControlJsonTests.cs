using System.Reflection;
using System.Text;
using System.Text.Json.Serialization;
using Strata.Api.Control;
using Strata.Api.Machines;

namespace Strata.Api.Tests;

public sealed class ControlJsonTests
{
    public static TheoryData<Request> Requests =>
    [
        new HelloRequest(1), new StartRequest(new() { Boot = new() { Kernel = new(0, "Image"), Append = "a" }, MemoryBytes = 1, Disks = [] }, Foreground: true),
        new ConsoleRequest(ConsoleKind.Serial, 80, 25, Replay: true), new ResizeRequest(1, 2), new TranscriptRequest(ConsoleKind.Virtio, 3),
        new HoldTerminalRequest(), new ReleaseTerminalRequest(), new AwaitAgentRequest(), new SignalRequest(1, "INT"), new PowerOffRequest(5),
        new KillRequest(), new InspectRequest(), new WaitRequest(), new EventsRequest(), new ExecRequest(["a b", "ü"], ["C=d"]),
        new CodeRequest(0xffff_ffff_8000_0000, "schedule", WholePage: true, HasSymbols: true), new ProfileRequest(1, 2, 3, HasSymbols: true, HasPerfMap: true),
    ];

    public static TheoryData<Reply> Replies =>
    [
        new HelloReply(1, "id", 2), new DoneReply(), new FailedReply(new("E-X", "a", "b")), new ExitReply(new(3, ExitCause.GuestFailure, "x")), new ExecReply(1),
        new TranscriptReply(["a", "b"]), new PhaseEvent(MachinePhase.Stopping), new ExecExitedEvent(1), new ExecExitedEvent(1, 2),
        new StatusReply(new() { Id = "x", Phase = MachinePhase.Running, MonitorPid = 1, UptimeMs = 2 }),
    ];

    [Theory]
    [MemberData(nameof(Requests))]
    public void A_request_is_one_line_that_reads_back_the_same(Request request)
    {
        byte[] line = ControlJson.Line(request with { Id = 9 });
        Assert.Equal(line.Length - 1, Array.IndexOf(line, (byte)'\n'));
        Assert.Equal(line, ControlJson.Line(ControlJson.ParseRequest(line)));
    }

    [Theory]
    [MemberData(nameof(Replies))]
    public void A_reply_is_one_line_that_reads_back_the_same(Reply reply)
    {
        byte[] line = ControlJson.Line(reply with { Id = 9 });
        Assert.Equal(line.Length - 1, Array.IndexOf(line, (byte)'\n'));
        Assert.Equal(line, ControlJson.Line(ControlJson.ParseReply(line)));
    }

    [Fact]
    public void Every_request_and_reply_is_tested_above()
    {
        Assert.Equal(typeof(Request).GetCustomAttributes<JsonDerivedTypeAttribute>().Count(), Requests.Count);
        Assert.Equal(typeof(Reply).GetCustomAttributes<JsonDerivedTypeAttribute>().Count(), Replies.Select(row => row.Data.GetType()).Distinct().Count());
    }

    [Fact]
    public void What_a_line_does_not_say_has_its_default_and_words_of_later_versions_are_skipped()
    {
        StartRequest start = Assert.IsType<StartRequest>(ControlJson.ParseRequest(
            """{"id":3,"new":1,"machine":{"memoryBytes":5,"boot":{"kernel":{"index":0,"name":"k","x":[]}}},"foreground":true,"do":"start"}"""u8));
        Assert.Empty(start.Machine.Disks);
        Assert.Null(start.Machine.Engine);
        Assert.Equal("", start.Machine.Boot.Append);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"do":"start","id":1}""")]
    [InlineData("""{"do":"start","id":1,"foreground":true,"machine":null}""")]
    [InlineData("""{"do":"start","id":1,"foreground":true,"machine":{"boot":{},"memoryBytes":1,"disks":null}}""")]
    [InlineData("""{"do":"exec","id":1,"arguments":[null,"a"]}""")]
    [InlineData("""{"do":"console","id":1,"console":"parlour","columns":1,"rows":1,"replay":false}""")]
    [InlineData("""{"do":"kill","id":99999999999}""")]
    public void What_is_no_request_is_refused(string line) =>
        Assert.Throws<ControlProtocolException>(() => ControlJson.ParseRequest(Encoding.UTF8.GetBytes(line)));

    [Fact]
    public void A_line_that_would_be_too_long_is_not_sent() =>
        Assert.Throws<ControlProtocolException>(() => ControlJson.Line(new ExecRequest([new string('x', 70_000)], [])));
}
