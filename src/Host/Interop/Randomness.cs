using System.Runtime.InteropServices;

namespace Strata.Host.Interop;

/// <summary>getrandom(2).</summary>
internal static partial class Randomness
{
    [LibraryImport("libc", EntryPoint = "getrandom", SetLastError = true)]
    internal static unsafe partial nint GetRandom(void* buffer, nuint count, uint flags);
}
