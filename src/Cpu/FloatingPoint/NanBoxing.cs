namespace Strata.Cpu.FloatingPoint;

/// <summary>How a narrower number is held in a 64-bit register: all bits above it are ones, so that it reads as a NaN of the wider formats.</summary>
/// <remarks>RISC-V unprivileged specification, "D" extension, section "NaN boxing of narrower values". Loads, stores and the moves between register files
/// transfer raw bits and do not unbox.</remarks>
public static class NanBoxing
{
    private const ulong Above16 = 0xFFFF_FFFF_FFFF_0000;
    private const ulong Above32 = 0xFFFF_FFFF_0000_0000;

    /// <summary>The register's content for a binary32.</summary>
    /// <param name="bits">The number.</param>
    /// <returns>The boxed number.</returns>
    public static ulong Box32(uint bits) => Above32 | bits;

    /// <summary>The register's content for a binary16.</summary>
    /// <param name="bits">The number.</param>
    /// <returns>The boxed number.</returns>
    public static ulong Box16(ushort bits) => Above16 | bits;

    /// <summary>The binary32 in a register; the canonical NaN if it is not properly boxed.</summary>
    /// <param name="register">The register's content.</param>
    /// <returns>The number.</returns>
    public static uint Unbox32(ulong register) => register >= Above32 ? (uint)register : Float32.CanonicalNaN;

    /// <summary>The binary16 in a register; the canonical NaN if it is not properly boxed.</summary>
    /// <param name="register">The register's content.</param>
    /// <returns>The number.</returns>
    public static ushort Unbox16(ulong register) => register >= Above16 ? (ushort)register : Float16.CanonicalNaN;
}
