namespace Strata.Images;

/// <summary>Where a pull stands.</summary>
/// <param name="Step">A short name of the step: <c>lock</c>, <c>release</c>, <c>packages</c>, one of each package (as <c>kernel</c>), <c>image</c>.</param>
/// <param name="Awaited">What is awaited, in a few words for the user.</param>
/// <param name="BytesDone">Bytes of this step so far; what an earlier try has left counts.</param>
/// <param name="BytesTotal">Bytes of this step, or null when unknown.</param>
/// <param name="Elapsed">Time since the pull began.</param>
public sealed record PullProgress(string Step, string Awaited, long BytesDone, long? BytesTotal, TimeSpan Elapsed);

/// <summary>What a pull did.</summary>
/// <param name="Image">The image, ready to use.</param>
/// <param name="Changed">False when the image was there already and is still the newest.</param>
/// <param name="BytesDownloaded">What came over the network.</param>
/// <param name="Elapsed">How long it took.</param>
public sealed record PullResult(Image Image, bool Changed, long BytesDownloaded, TimeSpan Elapsed);

/// <summary>How to pull.</summary>
public sealed record PullOptions
{
    /// <summary>The Debian archive, as <c>http://host/debian/</c>; null: <c>STRATA_DEBIAN_ARCHIVE</c>, else what the machine's apt uses.</summary>
    public string? Archive { get; init; }

    /// <summary>How long a connection may bring nothing before it is made anew.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a download is tried; each try goes on where the last one ended.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>The pause before the second try; it doubles from try to try.</summary>
    public TimeSpan FirstRetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The time source.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
