using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Strata.Host.Processes;

/// <summary>An exclusive lock on a file (flock(2)); it ends with the process, however that dies.</summary>
public sealed class FileLock : IDisposable
{
    private readonly SafeFileHandle _file;

    private FileLock(SafeFileHandle file) => _file = file;

    /// <summary>Waits for the lock on <paramref name="path"/>, which is made when missing.</summary>
    /// <exception cref="Win32Exception">The file cannot be opened or locked.</exception>
    public static FileLock Take(string path) => Lock(path, Interop.Processes.LockExclusive)!;

    /// <summary>The lock on <paramref name="path"/>, or null when somebody else holds it.</summary>
    /// <exception cref="Win32Exception">The file cannot be opened or locked.</exception>
    public static FileLock? TryTake(string path) => Lock(path, Interop.Processes.LockExclusive | Interop.Processes.LockNonBlocking);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static FileLock? Lock(string path, int operation)
    {
        int opened = Interop.Processes.Open(
            path,
            Interop.Processes.OpenReadWrite | Interop.Processes.OpenCreate | Interop.Processes.OpenNoFollow | Interop.Processes.OpenCloseOnExec,
            0x180);
        if (opened < 0)
            throw HostCall.Failure($"cannot open {path}");
        SafeFileHandle file = new(opened, ownsHandle: true);
        while (Interop.Processes.Lock(opened, operation) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error == HostCall.Interrupted)
                continue;
            file.Dispose();
            return error == HostCall.TryAgain ? null : throw HostCall.Failure($"cannot lock {path}", error);
        }

        return new(file);
    }
}
