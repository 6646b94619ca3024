namespace Strata.Devices.Power;

/// <summary>What a guest asks of its power supply.</summary>
public enum PowerRequestKind : byte
{
    /// <summary>Off; the guest's exit code says whether it was content.</summary>
    PowerOff,

    /// <summary>Off and on again.</summary>
    Reset,
}

/// <summary>A guest's request to its machine. The part that took it goes on working until the machine acts.</summary>
/// <param name="Kind">What is asked.</param>
/// <param name="ExitCode">The guest's exit code, as wide as the convention allows; 0 is success.</param>
public readonly record struct PowerRequest(PowerRequestKind Kind, ulong ExitCode = 0);
