using System.Buffers;
using System.Globalization;

namespace Strata.Images.Debian;

// The release file of an archive: https://wiki.debian.org/DebianRepository/Format, "Release" files.

/// <summary>A file that a release or a package list promises.</summary>
/// <param name="SizeBytes">Its length.</param>
/// <param name="Sha256">Its digest, 64 lower-case hexadecimal digits.</param>
internal sealed record FilePromise(long SizeBytes, string Sha256)
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    /// <summary>Makes a promise of two fields.</summary>
    /// <exception cref="InvalidDataException">They are no size and no digest.</exception>
    public static FilePromise Parse(string? size, string? sha256)
    {
        if (!long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) || sha256?.Length != 64
            || sha256.AsSpan().ContainsAnyExcept(Digits))
            throw new InvalidDataException("a file's size or SHA-256 is missing or badly written");
        return new FilePromise(bytes, sha256);
    }
}

/// <summary>A release file whose signature has been checked.</summary>
internal sealed class Release
{
    private readonly Dictionary<string, FilePromise> _files = new(StringComparer.Ordinal);

    private Release(DateTimeOffset date, DateTimeOffset? validUntil, bool byHash)
    {
        Date = date;
        ValidUntil = validUntil;
        HasFilesByHash = byHash;
    }

    /// <summary>When it was made.</summary>
    public DateTimeOffset Date { get; }

    /// <summary>When it stops being good, if it says so.</summary>
    public DateTimeOffset? ValidUntil { get; }

    /// <summary>Whether the archive serves its index files under their digests, which never change under a reader.</summary>
    public bool HasFilesByHash { get; }

    /// <summary>Reads a release.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or not of Debian's <paramref name="suite"/>.</exception>
    public static Release Parse(string text, string suite)
    {
        ControlStanza stanza = ControlStanza.ParseAll(text).FirstOrDefault() ?? throw new InvalidDataException("the release file is empty");
        if (stanza["Origin"] != "Debian" || (stanza["Codename"] != suite && stanza["Suite"] != suite))
            throw new InvalidDataException($"the release file is of {stanza["Origin"] ?? "nobody"}'s {stanza["Codename"] ?? "nothing"}, not of Debian's {suite}");
        var release = new Release(
            Time(stanza["Date"]) ?? throw new InvalidDataException("the release file has no date"),
            Time(stanza["Valid-Until"]),
            stanza["Acquire-By-Hash"] == "yes");
        foreach (string line in (stanza["SHA256"] ?? "").Split('\n'))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 3)
                release._files[words[2]] = FilePromise.Parse(words[1], words[0]);
        }

        return release;
    }

    /// <summary>What the release promises of a file below its folder.</summary>
    /// <exception cref="InvalidDataException">It promises nothing.</exception>
    public FilePromise File(string path) =>
        _files.GetValueOrDefault(path) ?? throw new InvalidDataException($"the release file does not list {path}");

    /// <summary>Why a release's dates forbid its use, or null. As apt judges it.</summary>
    public static string? DateFault(DateTimeOffset date, DateTimeOffset? validUntil, AptSettings apt, DateTimeOffset now)
    {
        if (!apt.ChecksDate)
            return null;
        if (date > now + apt.MaxFutureTime)
            return $"the archive's release is dated {date:u}, in the future";
        if (!apt.ChecksValidUntil)
            return null;
        DateTimeOffset? until = validUntil;
        if (apt.MaxValidTime > TimeSpan.Zero && (until == null || date + apt.MaxValidTime < until))
            until = date + apt.MaxValidTime;
        if (until != null && date + apt.MinValidTime > until)
            until = date + apt.MinValidTime;
        return until < now ? $"the archive's release of {date:u} was good until {until:u}" : null;
    }

    private static DateTimeOffset? Time(string? value)
    {
        if (value == null)
            return null;
        string plain = value.EndsWith(" UTC", StringComparison.Ordinal) ? value[..^4] : value.EndsWith(" GMT", StringComparison.Ordinal) ? value[..^4] : value;
        if (!DateTimeOffset.TryParseExact(plain, "ddd, d MMM yyyy H:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowInnerWhite, out DateTimeOffset time)
            && !DateTimeOffset.TryParseExact(plain, "ddd, d MMM yyyy H:mm:ss zzz", CultureInfo.InvariantCulture, DateTimeStyles.AllowInnerWhite, out time))
            throw new InvalidDataException($"the release file has a badly written date: {value}");
        return time;
    }
}
