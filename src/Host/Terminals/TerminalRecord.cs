using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Strata.Host.Processes;

namespace Strata.Host.Terminals;

/// <summary>
/// Which terminal a process has made raw, and the mode it had before, written into a folder of the process's: when all that know of it were killed, whoever
/// sweeps the folder puts the mode back.
/// </summary>
/// <remarks>
/// A terminal's name and number are used again. It is the same one while the device, its number and the time of its last change of owner or permissions
/// (a new pseudo terminal's making) are the same, and it is still as it was left while its mode is exactly the raw one.
/// </remarks>
public sealed class TerminalRecord
{
    private const string Prefix = "terminal-";
    private const int MostRecords = 64;
    private const int MostBytes = 1024;

    private readonly string _path;
    private readonly CharacterDevice _device;
    private readonly TerminalMode _mode;

    private TerminalRecord(string path, CharacterDevice device, TerminalMode mode)
    {
        _path = path;
        _device = device;
        _mode = mode;
    }

    /// <summary>Writes the present mode of <paramref name="terminal"/> into <paramref name="folder"/> under a number that is free there.</summary>
    /// <returns>The record's name, to delete it; null for a terminal that cannot be found again by its name.</returns>
    /// <exception cref="System.ComponentModel.Win32Exception">It is no terminal.</exception>
    /// <exception cref="IOException">The record cannot be written.</exception>
    public static string? Write(PrivateFolder folder, int number, SafeFileHandle terminal)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(terminal);
        TerminalMode mode = TerminalMode.Of(terminal);
        if (CharacterDevice.Of(terminal) is not { IsOwnTerminalAlias: false } device || device.FindPath(terminal) is not { } path)
            return null;
        string name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number}");
        File.WriteAllText(folder.Reach(name), string.Create(CultureInfo.InvariantCulture, $"{device.Number} {device.ChangedSeconds} {device.ChangedNanoseconds} {mode} {path}\n"));
        return name;
    }

    /// <summary>The records in <paramref name="folder"/>; what is none is left out.</summary>
    public static IReadOnlyList<TerminalRecord> ReadAll(PrivateFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        List<TerminalRecord> records = [];
        foreach (string path in Directory.EnumerateFiles(folder.Reach("."), Prefix + "*").Take(MostRecords))
        {
            if (folder.TryRead(Path.GetFileName(path), MostBytes) is { } text && Parse(text) is { } record)
                records.Add(record);
        }

        return records;
    }

    /// <summary>True when both are the same terminal.</summary>
    public bool IsSameTerminal(TerminalRecord other) => other is not null && _device == other._device;

    /// <summary>Puts the mode back, if the terminal is still there and still as it was left.</summary>
    /// <returns>True when it was put back.</returns>
    public bool Restore()
    {
        int opened = Interop.Processes.Open(
            _path,
            Interop.Terminals.OpenReadWrite | Interop.Terminals.OpenNoControllingTerminal | Interop.Terminals.OpenCloseOnExec
                | Interop.Processes.OpenNoFollow | Interop.Processes.OpenNonBlocking,
            0);
        if (opened < 0)
            return false;
        using SafeFileHandle terminal = new(opened, ownsHandle: true);
        return CharacterDevice.Of(terminal) == _device && Terminal.Is(terminal) && _mode.RestoreIfRaw(terminal);
    }

    private static TerminalRecord? Parse(string text) =>
        text.TrimEnd('\n').Split(' ', 5) is [var number, var seconds, var nanoseconds, var mode, var path]
        && ulong.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out ulong device)
        && long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out long changed)
        && long.TryParse(nanoseconds, NumberStyles.None, CultureInfo.InvariantCulture, out long fraction)
        && TerminalMode.TryParse(mode) is { } saved
        && CharacterDevice.IsName(path)
            ? new(path, new(device, changed, fraction), saved)
            : null;

    /// <summary>What identifies a character device, as long as it exists.</summary>
    private readonly record struct CharacterDevice(ulong Number, long ChangedSeconds, long ChangedNanoseconds)
    {
        // makedev(3): /dev/tty, /dev/console and /dev/ptmx have major 5, and are another terminal for whoever opens them.
        internal bool IsOwnTerminalAlias => (Number >> 8 & 0xFFF) == 5;

        internal static bool IsName(string path) =>
            path.StartsWith("/dev/", StringComparison.Ordinal) && !path.Contains("/.", StringComparison.Ordinal) && !path.Contains('\0', StringComparison.Ordinal);

        internal static unsafe CharacterDevice? Of(SafeFileHandle file)
        {
            // SAFETY: struct stat of x86-64 has 144 bytes; st_mode is at 24, st_rdev at 40, st_ctim at 104 and 112 (bits/struct_stat.h).
            byte* status = stackalloc byte[Interop.Processes.StatusBytes];
            return Interop.Processes.StatusOf(file, status) == 0 && (*(uint*)(status + 24) & 0xF000) == 0x2000
                ? new(*(ulong*)(status + 40), *(long*)(status + 104), *(long*)(status + 112))
                : null;
        }

        /// <summary>The device's name, when that leads to it.</summary>
        internal string? FindPath(SafeFileHandle file)
        {
            bool referenced = false;
            try
            {
                file.DangerousAddRef(ref referenced);
                string? path = new FileInfo($"/proc/self/fd/{file.DangerousGetHandle()}").LinkTarget;
                return path is not null && IsName(path) ? path : null;
            }
            finally
            {
                if (referenced)
                    file.DangerousRelease();
            }
        }
    }
}
