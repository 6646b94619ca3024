using System.Runtime.InteropServices;

namespace Strata.Host.Sockets;

/// <summary>Waits for one descriptor (poll(2)).</summary>
internal static class Waiting
{
    /// <summary>True when <paramref name="events"/> or an error is there; false after <paramref name="timeoutMs"/> (-1: never).</summary>
    internal static unsafe bool For(int descriptor, short events, int timeoutMs)
    {
        // SAFETY: one entry on this frame.
        Interop.Sockets.PollEntry entry = new() { Descriptor = descriptor, Wanted = events };
        int ready;
        do
        {
            ready = Interop.Sockets.Poll(&entry, 1, timeoutMs);
        }
        while (ready < 0 && Marshal.GetLastPInvokeError() == HostCall.Interrupted);

        return ready < 0 ? throw HostCall.Failure("cannot wait for a descriptor") : ready > 0;
    }
}
