namespace Strata.Cpu.FloatingPoint;

/// <summary>The accrued exceptions; the bits are those of the CSR <c>fflags</c>.</summary>
/// <remarks>RISC-V unprivileged specification, "F" extension, table "Accrued exception flag encoding". Every operation of this folder only ever
/// sets bits: the caller keeps the accrued value and clears it when the guest writes the CSR.</remarks>
[Flags]
public enum FloatingPointFlags : byte
{
    /// <summary>No exception.</summary>
    None = 0,

    /// <summary>NX: the result is not the exact one.</summary>
    Inexact = 1,

    /// <summary>UF: the result is inexact and tiny, tininess being detected after rounding.</summary>
    Underflow = 2,

    /// <summary>OF: the result's magnitude is beyond the largest finite number.</summary>
    Overflow = 4,

    /// <summary>DZ: a finite number other than zero was divided by zero.</summary>
    DivideByZero = 8,

    /// <summary>NV: the operation has no meaningful result.</summary>
    Invalid = 16,
}
