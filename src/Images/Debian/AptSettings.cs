using System.Diagnostics;
using System.Globalization;

namespace Strata.Images.Debian;

// apt.conf(5), apt-transport-http(1), sources.list(5).

/// <summary>What the machine's own apt is set to, as far as it concerns a download from Debian's archive.</summary>
internal sealed class AptSettings
{
    private readonly Dictionary<string, string> _values = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Settings in the form that <c>apt-config dump</c> prints: lines as <c>Acquire::Check-Date "false";</c>.</summary>
    public AptSettings(string dump, IEnumerable<string> archives)
    {
        Archives = [.. archives];
        foreach (string line in dump.Split('\n'))
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            string value = space < 0 ? "" : line[(space + 1)..].Trim().TrimEnd(';');
            if (value is ['"', .., '"'])
                _values[line[..space]] = value[1..^1];
        }
    }

    /// <summary>The archives apt uses, most likely first: each an http or https URI.</summary>
    public IReadOnlyList<string> Archives { get; }

    /// <summary>Whether dates are looked at, at all.</summary>
    public bool ChecksDate => Flag("Acquire::Check-Date", true);

    /// <summary>Whether a release past its Valid-Until is refused.</summary>
    public bool ChecksValidUntil => Flag("Acquire::Check-Valid-Until", true);

    /// <summary>How far in the future a release's date may lie.</summary>
    public TimeSpan MaxFutureTime => TimeSpan.FromSeconds(Number("Acquire::Max-FutureTime", 10));

    /// <summary>How old a release may be, or zero for any age.</summary>
    public TimeSpan MaxValidTime => TimeSpan.FromSeconds(Number("Acquire::Max-ValidTime", 0));

    /// <summary>How old a release may be in any case, whatever its Valid-Until says.</summary>
    public TimeSpan MinValidTime => TimeSpan.FromSeconds(Number("Acquire::Min-ValidTime", 0));

    /// <summary>Asks the machine. Without apt: no archives and apt's defaults.</summary>
    public static async Task<AptSettings> ReadAsync(CancellationToken cancellation)
    {
        string dump = await RunAsync("apt-config", ["dump"], cancellation);
        var archives = new List<string>();
        // What apt knows from the archives' own release files, then what its sources say (before the first apt-get update only that).
        string targets = await RunAsync("apt-get", ["indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages", "Origin: Debian"], cancellation);
        foreach (string line in targets.Split('\n'))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 2 && !words[1].Contains('-', StringComparison.Ordinal))
                Add(archives, words[0]);
        }

        foreach (string uri in AptSources.Read("/etc/apt"))
            Add(archives, uri);
        return new AptSettings(dump, archives);
    }

    /// <summary>The proxy for <paramref name="target"/>.</summary>
    /// <returns>A URI; "DIRECT" for none; null when apt does not say and the environment's (http_proxy, …) counts.</returns>
    public async Task<string?> ProxyForAsync(Uri target, CancellationToken cancellation)
    {
        string scheme = "Acquire::" + target.Scheme;
        string? set = Value($"{scheme}::Proxy::{target.Host}") ?? Value(scheme + "::Proxy");
        string? command = Value(scheme + "::Proxy-Auto-Detect") ?? Value(scheme + "::ProxyAutoDetect");
        if (set == null && command != null)
            set = (await RunAsync(command, [target.ToString()], cancellation)).Trim();
        return string.IsNullOrEmpty(set) ? null : set.Replace("socks5h://", "socks5://", StringComparison.Ordinal);
    }

    private static void Add(List<string> archives, string uri)
    {
        if (!uri.EndsWith('/'))
            uri += "/";
        if (Uri.TryCreate(uri, UriKind.Absolute, out Uri? parsed) && parsed.Scheme is "http" or "https" && !archives.Contains(uri))
            archives.Add(uri);
    }

    private static readonly TimeSpan ProgramPatience = TimeSpan.FromSeconds(30);

    private static async Task<string> RunAsync(string program, string[] arguments, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["LC_ALL"] = "C";
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(ProgramPatience);
        try
        {
            using var process = Process.Start(start);
            if (process == null)
                return "";
            process.StandardInput.Close();
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginErrorReadLine();
            string output = await process.StandardOutput.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return output;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ImageException("E-IMG-NETWORK", $"{program} did not end within {ProgramPatience.TotalSeconds:0} s", "see what apt's proxy detection waits for: apt-config dump Acquire");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "";                                          // there is no such program: no Debian
        }
    }

    // apt lets an archive's label or origin follow the name, and that wins.
    private string? Value(string name) => _values.GetValueOrDefault(name + "::Debian") ?? _values.GetValueOrDefault(name);

    private bool Flag(string name, bool fallback) => Value(name)?.ToLowerInvariant() switch
    {
        "0" or "no" or "false" or "without" or "off" or "disable" => false,
        "1" or "yes" or "true" or "with" or "on" or "enable" => true,
        _ => fallback,
    };

    private long Number(string name, long fallback) =>
        long.TryParse(Value(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out long value) && value is >= 0 and < 1L << 32 ? value : fallback;
}
