namespace Strata.Cpu.FloatingPoint;

/// <summary>FCLASS: which of the ten classes a number is in. Raises nothing.</summary>
internal static class Classification
{
    public static NumberClass Classify<TFormat>(ulong bits)
        where TFormat : struct, IBinaryFormat
    {
        if (Layout<TFormat>.IsNaN(bits))
        {
            return Layout<TFormat>.IsSignalingNaN(bits) ? NumberClass.SignalingNaN : NumberClass.QuietNaN;
        }

        bool negative = Layout<TFormat>.IsNegative(bits);
        if (Layout<TFormat>.IsInfinite(bits))
        {
            return negative ? NumberClass.NegativeInfinity : NumberClass.PositiveInfinity;
        }

        if (Layout<TFormat>.IsZero(bits))
        {
            return negative ? NumberClass.NegativeZero : NumberClass.PositiveZero;
        }

        if (Layout<TFormat>.Magnitude(bits) < Layout<TFormat>.HiddenBit)
        {
            return negative ? NumberClass.NegativeSubnormal : NumberClass.PositiveSubnormal;
        }

        return negative ? NumberClass.NegativeNormal : NumberClass.PositiveNormal;
    }
}
