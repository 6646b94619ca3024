using System.Globalization;
using System.Text;

namespace Strata.Monitor.Agent;

/// <summary>The lines that monitor and agent exchange over the port <c>strata.control</c>. Words are separated by one space; a line ends with a line feed.</summary>
/// <remarks>
/// Guest: <c>HELLO 1 NAME</c>, <c>STARTED SLOT PID</c>, <c>EXIT SLOT CODE</c>, <c>PONG N</c>. Host: <c>EXEC SLOT ARGUMENTS [ENVIRONMENT]</c> (base64 of
/// NUL-terminated strings), <c>SIGNAL SLOT NAME</c>, <c>SHUTDOWN</c>, <c>PING N</c>. A line that the guest sends and that is none of these is ignored.
/// </remarks>
internal static class AgentLine
{
    /// <summary>The version of this protocol.</summary>
    internal const int Version = 1;

    /// <summary>How many commands can run at once.</summary>
    internal const int Slots = 8;

    /// <summary>The most bytes of a line from the guest.</summary>
    internal const int MaximumGuestBytes = 4096;

    /// <summary>The most bytes of a line to the guest.</summary>
    internal const int MaximumHostBytes = 48 * 1024;

    /// <summary>The number of a slot's port on the virtio console.</summary>
    internal static int PortOf(int slot, ExecStream stream) => 2 + (3 * slot) + (int)stream;

    /// <summary>The line that runs a command; null when it would be too long or holds a NUL.</summary>
    internal static string? Exec(int slot, IReadOnlyList<string> arguments, IReadOnlyList<string> environment)
    {
        if (arguments.Concat(environment).Any(text => text.Contains('\0')))
            return null;
        string line = $"EXEC {slot} {Encode(arguments)}";
        if (environment.Count > 0)
            line += " " + Encode(environment);
        return line.Length < MaximumHostBytes ? line : null;
    }

    /// <summary>The line that sends a signal; null when the name is no signal's.</summary>
    internal static string? Signal(int slot, string name) =>
        name.Length is > 0 and <= 10 && name.All(char.IsAsciiLetterOrDigit) ? $"SIGNAL {slot} {name.ToUpperInvariant()}" : null;

    /// <summary>What the guest says, or null when it is nothing that is known.</summary>
    internal static AgentMessage? Parse(ReadOnlySpan<byte> line)
    {
        if (line.Length > MaximumGuestBytes || !Ascii.IsValid(line))
            return null;
        string[] words = Encoding.ASCII.GetString(line).TrimEnd('\r').Split(' ');
        return words switch
        {
            ["HELLO", var version, ..] when Number(version) is { } value => new(AgentWord.Hello, value, 0),
            ["STARTED", var slot, var pid] when Slot(slot) is { } value && Number(pid) is { } id => new(AgentWord.Started, value, id),
            ["EXIT", var slot, var code] when Slot(slot) is { } value && Number(code) is { } exit => new(AgentWord.Exit, value, exit & 0xFF),
            ["PONG", var number] when Number(number) is { } value => new(AgentWord.Pong, value, 0),
            _ => null,
        };
    }

    private static string Encode(IReadOnlyList<string> strings) => Convert.ToBase64String(Encoding.UTF8.GetBytes(string.Concat(strings.Select(text => text + '\0'))));

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : null;

    private static int? Slot(string text) => Number(text) is { } value && value < Slots ? value : null;
}

/// <summary>The streams of a command, in the order of a slot's ports.</summary>
internal enum ExecStream
{
    /// <summary>Standard input.</summary>
    Input,

    /// <summary>Standard output.</summary>
    Output,

    /// <summary>Standard error.</summary>
    Error,
}

/// <summary>What an agent can say.</summary>
internal enum AgentWord
{
    /// <summary>It is there.</summary>
    Hello,

    /// <summary>A command runs.</summary>
    Started,

    /// <summary>A command has ended.</summary>
    Exit,

    /// <summary>It still listens.</summary>
    Pong,
}

/// <summary>Something that the agent said.</summary>
/// <param name="Word">What.</param>
/// <param name="First">The version, the slot or the number.</param>
/// <param name="Second">The process id or the exit code.</param>
internal readonly record struct AgentMessage(AgentWord Word, int First, int Second);
