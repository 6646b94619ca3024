using System.Text;
using System.Text.Json;
using Strata.Api.Control;

namespace Strata.Cli.Output;

/// <summary>How a verb reports: results on standard output, everything else on standard error, as text or as JSON.</summary>
/// <param name="json">Whether results and errors are JSON.</param>
internal sealed class Report(bool json)
{
    /// <summary>Whether results and errors are JSON.</summary>
    internal bool Json => json;

    /// <summary>Says what failed and what to do about it.</summary>
    internal void Error(ErrorRecord error)
    {
        if (json)
            StandardStreams.WriteMessage(JsonSerializer.Serialize(error, CliJson.Default.ErrorRecord) + "\n");
        else
            StandardStreams.WriteMessage($"error: {error.What}: {error.Why}\n" + (error.Hint is null ? "" : $"hint: {error.Hint}\n"));
    }

    /// <summary>Tells something on the side; not when the output is for programs.</summary>
    internal void Note(string text)
    {
        if (!json)
            StandardStreams.WriteMessage(text + "\n");
    }

    /// <summary>Writes rows under their headings, each column as wide as its widest cell.</summary>
    internal static void Table(IReadOnlyList<string> headings, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        int[] widths = [.. headings.Select((heading, column) => rows.Select(row => row[column].Length).Append(heading.Length).Max())];
        StringBuilder text = new();
        foreach (IReadOnlyList<string> row in rows.Prepend(headings))
        {
            string line = string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column])));
            _ = text.Append(line.TrimEnd()).Append('\n');
        }

        StandardStreams.WriteResult(text.ToString());
    }
}
