using Microsoft.Win32.SafeHandles;
using Strata.Host.Processes;
using Strata.Host.Terminals;

namespace Strata.Monitor.Control;

/// <summary>A client's terminal, with the mode it had before the client changed it; also written down, for when this process is killed with its client.</summary>
internal sealed class HeldTerminal : IDisposable
{
    private readonly SafeFileHandle _terminal;
    private readonly TerminalMode _mode;
    private readonly PrivateFolder _folder;
    private readonly string? _record;

    /// <summary>Takes the terminal over.</summary>
    /// <param name="terminal">The terminal.</param>
    /// <param name="folder">Where it is written down; it stays its owner's.</param>
    /// <param name="number">A number that no other held terminal has.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">It is no terminal.</exception>
    internal HeldTerminal(SafeFileHandle terminal, PrivateFolder folder, int number)
    {
        _mode = TerminalMode.Of(terminal);
        _terminal = terminal;
        _folder = folder;
        try
        {
            _record = TerminalRecord.Write(folder, number, terminal);
        }
        catch (IOException)
        {
            // A full disk: then only this process can put the mode back.
        }
    }

    /// <summary>Puts the mode back, for a client that died; a mode that somebody has set since is left.</summary>
    internal void Restore() => _ = _mode.RestoreIfRaw(_terminal);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_terminal.IsClosed)
            return;
        if (_record is not null)
            File.Delete(_folder.Reach(_record));
        _terminal.Dispose();
    }
}
