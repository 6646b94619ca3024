namespace Strata.Cpu.FloatingPoint;

/// <summary>How an inexact result is rounded; the values are the encodings of <c>frm</c> and of an instruction's <c>rm</c> field.</summary>
/// <remarks>RISC-V unprivileged specification, "F" extension, table "Rounding mode encoding". The reserved encodings 5 and 6 and DYN (7) never
/// reach this folder: the instruction that holds them is illegal or has been resolved by the caller.</remarks>
public enum RoundingMode : byte
{
    /// <summary>RNE: to nearest, ties to even.</summary>
    NearestEven = 0,

    /// <summary>RTZ: towards zero.</summary>
    TowardZero = 1,

    /// <summary>RDN: towards minus infinity.</summary>
    Down = 2,

    /// <summary>RUP: towards plus infinity.</summary>
    Up = 3,

    /// <summary>RMM: to nearest, ties to the larger magnitude.</summary>
    NearestMaxMagnitude = 4,
}
