using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Strata.Host.Terminals;

/// <summary>The size of a terminal's window in character cells; 0 × 0 when it does not know.</summary>
/// <param name="Columns">Its width.</param>
/// <param name="Rows">Its height.</param>
public readonly record struct TerminalSize(int Columns, int Rows);

/// <summary>A terminal's line discipline settings (termios(3)), kept to be put back.</summary>
public sealed class TerminalMode
{
    private readonly byte[] _settings;

    private TerminalMode(byte[] settings) => _settings = settings;

    /// <summary>The present mode of <paramref name="terminal"/>.</summary>
    /// <exception cref="Win32Exception">It is no terminal, or it is gone.</exception>
    public static unsafe TerminalMode Of(SafeHandle terminal)
    {
        ArgumentNullException.ThrowIfNull(terminal);
        byte[] settings = new byte[Interop.Terminals.ModeBytes];

        // SAFETY: struct termios has 60 bytes.
        fixed (byte* mode = settings)
        {
            if (Interop.Terminals.GetMode(terminal, mode) != 0)
                throw HostCall.Failure("cannot read the terminal's mode");
        }

        return new(settings);
    }

    /// <summary>This mode with every byte passed through as it comes (cfmakeraw(3)).</summary>
    public unsafe TerminalMode AsRaw()
    {
        byte[] settings = (byte[])_settings.Clone();

        // SAFETY: as above.
        fixed (byte* mode = settings)
            Interop.Terminals.MakeRaw(mode);
        return new(settings);
    }

    /// <summary>Gives <paramref name="terminal"/> this mode; false when it is gone.</summary>
    public unsafe bool Apply(SafeHandle terminal)
    {
        ArgumentNullException.ThrowIfNull(terminal);

        // SAFETY: as above.
        fixed (byte* mode = _settings)
        {
            while (Interop.Terminals.SetMode(terminal, Interop.Terminals.ApplyNow, mode) != 0)
            {
                if (Marshal.GetLastPInvokeError() != HostCall.Interrupted)
                    return false;
            }
        }

        return true;
    }

    /// <summary>Gives <paramref name="terminal"/> this mode if it has this one's <see cref="AsRaw"/>: another one was set by somebody else since.</summary>
    /// <returns>True when it was put back.</returns>
    public bool RestoreIfRaw(SafeHandle terminal)
    {
        try
        {
            return Of(terminal).Matches(AsRaw()) && Apply(terminal);
        }
        catch (Win32Exception)
        {
            return false; // It is gone.
        }
    }

    /// <summary>The mode that <see cref="ToString"/> wrote; null when it is none.</summary>
    public static TerminalMode? TryParse(string text)
    {
        byte[] settings = new byte[Interop.Terminals.ModeBytes];
        return Convert.FromHexString(text, settings, out _, out int written) == System.Buffers.OperationStatus.Done && written == settings.Length ? new(settings) : null;
    }

    /// <summary>The settings as one word.</summary>
    public override string ToString() => Convert.ToHexStringLower(_settings);

    /// <summary>True when both are the same settings.</summary>
    public bool Matches(TerminalMode other) => other is not null && _settings.AsSpan().SequenceEqual(other._settings);
}

/// <summary>Questions to a terminal.</summary>
public static class Terminal
{
    /// <summary>True when <paramref name="file"/> is a terminal.</summary>
    public static bool Is(SafeHandle file)
    {
        ArgumentNullException.ThrowIfNull(file);
        bool result = Interop.Terminals.IsTerminal(file) == 1;
        return result;
    }

    /// <summary>The window size of <paramref name="terminal"/>; 0 × 0 when it is none.</summary>
    public static unsafe TerminalSize SizeOf(SafeHandle terminal)
    {
        ArgumentNullException.ThrowIfNull(terminal);
        Interop.Terminals.WindowSize size;

        // SAFETY: the kernel writes one struct winsize.
        int refused = Interop.Terminals.Control(terminal, Interop.Terminals.GetWindowSize, &size);
        return refused == 0 ? new(size.Columns, size.Rows) : default;
    }

    /// <summary>Changes the window size, as a terminal emulator does; the foreground process group gets SIGWINCH.</summary>
    /// <exception cref="Win32Exception">It is no terminal.</exception>
    public static unsafe void Resize(SafeHandle terminal, TerminalSize size)
    {
        ArgumentNullException.ThrowIfNull(terminal);
        Interop.Terminals.WindowSize window = new() { Columns = (ushort)size.Columns, Rows = (ushort)size.Rows };

        // SAFETY: the kernel reads one struct winsize.
        if (Interop.Terminals.Control(terminal, Interop.Terminals.SetWindowSize, &window) != 0)
            throw HostCall.Failure("cannot change the window size");
    }
}
