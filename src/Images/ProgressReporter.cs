namespace Strata.Images;

/// <summary>Passes progress on, not too often.</summary>
internal sealed class ProgressReporter(IProgress<PullProgress>? progress, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly long _start = time.GetTimestamp();
    private string? _lastAwaited;
    private TimeSpan _next;

    /// <summary>Time since the pull began.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(_start);

    /// <summary>Reports: the first and the last of a step always, others when the last one was a while ago.</summary>
    public void Report(string step, string awaited, long done, long? total)
    {
        TimeSpan now = Elapsed;
        if (progress == null || (awaited == _lastAwaited && now < _next && done != total))
            return;
        _lastAwaited = awaited;
        _next = now + Interval;
        progress.Report(new PullProgress(step, awaited, done, total, now));
    }
}
