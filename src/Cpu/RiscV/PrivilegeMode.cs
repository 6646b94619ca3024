namespace Strata.Cpu.RiscV;

/// <summary>Privilege levels (privileged specification 1.13, table 1).</summary>
public enum PrivilegeMode : byte
{
    /// <summary>User, application.</summary>
    User = 0,

    /// <summary>Supervisor.</summary>
    Supervisor = 1,

    /// <summary>Machine.</summary>
    Machine = 3,
}
