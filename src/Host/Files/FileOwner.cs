using Microsoft.Win32.SafeHandles;

namespace Strata.Host.Files;

/// <summary>Says whose a file is, for messages about files that may not be opened.</summary>
public static class FileOwner
{
    /// <summary>"it belongs to user 1000 and has mode 600; this is user 1001"; null if not even that can be seen, because a folder on the way is closed.</summary>
    public static unsafe string? Describe(string path)
    {
        int opened = Interop.Processes.Open(path, Interop.Processes.OpenPathOnly | Interop.Processes.OpenCloseOnExec, 0);
        if (opened < 0)
            return null;
        using SafeFileHandle file = new(opened, ownsHandle: true);

        // SAFETY: struct stat of x86-64 has 144 bytes; st_mode is at 24, st_uid at 28 (bits/struct_stat.h).
        byte* status = stackalloc byte[Interop.Processes.StatusBytes];
        if (Interop.Processes.StatusOf(file, status) != 0)
            return null;
        uint mode = *(uint*)(status + 24) & 0xFFF;
        return $"it belongs to user {*(uint*)(status + 28)} and has mode {Convert.ToString(mode, 8)}; this is user {Interop.Processes.EffectiveUser()}";
    }
}
