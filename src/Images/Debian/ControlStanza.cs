namespace Strata.Images.Debian;

// deb822(5).

/// <summary>One paragraph of fields; names are compared without regard to case.</summary>
internal sealed class ControlStanza
{
    private readonly Dictionary<string, string> _fields = new(StringComparer.OrdinalIgnoreCase);

    private ControlStanza()
    {
    }

    /// <summary>A field's value, its lines separated by line feeds, or null.</summary>
    public string? this[string name] => _fields.GetValueOrDefault(name);

    /// <summary>The paragraphs of a text.</summary>
    /// <exception cref="InvalidDataException">A line is neither a field nor the continuation of one, or a field comes twice.</exception>
    public static IEnumerable<ControlStanza> ParseAll(string text)
    {
        ControlStanza? stanza = null;
        string? name = null;
        var value = new System.Text.StringBuilder();
        foreach (string raw in text.Split('\n'))
        {
            string line = raw.TrimEnd();
            if (line.StartsWith('#'))
                continue;
            if (line.Length > 0 && line[0] is ' ' or '\t')
            {
                if (name == null)
                    throw new InvalidDataException("a control file begins with a continued line");
                value.Append('\n').Append(line.AsSpan(1));
                continue;
            }

            if (name != null && !stanza!._fields.TryAdd(name, value.ToString()))
                throw new InvalidDataException($"a control file has the field {name} twice");
            name = null;
            value.Clear();
            if (line.Length == 0)
            {
                if (stanza != null)
                    yield return stanza;
                stanza = null;
                continue;
            }

            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || line.AsSpan(0, colon).ContainsAny(' ', '\t'))
                throw new InvalidDataException("a control file has a line without a field name");
            stanza ??= new ControlStanza();
            name = line[..colon];
            value.Append(line.AsSpan(colon + 1).Trim());
        }

        if (name != null && !stanza!._fields.TryAdd(name, value.ToString()))
            throw new InvalidDataException($"a control file has the field {name} twice");
        if (stanza != null)
            yield return stanza;
    }
}
