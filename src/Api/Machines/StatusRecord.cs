using System.Text.Json.Serialization;

namespace Strata.Api.Machines;

/// <summary>Where a machine is in its life.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MachinePhase>))]
public enum MachinePhase
{
    /// <summary>The monitor waits to be told what machine to make.</summary>
    [JsonStringEnumMemberName("empty")]
    Empty,

    /// <summary>It runs.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>It was asked to power itself off.</summary>
    [JsonStringEnumMemberName("stopping")]
    Stopping,

    /// <summary>It has ended.</summary>
    [JsonStringEnumMemberName("exited")]
    Exited,
}

/// <summary>Why a machine ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ExitCause>))]
public enum ExitCause
{
    /// <summary>The guest powered itself off.</summary>
    [JsonStringEnumMemberName("power-off")]
    PowerOff,

    /// <summary>The guest reported a failure when it ended (its test finisher, a panic).</summary>
    [JsonStringEnumMemberName("guest-failure")]
    GuestFailure,

    /// <summary>It was ended from outside.</summary>
    [JsonStringEnumMemberName("killed")]
    Killed,

    /// <summary>The monitor could not go on.</summary>
    [JsonStringEnumMemberName("monitor-failure")]
    MonitorFailure,
}

/// <summary>How a machine ended.</summary>
/// <param name="Code">The guest's exit code, 0 to 255.</param>
/// <param name="Cause">Why.</param>
/// <param name="Detail">More about it, for people; null when there is nothing to say.</param>
public sealed record ExitRecord(int Code, ExitCause Cause, string? Detail = null);

/// <summary>A machine as it is.</summary>
public sealed record StatusRecord
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>Where it is in its life.</summary>
    public required MachinePhase Phase { get; init; }

    /// <summary>The process id of its monitor.</summary>
    public required int MonitorPid { get; init; }

    /// <summary>Milliseconds since it was started.</summary>
    public required long UptimeMs { get; init; }

    /// <summary>The image it was made from; null when its files were given one by one.</summary>
    public string? Image { get; init; }

    /// <summary>The command it was started for; null for a console.</summary>
    public string? Command { get; init; }

    /// <summary>The size of its RAM.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Whether it computes the same every time.</summary>
    public bool Deterministic { get; init; }

    /// <summary>Whether the agent in the guest has said hello.</summary>
    public bool Agent { get; init; }

    /// <summary>How it ended; null before that.</summary>
    public ExitRecord? Exit { get; init; }
}
