namespace Strata.Images.Debian;

// sources.list(5): one-line entries (*.list) and deb822 stanzas (*.sources).

/// <summary>The URIs in apt's source files.</summary>
internal static class AptSources
{
    /// <summary>The URIs of binary packages in <paramref name="folder"/>, as they are ordered there; security and update suites left out.</summary>
    public static IEnumerable<string> Read(string folder)
    {
        string parts = Path.Combine(folder, "sources.list.d");
        string[] files = Directory.Exists(parts) ? Directory.GetFiles(parts) : [];
        Array.Sort(files, StringComparer.Ordinal);
        foreach (string file in files.Prepend(Path.Combine(folder, "sources.list")))
        {
            string text;
            try
            {
                text = File.ReadAllText(file);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                continue;                                       // not there, or not for us
            }

            foreach (string uri in file.EndsWith(".sources", StringComparison.Ordinal) ? Stanzas(text)
                                 : file.EndsWith(".list", StringComparison.Ordinal) ? Lines(text) : [])
                yield return uri;
        }
    }

    private static IEnumerable<string> Lines(string text)
    {
        foreach (string line in text.Split('\n'))
        {
            string entry = line.Split('#')[0].Trim();
            if (!entry.StartsWith("deb ", StringComparison.Ordinal) && !entry.StartsWith("deb\t", StringComparison.Ordinal))
                continue;
            entry = entry[4..].Trim();
            int options = entry.StartsWith('[') ? entry.IndexOf(']', StringComparison.Ordinal) : -1;
            string[] words = entry[(options + 1)..].Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 3 && !words[1].Contains('-', StringComparison.Ordinal))
                yield return words[0];
        }
    }

    private static IEnumerable<string> Stanzas(string text)
    {
        foreach (ControlStanza stanza in ControlStanza.ParseAll(text))
        {
            string[] suites = Words(stanza["Suites"]);
            bool enabled = !string.Equals(stanza["Enabled"], "no", StringComparison.OrdinalIgnoreCase);
            if (!enabled || !Words(stanza["Types"]).Contains("deb") || suites.All(static suite => suite.Contains('-', StringComparison.Ordinal)))
                continue;
            foreach (string uri in Words(stanza["URIs"]))
                yield return uri;
        }
    }

    private static string[] Words(string? value) => (value ?? "").Split((char[])[' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries);
}
