using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Strata.Host.Terminals;

namespace Strata.Cli.Output;

/// <summary>Shows what is awaited, since when, and how far it is, in one of four styles.</summary>
internal abstract class ProgressDisplay : IDisposable
{
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>Time since the display began.</summary>
    protected TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>The display for <paramref name="style"/>.</summary>
    internal static ProgressDisplay For(ProgressStyle style) => style switch
    {
        ProgressStyle.Auto when Terminal.Is(StandardStreams.Error) => new LiveProgress(),
        ProgressStyle.Auto or ProgressStyle.Plain => new PlainProgress(),
        ProgressStyle.Json => new JsonProgress(),
        _ => new NoProgress(),
    };

    /// <summary>Something is awaited.</summary>
    /// <param name="step">A short name of the step.</param>
    /// <param name="awaited">What is awaited, for people.</param>
    /// <param name="done">Bytes so far, when that is known.</param>
    /// <param name="total">Bytes in all, when that is known.</param>
    internal abstract void Await(string step, string awaited, long? done = null, long? total = null);

    /// <summary>Nothing is awaited any more: the terminal is free for others.</summary>
    internal virtual void Finish()
    {
    }

    /// <inheritdoc/>
    public virtual void Dispose() => Finish();

    private sealed class NoProgress : ProgressDisplay
    {
        internal override void Await(string step, string awaited, long? done = null, long? total = null)
        {
        }
    }

    private sealed class JsonProgress : ProgressDisplay
    {
        private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
        private string _step = "";
        private TimeSpan _next;

        internal override void Await(string step, string awaited, long? done = null, long? total = null)
        {
            if (step == _step && done != total && Elapsed < _next)
                return;
            _step = step;
            _next = Elapsed + Interval;
            ProgressRecord record = new(step, awaited, done, total, Math.Round(Elapsed.TotalSeconds, 2));
            StandardStreams.WriteMessage(JsonSerializer.Serialize(record, CliJson.Default.ProgressRecord) + "\n");
        }
    }

    private sealed class PlainProgress : ProgressDisplay
    {
        private string _awaited = "";

        internal override void Await(string step, string awaited, long? done = null, long? total = null)
        {
            if (awaited == _awaited)
                return;
            _awaited = awaited;
            string size = total is { } bytes ? $" ({Amount.Bytes(bytes)})" : "";
            StandardStreams.WriteMessage(string.Create(CultureInfo.InvariantCulture, $"strata: {Elapsed.TotalSeconds,5:0.0} s  {awaited}{size}\n"));
        }
    }

    /// <summary>One line that is drawn again ten times a second, so that the time goes on while nothing is heard.</summary>
    private sealed class LiveProgress : ProgressDisplay
    {
        private const int BarWidth = 24;
        private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(400);
        private readonly Lock _gate = new();
        private readonly Timer _timer;
        private (string Awaited, long? Done, long? Total)? _now;     // under _gate
        private bool _drawn;                                         // under _gate

        internal LiveProgress() => _timer = new Timer(_ => Draw(), null, Silence, TimeSpan.FromMilliseconds(100));

        internal override void Await(string step, string awaited, long? done = null, long? total = null)
        {
            lock (_gate)
                _now = (awaited, done, total);
        }

        internal override void Finish()
        {
            lock (_gate)
            {
                _now = null;
                if (_drawn)
                    StandardStreams.WriteMessage("\r\u001b[K");
                _drawn = false;
            }
        }

        public override void Dispose()
        {
            _timer.Dispose();
            base.Dispose();
        }

        private void Draw()
        {
            lock (_gate)
            {
                if (_now is not { } now)
                    return;
                string line = string.Create(CultureInfo.InvariantCulture, $"{Elapsed.TotalSeconds,5:0.0} s  {now.Awaited}");
                if (now is { Done: { } done, Total: { } total and > 0 })
                {
                    int filled = (int)Math.Clamp(BarWidth * done / total, 0, BarWidth);
                    line += $"  [{new string('█', filled)}{new string('░', BarWidth - filled)}] {100 * done / total,3} %  {Amount.Bytes(done)} of {Amount.Bytes(total)}";
                }

                int width = Terminal.SizeOf(StandardStreams.Error).Columns;
                if (width > 1 && line.Length >= width)
                    line = line[..(width - 1)];
                StandardStreams.WriteMessage("\r" + line + "\u001b[K");
                _drawn = true;
            }
        }
    }
}
