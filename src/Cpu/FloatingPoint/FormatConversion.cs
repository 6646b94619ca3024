namespace Strata.Cpu.FloatingPoint;

/// <summary>From one format to another: IEEE 754-2019, section 5.4.2. To a wider format it is exact, whatever the rounding mode.</summary>
internal static class FormatConversion
{
    public static ulong Convert<TFrom, TTo>(ulong bits, RoundingMode mode, ref FloatingPointFlags flags)
        where TFrom : struct, IBinaryFormat
        where TTo : struct, IBinaryFormat
    {
        if (Layout<TFrom>.IsNaN(bits))
        {
            return Layout<TFrom>.IsSignalingNaN(bits) ? NotANumber.Invalid<TTo>(ref flags) : Layout<TTo>.CanonicalNaN;
        }

        bool negative = Layout<TFrom>.IsNegative(bits);
        if (Layout<TFrom>.IsInfinite(bits))
        {
            return Layout<TTo>.SignedInfinity(negative);
        }

        if (Layout<TFrom>.IsZero(bits))
        {
            return Layout<TTo>.SignedZero(negative);
        }

        Unpacked x = Unpacked.From<TFrom>(bits);
        return Rounding.Round<TTo>(negative, x.Exponent, x.Significand, mode, ref flags);
    }
}
