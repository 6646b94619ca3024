using Microsoft.Win32.SafeHandles;
using Strata.Host.Terminals;

namespace Strata.Monitor.Control;

/// <summary>A client's terminal, with the mode it had before the client changed it.</summary>
internal sealed class HeldTerminal : IDisposable
{
    private readonly SafeFileHandle _terminal;
    private readonly TerminalMode _mode;

    /// <summary>Takes the terminal over.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">It is no terminal.</exception>
    internal HeldTerminal(SafeFileHandle terminal)
    {
        _mode = TerminalMode.Of(terminal);
        _terminal = terminal;
    }

    /// <summary>Puts the mode back, for a client that died.</summary>
    internal void Restore() => _ = _mode.Apply(_terminal);

    /// <inheritdoc/>
    public void Dispose() => _terminal.Dispose();
}
