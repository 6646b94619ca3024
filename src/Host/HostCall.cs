using System.ComponentModel;
using System.Runtime.InteropServices;

[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]

namespace Strata.Host;

/// <summary>Turns a refused system call into an exception that says what failed and why.</summary>
internal static class HostCall
{
    internal const int NoSuchProcess = 3;
    internal const int Interrupted = 4;
    internal const int TryAgain = 11;
    internal const int Exists = 17;
    internal const int BrokenPipe = 32;
    internal const int NotASocket = 88;

    /// <summary>The exception for the last call's errno: "<paramref name="what"/>: reason".</summary>
    internal static Win32Exception Failure(string what) => Failure(what, Marshal.GetLastPInvokeError());

    /// <summary>The exception for <paramref name="error"/>, an errno.</summary>
    internal static Win32Exception Failure(string what, int error) => new(error, $"{what}: {Marshal.GetPInvokeErrorMessage(error)}");
}
