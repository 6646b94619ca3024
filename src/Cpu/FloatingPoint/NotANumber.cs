namespace Strata.Cpu.FloatingPoint;

/// <summary>What NaN operands and operations without a result give: the canonical NaN; payloads are never propagated.</summary>
/// <remarks>RISC-V unprivileged specification, "F" extension, section "NaN generation and propagation"; IEEE 754-2019, section 7.2.</remarks>
internal static class NotANumber
{
    /// <summary>The result of an operation that has none, such as ∞ − ∞.</summary>
    public static ulong Invalid<TFormat>(ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        flags |= FloatingPointFlags.Invalid;
        return Layout<TFormat>.CanonicalNaN;
    }

    /// <summary>The result when at least one of two operands is a NaN: invalid only if one of them is signaling.</summary>
    public static ulong Propagate<TFormat>(ulong a, ulong b, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat =>
        Layout<TFormat>.IsSignalingNaN(a) || Layout<TFormat>.IsSignalingNaN(b) ? Invalid<TFormat>(ref flags) : Layout<TFormat>.CanonicalNaN;
}
