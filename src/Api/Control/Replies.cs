using System.Text.Json.Serialization;
using Strata.Api.Machines;

namespace Strata.Api.Control;

/// <summary>What a monitor says to a client: the reply to a request, or an event. On the wire <c>is</c> says which.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "is")]
[JsonDerivedType(typeof(HelloReply), "hello")]
[JsonDerivedType(typeof(DoneReply), "done")]
[JsonDerivedType(typeof(FailedReply), "failed")]
[JsonDerivedType(typeof(StatusReply), "status")]
[JsonDerivedType(typeof(ExitReply), "exit")]
[JsonDerivedType(typeof(ExecReply), "exec")]
[JsonDerivedType(typeof(TranscriptReply), "transcript")]
[JsonDerivedType(typeof(PhaseEvent), "phase")]
[JsonDerivedType(typeof(ExecExitedEvent), "exec-exited")]
public abstract record Reply
{
    /// <summary>The number of the request that it answers; 0 for an event.</summary>
    public int Id { get; init; }
}

/// <summary>The answer to the first line of a connection.</summary>
/// <param name="Version">The version that the monitor speaks.</param>
/// <param name="Machine">The machine's id.</param>
/// <param name="Pid">The monitor's process id.</param>
public sealed record HelloReply(int Version, string Machine, int Pid) : Reply;

/// <summary>It was done.</summary>
public sealed record DoneReply : Reply;

/// <summary>It was not done.</summary>
/// <param name="Error">Why.</param>
public sealed record FailedReply(ErrorRecord Error) : Reply;

/// <summary>A machine as it is.</summary>
/// <param name="Status">The machine.</param>
public sealed record StatusReply(StatusRecord Status) : Reply;

/// <summary>How the machine ended.</summary>
/// <param name="Exit">How.</param>
public sealed record ExitReply(ExitRecord Exit) : Reply;

/// <summary>The command was handed to the guest.</summary>
/// <param name="Exec">The command's number.</param>
public sealed record ExecReply(int Exec) : Reply;

/// <summary>What a console has shown lately.</summary>
/// <param name="Lines">Its last lines, without control characters.</param>
public sealed record TranscriptReply(IReadOnlyList<string> Lines) : Reply;

/// <summary>The machine entered another phase of its life.</summary>
/// <param name="Phase">The new one.</param>
public sealed record PhaseEvent(MachinePhase Phase) : Reply;

/// <summary>A command in the guest has ended and all its output was delivered.</summary>
/// <param name="Exec">The command's number.</param>
/// <param name="Code">Its exit code, 0 to 255; null when the machine ended first, or its guest reset it.</param>
/// <param name="Restarted">Whether the guest has reset the machine, which runs on without the command.</param>
public sealed record ExecExitedEvent(int Exec, int? Code = null, bool Restarted = false) : Reply;

/// <summary>What failed and why.</summary>
/// <param name="Code">A stable code such as <c>E-CONSOLE-BUSY</c>.</param>
/// <param name="What">What failed.</param>
/// <param name="Why">Why.</param>
/// <param name="Hint">What to do about it; null when there is nothing to say.</param>
public sealed record ErrorRecord(string Code, string What, string Why, string? Hint = null);
