using System.Text;

namespace Strata.Bench.Peers;

/// <summary>What a guest has printed so far, read by a thread of its own.</summary>
internal sealed class ConsoleText
{
    private readonly Func<byte[], int> _read;
    private readonly StringBuilder _text = new();      // under its own lock
    private int _seen;
    private bool _ended;

    /// <summary>Begins to read with <paramref name="read"/>, which waits for bytes and answers 0 at the end.</summary>
    public ConsoleText(Func<byte[], int> read)
    {
        _read = read;
        new Thread(Read) { IsBackground = true, Name = "console" }.Start();
    }

    /// <summary>Waits until <paramref name="wanted"/> has been printed after what was waited for before.</summary>
    /// <returns>What was printed up to its end.</returns>
    /// <exception cref="BenchException">It was not, in <paramref name="patience"/> or at all.</exception>
    public string WaitFor(string wanted, TimeSpan patience)
    {
        long end = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        lock (_text)
        {
            while (true)
            {
                string text = _text.ToString(_seen, _text.Length - _seen);
                int at = text.IndexOf(wanted, StringComparison.Ordinal);
                if (at >= 0)
                {
                    _seen += at + wanted.Length;
                    return text[..(at + wanted.Length)];
                }

                long left = end - Environment.TickCount64;
                if (_ended || left <= 0)
                    throw new BenchException($"'{wanted.Trim()}' was not printed; the last words were: {Tail()}");
                _ = Monitor.Wait(_text, (int)Math.Min(left, int.MaxValue));
            }
        }
    }

    private string Tail() => _text.ToString(Math.Max(0, _text.Length - 400), Math.Min(400, _text.Length));

    private void Read()
    {
        byte[] buffer = new byte[4096];
        while (true)
        {
            int count = 0;
            try
            {
                count = _read(buffer);
            }
            catch (Exception failure) when (failure is IOException or ObjectDisposedException)
            {
                // The other end was killed, by us: the end of the text.
            }

            lock (_text)
            {
                _text.Append(Encoding.Latin1.GetString(buffer, 0, count));
                _ended = count == 0;
                Monitor.PulseAll(_text);
                if (_ended)
                    return;
            }
        }
    }
}
