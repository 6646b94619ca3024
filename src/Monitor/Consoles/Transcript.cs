using System.Text;

namespace Strata.Monitor.Consoles;

/// <summary>The last bytes that a console has shown, to be shown again to a new viewer or in an error message.</summary>
internal sealed class Transcript
{
    private const int Capacity = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly Queue<byte[]> _pieces = new();     // under _gate
    private int _count;                                 // under _gate

    /// <summary>Adds what was shown.</summary>
    internal void Add(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            _pieces.Enqueue(bytes.ToArray());
            _count += bytes.Length;
            while (_count - _pieces.Peek().Length >= Capacity)
                _count -= _pieces.Dequeue().Length;
        }
    }

    /// <summary>Everything that is kept.</summary>
    internal byte[] Snapshot()
    {
        lock (_gate)
            return [.. _pieces.SelectMany(piece => piece)];
    }

    /// <summary>The last <paramref name="count"/> lines that are not blank, without control characters and sequences.</summary>
    internal IReadOnlyList<string> LastLines(int count)
    {
        StringBuilder text = new();
        bool escape = false;
        foreach (char c in Encoding.UTF8.GetString(Snapshot()))
        {
            // ECMA-48: ESC, perhaps '[' and parameters, ends with a byte from '@' to '~'.
            if (escape)
                escape = c is '[' or '?' or ';' or '(' or (>= '0' and <= '9') or ' ';
            else if (c == '\u001b')
                escape = true;
            else if (c == '\n' || !char.IsControl(c))
                _ = text.Append(c);
        }

        return [.. text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).TakeLast(Math.Clamp(count, 0, 200))];
    }
}
