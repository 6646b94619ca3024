namespace Strata.Machines;

/// <summary>Why a machine is off.</summary>
public enum MachineExitReason
{
    /// <summary>The guest powered off; <see cref="MachineExit.Code"/> is its exit code.</summary>
    PoweredOff,

    /// <summary>The guest asked for a reset: a machine made from the same configuration goes on.</summary>
    Reset,

    /// <summary>The host stopped it.</summary>
    Killed,

    /// <summary>It could not go on: <see cref="MachineExit.Message"/> says why.</summary>
    Failed,
}

/// <summary>How a machine ended.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Code">The guest's exit code, as wide as the guest gave it.</param>
/// <param name="Message">What failed, for people.</param>
public sealed record MachineExit(MachineExitReason Reason, ulong Code = 0, string Message = "")
{
    /// <summary>The exit code of a process that stands for the machine: the low 8 bits, but a code that is not 0 never becomes 0.</summary>
    public int ProcessExitCode => Code != 0 && (Code & 0xff) == 0 ? 1 : (int)(Code & 0xff);
}

/// <summary>
/// What a machine is doing.
/// <code>
/// Built ──Start──► Running ──power off, kill, failure──► Stopping ──last hart parked──► Off
///   └───────────────────────────kill───────────────────────►┘
/// </code>
/// </summary>
public enum MachinePhase
{
    /// <summary>Made, not started.</summary>
    Built,

    /// <summary>Its harts run or wait.</summary>
    Running,

    /// <summary>Its harts leave guest code.</summary>
    Stopping,

    /// <summary>No hart will run again.</summary>
    Off,
}
