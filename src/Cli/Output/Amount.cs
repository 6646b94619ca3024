using System.Globalization;

namespace Strata.Cli.Output;

/// <summary>Sizes and durations as people write and read them.</summary>
internal static class Amount
{
    /// <summary>A size such as <c>512M</c> or <c>1G</c> in bytes (K, M, G: powers of 1024, with or without iB), or null when it is none.</summary>
    internal static long? ParseBytes(string text)
    {
        string number = text.TrimEnd('B', 'b').TrimEnd('i', 'I');
        int shift = number.Length == 0 ? 0 : char.ToUpperInvariant(number[^1]) switch { 'K' => 10, 'M' => 20, 'G' => 30, 'T' => 40, _ => 0 };
        if (shift > 0)
            number = number[..^1];
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value))
            return null;
        return value <= long.MaxValue >> shift ? (long)(value * (1L << shift)) : null;
    }

    /// <summary>A size in the largest unit that keeps three digits.</summary>
    internal static string Bytes(long bytes)
    {
        double value = bytes;
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        int unit = 0;
        while (value >= 1000 && unit < units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        string format = unit == 0 || value >= 100 || value == Math.Floor(value) ? "0" : "0.0";
        return value.ToString(format, CultureInfo.InvariantCulture) + " " + units[unit];
    }

    /// <summary>A duration in at most two units.</summary>
    internal static string Duration(TimeSpan time) => time switch
    {
        { TotalSeconds: < 60 } => time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s",
        { TotalMinutes: < 60 } => $"{time.Minutes} min {time.Seconds} s",
        { TotalHours: < 24 } => $"{time.Hours} h {time.Minutes} min",
        _ => $"{(int)time.TotalDays} d {time.Hours} h",
    };
}
