namespace Strata.Api.Control;

/// <summary>The limits and the version of the control protocol.</summary>
/// <remarks>
/// A monitor listens at <c>&lt;registry&gt;/&lt;id&gt;/control.sock</c>. Both sides send JSON objects, one a line, in UTF-8, at most
/// <see cref="MaximumLineBytes"/> long with the line feed. The first line of a connection is <see cref="HelloRequest"/>. Every request has a number
/// of the client's choice and gets exactly one reply with that number; events have number 0. Open files travel beside the line that names
/// them (SCM_RIGHTS), in order. After a good <see cref="ConsoleRequest"/> the connection is no longer lines: both directions are the console's bytes.
/// A line that is no request is answered by <see cref="FailedReply"/>, and the connection is closed.
/// </remarks>
public static class ControlProtocol
{
    /// <summary>The version that this build speaks.</summary>
    public const int Version = 1;

    /// <summary>The most bytes of one line, its line feed included.</summary>
    public const int MaximumLineBytes = 64 * 1024;

    /// <summary>The most files that one line may bring.</summary>
    public const int MaximumFiles = 32;

    /// <summary>The most characters of a machine's id.</summary>
    public const int MaximumIdLength = 12;

    /// <summary>The name of the socket in the machine's folder.</summary>
    public const string SocketName = "control.sock";
}

/// <summary>The other side broke the control protocol.</summary>
/// <param name="message">What it did.</param>
public sealed class ControlProtocolException(string message) : IOException(message);

/// <summary>A request failed; the monitor said why.</summary>
/// <param name="error">What it said.</param>
public sealed class MonitorException(ErrorRecord error) : Exception($"{error.What}: {error.Why}")
{
    /// <summary>What the monitor said.</summary>
    public ErrorRecord Error { get; } = error;
}
