using System.Diagnostics;
using System.Globalization;
using System.Text;
using Strata.Host.Processes;
using Strata.Host.Terminals;

namespace Strata.Conformance.WholeMachines;

/// <summary><c>./strata</c> on a terminal of its own, as a user sits before it. Every wait ends, and says what was awaited and what was seen.</summary>
internal sealed class TerminalSession : IDisposable
{
    private const int ShownOnFailure = 4000;
    private readonly PseudoTerminal _terminal = new();
    private readonly DescriptorStream _stream;
    private readonly TerminalMode _before;
    private readonly StringBuilder _seen = new();
    private readonly string _started;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly TimeSpan _patience;
    private int _read;      // what was awaited and came is behind this

    /// <summary>Starts it in a window of 80 × 25; all of the session has to end within <paramref name="patience"/>.</summary>
    public TerminalSession(TimeSpan patience, params string[] arguments)
        : this(Repository.Home, patience, arguments)
    {
    }

    /// <summary>The same with everything that strata keeps in <paramref name="home"/>.</summary>
    public TerminalSession(string home, TimeSpan patience, string[] arguments)
    {
        _patience = patience;
        _started = "strata " + string.Join(' ', arguments);
        _stream = new(_terminal.Controller);
        Terminal.Resize(_terminal.Device, new(80, 25));
        _before = TerminalMode.Of(_terminal.Device);
        Client = ChildProcess.Start(new()
        {
            Path = Repository.File("strata"),
            Arguments = arguments,
            ControllingTerminal = _terminal.Path,
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["STRATA_HOME"] = home, ["TERM"] = "vt100" },
        });
    }

    /// <summary>The process of the command line.</summary>
    public ChildProcess Client { get; }

    /// <summary>Whether the terminal has the mode that it had before.</summary>
    public bool IsAsBefore => TerminalMode.Of(_terminal.Device).Matches(_before);

    /// <summary>The command line's children: its monitor, when there is one.</summary>
    public IReadOnlyList<int> Monitors => ChildrenOf(Client.Id);

    /// <summary>Time since its start.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>Types.</summary>
    public void Type(string text) => Assert.True(_stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>Changes the window's size, as a terminal emulator does.</summary>
    public void Resize(int columns, int rows) => Terminal.Resize(_terminal.Device, new(columns, rows));

    /// <summary>Waits until <paramref name="text"/> is shown after what was awaited last.</summary>
    public void Await(string text)
    {
        int found;
        while ((found = _seen.ToString(_read, _seen.Length - _read).IndexOf(text, StringComparison.Ordinal)) < 0)
        {
            Take(100);
            if (Client.TryWait(0) is { } code)
                Fail($"'{text}' did not come before it ended with code {code}");
            if (Elapsed > _patience)
                Fail($"'{text}' did not come");
        }

        _read += found + text.Length;
    }

    /// <summary>Waits until <paramref name="condition"/> holds.</summary>
    public void Await(Func<bool> condition, string what)
    {
        while (!condition())
        {
            Take(50);
            if (Elapsed > _patience)
                Fail($"awaited in vain: {what}");
        }
    }

    /// <summary>Waits for its end.</summary>
    public int AwaitExit()
    {
        int? code = null;
        Await(() => (code = Client.TryWait(0)) is not null, "its end");
        return code!.Value;
    }

    /// <summary>What the failure is, and what was seen.</summary>
    public void Fail(string why)
    {
        string seen = _seen.Length <= ShownOnFailure ? _seen.ToString() : _seen.ToString(_seen.Length - ShownOnFailure, ShownOnFailure);
        Assert.Fail($"{_started}: {why}, {Elapsed.TotalSeconds:0.0} s after its start; the terminal showed:\n{seen}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Client.TryWait(0) is null)
        {
            foreach (int monitor in Monitors)
                _ = HostProcess.Signal(monitor, HostProcess.SignalKill);
            Client.Signal(HostProcess.SignalKill);
            _ = Client.TryWait(10_000);
        }

        Client.Dispose();
        _terminal.Dispose();
    }

    private static List<int> ChildrenOf(int id)
    {
        try
        {
            string children = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/task/{id}/children"));
            return [.. children.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(child => int.Parse(child, CultureInfo.InvariantCulture))];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private void Take(int patienceMs)
    {
        byte[] buffer = new byte[4096];
        if (_stream.WaitReadable(patienceMs))
            _ = _seen.Append(Encoding.UTF8.GetString(buffer, 0, _stream.Read(buffer)));
    }
}
