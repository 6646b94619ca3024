using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Strata.Host.Files;

/// <summary>Files that must still be there after the host has crashed: written beside their place, flushed, renamed, and the folder flushed.</summary>
public static class LastingFile
{
    private const int InvalidArgument = 22;

    /// <summary>Puts a file that was written and flushed to its place in the same file system; when this returns, the name lasts as the content does.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public static void Move(string temporary, string path)
    {
        File.Move(temporary, path, overwrite: true);
        FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    private static void FlushFolder(string path)
    {
        int opened = Interop.Processes.Open(path, Interop.Processes.OpenDirectory | Interop.Processes.OpenCloseOnExec, 0);
        if (opened < 0)
            throw new IOException($"cannot open the folder {path} to flush it: {Marshal.GetLastPInvokeErrorMessage()}");
        using SafeFileHandle folder = new(opened, ownsHandle: true);

        // File systems that know no flush of folders say so.
        if (Interop.Files.SyncData(folder) != 0 && Marshal.GetLastPInvokeError() != InvalidArgument)
            throw new IOException($"cannot flush the folder {path}: {Marshal.GetLastPInvokeErrorMessage()}");
    }
}
