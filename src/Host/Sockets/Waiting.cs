using System.Runtime.InteropServices;

namespace Strata.Host.Sockets;

/// <summary>Waits for one descriptor (poll(2)).</summary>
internal static class Waiting
{
    /// <summary>True when <paramref name="events"/> or an error is there; false after <paramref name="timeoutMs"/> (-1: never).</summary>
    /// <exception cref="ObjectDisposedException">The descriptor is closed.</exception>
    internal static unsafe bool For(SafeHandle descriptor, short events, int timeoutMs)
    {
        bool referenced = false;
        try
        {
            // SAFETY: one entry on this frame; the reference keeps the number from becoming another file's while this waits.
            descriptor.DangerousAddRef(ref referenced);
            Interop.Sockets.PollEntry entry = new() { Descriptor = (int)descriptor.DangerousGetHandle(), Wanted = events };
            int ready;
            do
            {
                ready = Interop.Sockets.Poll(&entry, 1, timeoutMs);
            }
            while (ready < 0 && Marshal.GetLastPInvokeError() == HostCall.Interrupted);

            return ready < 0 ? throw HostCall.Failure("cannot wait for a descriptor") : ready > 0;
        }
        finally
        {
            if (referenced)
                descriptor.DangerousRelease();
        }
    }
}
