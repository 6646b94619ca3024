using System.Globalization;

namespace Strata.Cli.Inspection;

/// <summary>An address as people write it.</summary>
internal static class AddressArgument
{
    /// <summary>Hexadecimal, with 0x or without; null if it is no address.</summary>
    internal static ulong? Parse(string text)
    {
        ReadOnlySpan<char> digits = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text.AsSpan(2) : text;
        return ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong address) ? address : null;
    }
}
