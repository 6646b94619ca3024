using System.Globalization;
using System.Numerics;

namespace Strata.Cpu.Tests.FloatingPoint;

/// <summary>The numbers of Vectors.txt, as its head describes them.</summary>
internal static class VectorNumber
{
    /// <summary>The bits of a number of type <c>s d h</c>, or of an integer of type <c>w wu l lu</c> (signed ones sign-extended).</summary>
    public static ulong Parse(string type, string text) => type switch
    {
        "h" => ParseNumber(ReferenceFormat.Binary16, text, value => BitConverter.HalfToUInt16Bits(Half.Parse(value, CultureInfo.InvariantCulture))),
        "s" => ParseNumber(ReferenceFormat.Binary32, text, value => BitConverter.SingleToUInt32Bits(float.Parse(value, CultureInfo.InvariantCulture))),
        "d" => ParseNumber(ReferenceFormat.Binary64, text, value => BitConverter.DoubleToUInt64Bits(double.Parse(value, CultureInfo.InvariantCulture))),
        _ => (ulong)(ParseInteger(text) & ulong.MaxValue),
    };

    private static BigInteger ParseInteger(string text) => text switch
    {
        "int.min" => int.MinValue,
        "int.max" => int.MaxValue,
        "uint.max" => uint.MaxValue,
        "long.min" => long.MinValue,
        "long.max" => long.MaxValue,
        "ulong.max" => ulong.MaxValue,
        _ => BigInteger.Parse(text, CultureInfo.InvariantCulture),
    };

    private static ulong ParseNumber(ReferenceFormat format, string text, Func<string, ulong> parseDecimal)
    {
        bool negative = text.StartsWith('-');
        string word = negative ? text[1..] : text;
        ulong one = (ulong)((1 << (format.ExponentBits - 1)) - 1) << format.FractionBits;
        ulong bits = word switch
        {
            "inf" => format.Infinity,
            "zero" => 0,
            "snan" => format.Infinity + 1,
            "qnan" => format.QuietNaN,
            "max" => format.Infinity - 1,
            "min" => 1UL << format.FractionBits,
            "sub" => 1,
            "one+" => one + 1,
            "one-" => one - 1,
            _ when word.StartsWith("0x", StringComparison.Ordinal) => ulong.Parse(word[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            _ => parseDecimal(word),
        };
        return negative ? bits ^ (1UL << (format.Width - 1)) : bits;
    }
}
