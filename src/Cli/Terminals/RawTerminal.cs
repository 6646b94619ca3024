using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Strata.Host.Terminals;

namespace Strata.Cli.Terminals;

/// <summary>Puts the terminal into raw mode and, however this process leaves, its old mode back (the monitor does it when this process is killed).</summary>
internal sealed class RawTerminal : IDisposable
{
    private readonly SafeFileHandle _terminal;
    private readonly TerminalMode _old;
    private readonly TerminalMode _raw;
    private readonly PosixSignalRegistration _continued;
    private readonly PosixSignalRegistration _stopped;
    private readonly Lock _gate = new();
    private bool _restored;     // under _gate

    /// <summary>Enters raw mode.</summary>
    /// <param name="terminal">The terminal.</param>
    internal RawTerminal(SafeFileHandle terminal)
    {
        _terminal = terminal;
        _old = TerminalMode.Of(terminal);
        _raw = _old.AsRaw();
        _ = _raw.Apply(terminal);
        _stopped = PosixSignalRegistration.Create(PosixSignal.SIGTSTP, _ => Switch(_old));
        _continued = PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => Switch(_raw));
    }

    /// <summary>Puts the old mode back.</summary>
    public void Dispose()
    {
        _stopped.Dispose();
        _continued.Dispose();
        Switch(_old);
        lock (_gate)
            _restored = true;
    }

    private void Switch(TerminalMode mode)
    {
        lock (_gate)
        {
            if (!_restored)
                _ = mode.Apply(_terminal);
        }
    }
}
