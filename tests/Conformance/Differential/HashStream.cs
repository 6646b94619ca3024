using System.Globalization;

namespace Strata.Conformance.Differential;

/// <summary>The hashes a guest program printed: lines "block FIRST HASH" and "case NUMBER HASH", closed by "end".</summary>
public static class HashStream
{
    /// <summary>Where two outputs part.</summary>
    /// <param name="label">"block" or "case".</param>
    /// <param name="one">One output.</param>
    /// <param name="other">The other.</param>
    /// <param name="first">The number of the first item expected.</param>
    /// <returns>Number of the first case of the first block (or of the first case) that differs or is missing in one; null if all agree.</returns>
    public static ulong? FirstDifference(string label, ProgramOutput one, ProgramOutput other, ulong first)
    {
        List<(ulong Number, string Hash)> left = Parse(label, one);
        List<(ulong Number, string Hash)> right = Parse(label, other);
        for (int i = 0; i < Math.Min(left.Count, right.Count); i++)
        {
            if (left[i] != right[i]) return left[i].Number;
        }

        if (left.Count == right.Count && IsWhole(one) && IsWhole(other)) return null;

        // One of them stopped: what comes after its last line is to blame.
        List<(ulong Number, string Hash)> shorter = left.Count < right.Count ? left : right;
        List<(ulong Number, string Hash)> longer = left.Count < right.Count ? right : left;
        if (shorter.Count < longer.Count) return longer[shorter.Count].Number;
        return shorter.Count == 0 ? first : shorter[^1].Number + 1;
    }

    /// <summary>The run ended by itself.</summary>
    public static bool IsWhole(ProgramOutput output) => !output.Hung && output.Lines is [.., "end"];

    private static List<(ulong Number, string Hash)> Parse(string label, ProgramOutput output)
    {
        List<(ulong Number, string Hash)> items = [];
        foreach (string line in output.Lines)
        {
            string[] words = line.Split(' ');
            if (words.Length == 3 && words[0] == label) items.Add((ulong.Parse(words[1], CultureInfo.InvariantCulture), words[2]));
        }

        return items;
    }
}
