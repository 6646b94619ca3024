namespace Strata.Cpu.FloatingPoint;

/// <summary>Comparisons and the smaller and larger of two numbers: RISC-V unprivileged specification, "F" extension 2.2; IEEE 754-2019, sections 5.11 and 9.6.</summary>
internal static class Comparison
{
    /// <summary>FEQ: a quiet comparison, invalid for signaling NaNs only.</summary>
    public static bool Equal<TFormat>(ulong a, ulong b, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (Layout<TFormat>.IsNaN(a) || Layout<TFormat>.IsNaN(b))
        {
            _ = NotANumber.Propagate<TFormat>(a, b, ref flags);
            return false;
        }

        return a == b || Layout<TFormat>.Magnitude(a | b) == 0;
    }

    /// <summary>FLT: a signaling comparison, invalid for every NaN.</summary>
    public static bool Less<TFormat>(ulong a, ulong b, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (Layout<TFormat>.IsNaN(a) || Layout<TFormat>.IsNaN(b))
        {
            flags |= FloatingPointFlags.Invalid;
            return false;
        }

        return OrderKey<TFormat>(a) < OrderKey<TFormat>(b) && Layout<TFormat>.Magnitude(a | b) != 0;
    }

    /// <summary>FLE: a signaling comparison, invalid for every NaN.</summary>
    public static bool LessOrEqual<TFormat>(ulong a, ulong b, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (Layout<TFormat>.IsNaN(a) || Layout<TFormat>.IsNaN(b))
        {
            flags |= FloatingPointFlags.Invalid;
            return false;
        }

        return OrderKey<TFormat>(a) <= OrderKey<TFormat>(b) || Layout<TFormat>.Magnitude(a | b) == 0;
    }

    /// <summary>FMIN: minimumNumber, where −0 is smaller than +0 and a NaN gives way to a number.</summary>
    public static ulong Minimum<TFormat>(ulong a, ulong b, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat =>
        Layout<TFormat>.IsNaN(a) || Layout<TFormat>.IsNaN(b) ? TheNumber<TFormat>(a, b, ref flags) : OrderKey<TFormat>(a) <= OrderKey<TFormat>(b) ? a : b;

    /// <summary>FMAX: maximumNumber, where +0 is larger than −0 and a NaN gives way to a number.</summary>
    public static ulong Maximum<TFormat>(ulong a, ulong b, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat =>
        Layout<TFormat>.IsNaN(a) || Layout<TFormat>.IsNaN(b) ? TheNumber<TFormat>(a, b, ref flags) : OrderKey<TFormat>(a) >= OrderKey<TFormat>(b) ? a : b;

    private static ulong TheNumber<TFormat>(ulong a, ulong b, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        ulong neither = NotANumber.Propagate<TFormat>(a, b, ref flags);
        return !Layout<TFormat>.IsNaN(a) ? a : !Layout<TFormat>.IsNaN(b) ? b : neither;
    }

    /// <summary>An integer in the order of the numbers, −0 just below +0: sign and magnitude to two's complement.</summary>
    private static long OrderKey<TFormat>(ulong bits)
        where TFormat : struct, IBinaryFormat =>
        Layout<TFormat>.IsNegative(bits) ? ~(long)Layout<TFormat>.Magnitude(bits) : (long)bits;
}
