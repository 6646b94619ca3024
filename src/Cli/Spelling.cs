namespace Strata.Cli;

/// <summary>How alike two words are, to suggest what was meant.</summary>
internal static class Spelling
{
    /// <summary>Whether one may be meant by the other.</summary>
    internal static bool IsNear(string typed, string known) => Distance(typed, known) <= Math.Max(1, known.TrimStart('-').Length / 3);

    /// <summary>The number of letters to insert, remove, replace or exchange with a neighbour (optimal string alignment).</summary>
    internal static int Distance(string one, string other)
    {
        int[,] distance = new int[one.Length + 1, other.Length + 1];
        for (int i = 0; i <= one.Length; i++)
        {
            for (int j = 0; j <= other.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    distance[i, j] = i + j;
                    continue;
                }

                int replaced = distance[i - 1, j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1);
                distance[i, j] = Math.Min(replaced, Math.Min(distance[i - 1, j], distance[i, j - 1]) + 1);
                if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                    distance[i, j] = Math.Min(distance[i, j], distance[i - 2, j - 2] + 1);
            }
        }

        return distance[one.Length, other.Length];
    }
}
