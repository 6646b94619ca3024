using System.Text.Json.Serialization;
using Strata.Api.Machines;

namespace Strata.Api.Control;

/// <summary>What a client asks of a monitor. On the wire <c>do</c> says which request it is.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "do")]
[JsonDerivedType(typeof(HelloRequest), "hello")]
[JsonDerivedType(typeof(StartRequest), "start")]
[JsonDerivedType(typeof(ConsoleRequest), "console")]
[JsonDerivedType(typeof(ResizeRequest), "resize")]
[JsonDerivedType(typeof(TranscriptRequest), "transcript")]
[JsonDerivedType(typeof(HoldTerminalRequest), "hold-terminal")]
[JsonDerivedType(typeof(ReleaseTerminalRequest), "release-terminal")]
[JsonDerivedType(typeof(AwaitAgentRequest), "await-agent")]
[JsonDerivedType(typeof(ExecRequest), "exec")]
[JsonDerivedType(typeof(SignalRequest), "signal")]
[JsonDerivedType(typeof(PowerOffRequest), "power-off")]
[JsonDerivedType(typeof(KillRequest), "kill")]
[JsonDerivedType(typeof(InspectRequest), "inspect")]
[JsonDerivedType(typeof(WaitRequest), "wait")]
[JsonDerivedType(typeof(EventsRequest), "events")]
[JsonDerivedType(typeof(CodeRequest), "code")]
[JsonDerivedType(typeof(ProfileRequest), "profile")]
public abstract record Request
{
    /// <summary>The client's number for it, not 0; the reply carries it.</summary>
    public int Id { get; init; }
}

/// <summary>The first line of a connection. Answered by <see cref="HelloReply"/>.</summary>
/// <param name="Version">The version that the client speaks.</param>
public sealed record HelloRequest(int Version) : Request;

/// <summary>Makes the machine and starts it. Once per monitor. Answered by <see cref="StatusReply"/>.</summary>
/// <param name="Machine">What to make.</param>
/// <param name="Foreground">Whether the machine is powered off when this connection ends.</param>
/// <param name="AwaitsConsole">Whether the guest begins when somebody is shown one of its consoles, who then misses nothing of it.</param>
public sealed record StartRequest(MachineRecord Machine, bool Foreground, bool AwaitsConsole = false) : Request;

/// <summary>Which of a machine's two consoles.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ConsoleKind>))]
public enum ConsoleKind
{
    /// <summary>The virtio console, which has a window size.</summary>
    [JsonStringEnumMemberName("virtio")]
    Virtio,

    /// <summary>The serial port of firmware and early output.</summary>
    [JsonStringEnumMemberName("serial")]
    Serial,
}

/// <summary>Turns this connection into the console's byte stream, after a <see cref="DoneReply"/>. One viewer at a time.</summary>
/// <param name="Console">Which one.</param>
/// <param name="Columns">The window's width in characters, 0 when unknown.</param>
/// <param name="Rows">The window's height in characters, 0 when unknown.</param>
/// <param name="Replay">Whether what the console has shown lately comes first.</param>
public sealed record ConsoleRequest(ConsoleKind Console, int Columns, int Rows, bool Replay) : Request;

/// <summary>Tells the guest the console's new window size. Answered by <see cref="DoneReply"/>.</summary>
/// <param name="Columns">Its width in characters.</param>
/// <param name="Rows">Its height in characters.</param>
public sealed record ResizeRequest(int Columns, int Rows) : Request;

/// <summary>Asks for the last lines that a console has shown. Answered by <see cref="TranscriptReply"/>.</summary>
/// <param name="Console">Which one.</param>
/// <param name="Lines">How many lines at most.</param>
public sealed record TranscriptRequest(ConsoleKind Console, int Lines) : Request;

/// <summary>Brings the client's terminal (one file), whose mode the monitor puts back if this connection ends without <see cref="ReleaseTerminalRequest"/>.</summary>
public sealed record HoldTerminalRequest : Request;

/// <summary>The client has put its terminal's mode back itself.</summary>
public sealed record ReleaseTerminalRequest : Request;

/// <summary>Waits until the agent in the guest has said hello; answered by <see cref="DoneReply"/> then, or by a failure when the machine ends first.</summary>
public sealed record AwaitAgentRequest : Request;

/// <summary>
/// Runs a command in the guest. It brings three files, stream sockets: standard input, output and error. Answered by <see cref="ExecReply"/>;
/// <see cref="ExecExitedEvent"/> follows on this connection.
/// </summary>
/// <param name="Arguments">The command and its arguments.</param>
/// <param name="Environment">Variables, each NAME=VALUE.</param>
public sealed record ExecRequest(IReadOnlyList<string> Arguments, IReadOnlyList<string> Environment) : Request;

/// <summary>Sends a signal to a command in the guest. Answered by <see cref="DoneReply"/>.</summary>
/// <param name="Exec">The command's number, from <see cref="ExecReply"/>.</param>
/// <param name="Signal">The signal's name without SIG.</param>
public sealed record SignalRequest(int Exec, string Signal) : Request;

/// <summary>Asks the guest to power itself off, and ends it when it has not within the grace. Answered at once by <see cref="DoneReply"/>.</summary>
/// <param name="GraceMs">How long it has, in milliseconds.</param>
public sealed record PowerOffRequest(int GraceMs) : Request;

/// <summary>Ends the machine without asking it. Answered by <see cref="DoneReply"/>.</summary>
public sealed record KillRequest : Request;

/// <summary>Asks what the machine is and does. Answered by <see cref="StatusReply"/>.</summary>
public sealed record InspectRequest : Request;

/// <summary>Answered by <see cref="ExitReply"/> when the machine has ended.</summary>
public sealed record WaitRequest : Request;

/// <summary>From now on this connection gets a <see cref="PhaseEvent"/> for every change. Answered by <see cref="DoneReply"/>.</summary>
public sealed record EventsRequest : Request;

/// <summary>
/// Asks for translated code. It brings a file, into which the monitor writes a <see cref="Debugging.CodeRecord"/> as JSON, and then one with symbols if
/// <paramref name="HasSymbols"/>. Answered by <see cref="DoneReply"/> when the file is written.
/// </summary>
/// <param name="Address">The blocks that hold this address, virtual as hart 0 sees it, or physical where nothing is mapped.</param>
/// <param name="Symbol">The blocks that hold code of this symbol.</param>
/// <param name="WholePage">All blocks of the page, not only those that hold the address.</param>
/// <param name="HasSymbols">Whether a file of symbols comes too.</param>
public sealed record CodeRequest(ulong? Address = null, string? Symbol = null, bool WholePage = false, bool HasSymbols = false) : Request;

/// <summary>
/// Asks where the machine's harts spend their time. It brings a file, into which the monitor writes a <see cref="Debugging.ProfileRecord"/> as JSON, then one
/// with symbols if <paramref name="HasSymbols"/>, then one for a perf map if <paramref name="HasPerfMap"/>. Answered by <see cref="DoneReply"/> when all is written.
/// </summary>
/// <param name="Milliseconds">How long the harts are sampled; 0: not at all, for a perf map.</param>
/// <param name="PerSecond">Samples a second.</param>
/// <param name="HotBlocks">How many of the hottest blocks are wanted with their code.</param>
/// <param name="HasSymbols">Whether a file of symbols comes too.</param>
/// <param name="HasPerfMap">Whether a file for a perf map comes too.</param>
public sealed record ProfileRequest(int Milliseconds, int PerSecond, int HotBlocks, bool HasSymbols, bool HasPerfMap) : Request;
