using System.Runtime.CompilerServices;

namespace Strata.Cpu.FloatingPoint;

/// <summary>To and from integers: RISC-V unprivileged specification, "F" extension, table "Domains of float-to-integer conversions and behavior for invalid inputs".</summary>
internal static class IntegerConversion
{
    public static int ToInt32<TFormat>(ulong bits, RoundingMode mode, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat =>
        (int)ToInteger<TFormat>(bits, int.MaxValue, 1UL << 31, mode, ref flags);

    public static uint ToUInt32<TFormat>(ulong bits, RoundingMode mode, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat =>
        (uint)ToInteger<TFormat>(bits, uint.MaxValue, 0, mode, ref flags);

    public static long ToInt64<TFormat>(ulong bits, RoundingMode mode, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat =>
        (long)ToInteger<TFormat>(bits, long.MaxValue, 1UL << 63, mode, ref flags);

    public static ulong ToUInt64<TFormat>(ulong bits, RoundingMode mode, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat =>
        ToInteger<TFormat>(bits, ulong.MaxValue, 0, mode, ref flags);

    public static ulong FromInt64<TFormat>(long value, RoundingMode mode, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat =>
        FromMagnitude<TFormat>(value < 0, value < 0 ? 0 - (ulong)value : (ulong)value, mode, ref flags);

    public static ulong FromUInt64<TFormat>(ulong value, RoundingMode mode, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat =>
        FromMagnitude<TFormat>(negative: false, value, mode, ref flags);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong FromMagnitude<TFormat>(bool negative, ulong magnitude, RoundingMode mode, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat =>
        magnitude == 0 ? 0 : Rounding.NormalizeAndRound<TFormat>(negative, Unpacked.LeadingBit, magnitude, mode, ref flags);

    /// <summary>Rounds to an integer, saturating: NaNs count as +∞. What is out of range is invalid, and then not inexact.</summary>
    /// <param name="bits">The number.</param>
    /// <param name="maximum">The largest integer.</param>
    /// <param name="minimumMagnitude">The magnitude of the smallest integer.</param>
    /// <param name="mode">How to round.</param>
    /// <param name="flags">Gets NV or NX.</param>
    /// <returns>The integer in two's complement; the caller cuts it to its width.</returns>
    private static ulong ToInteger<TFormat>(ulong bits, ulong maximum, ulong minimumMagnitude, RoundingMode mode, ref FloatingPointFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        bool negative = Layout<TFormat>.IsNegative(bits) && !Layout<TFormat>.IsNaN(bits);
        if (Layout<TFormat>.IsFinite(bits))
        {
            Unpacked x = Unpacked.From<TFormat>(bits);
            if (x.Exponent < 64)
            {
                ulong magnitude = RoundToInteger(x, mode, out bool inexact);
                if (magnitude <= (negative ? minimumMagnitude : maximum))
                {
                    flags |= inexact ? FloatingPointFlags.Inexact : FloatingPointFlags.None;
                    return negative ? 0 - magnitude : magnitude;
                }
            }
        }

        flags |= FloatingPointFlags.Invalid;
        return negative ? 0 - minimumMagnitude : maximum;
    }

    /// <summary>The magnitude of a number below 2^64, rounded to an integer.</summary>
    private static ulong RoundToInteger(Unpacked x, RoundingMode mode, out bool inexact)
    {
        int fractionBits = Unpacked.LeadingBit - x.Exponent;
        if (fractionBits <= 0)
        {
            inexact = false;
            return x.Significand << -fractionBits;
        }

        // Two bits stay below the integer: the half, and everything smaller, sticky. (The significand's own two lowest bits are free in every format.)
        ulong quarters = fractionBits >= 2
            ? Rounding.ShiftRightSticky(x.Significand, fractionBits - 2)
            : x.Significand << 1;
        ulong integer = quarters >> 2;
        ulong cutOff = quarters & 3;
        inexact = cutOff != 0;
        bool away = mode switch
        {
            RoundingMode.NearestEven => cutOff == 3 || (cutOff == 2 && (integer & 1) != 0),
            RoundingMode.NearestMaxMagnitude => cutOff >= 2,
            RoundingMode.Down => x.Negative && inexact,
            RoundingMode.Up => !x.Negative && inexact,
            _ => false,
        };
        return away ? integer + 1 : integer;
    }
}
