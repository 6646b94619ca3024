using System.Runtime.InteropServices;
using Strata.Host.Sockets;

namespace Strata.Host.Terminals;

/// <summary>
/// Blocking reads and writes on a terminal, pipe or file that this process did not open, and whose flags it therefore leaves alone: it may
/// be non-blocking, because the flag belongs to the open file, which the shell and its other children share.
/// </summary>
/// <param name="file">The descriptor; it stays its owner's.</param>
public sealed class DescriptorStream(SafeHandle file)
{
    /// <summary>Waits for bytes.</summary>
    /// <returns>The bytes read; 0 at the end, also when the terminal was hung up.</returns>
    public unsafe int Read(Span<byte> buffer)
    {
        while (true)
        {
            // SAFETY: the kernel writes at most the pinned buffer's length.
            fixed (byte* bytes = buffer)
            {
                nint got = Interop.Terminals.Read(file, bytes, (nuint)buffer.Length);
                if (got >= 0)
                    return (int)got;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case HostCall.Interrupted:
                    continue;
                case HostCall.TryAgain:
                    _ = Waiting.For(file, Interop.Sockets.PollIn, -1);
                    continue;
                default:
                    return 0;
            }
        }
    }

    /// <summary>Waits up to <paramref name="timeoutMs"/> for bytes or the end; false when there are none yet.</summary>
    public bool WaitReadable(int timeoutMs) => Waiting.For(file, Interop.Sockets.PollIn, timeoutMs);

    /// <summary>Writes all of <paramref name="bytes"/>.</summary>
    /// <returns>False when nobody reads any more.</returns>
    /// <exception cref="IOException">The write failed for another reason, such as a full disk.</exception>
    public unsafe bool Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            // SAFETY: the kernel reads at most the pinned span's length.
            fixed (byte* start = bytes)
            {
                nint put = Interop.Terminals.Write(file, start, (nuint)bytes.Length);
                if (put >= 0)
                {
                    bytes = bytes[(int)put..];
                    continue;
                }
            }

            int error = Marshal.GetLastPInvokeError();
            switch (error)
            {
                case HostCall.Interrupted:
                    break;
                case HostCall.TryAgain:
                    _ = Waiting.For(file, Interop.Sockets.PollOut, -1);
                    break;
                case HostCall.BrokenPipe:
                    return false;
                default:
                    throw new IOException(HostCall.Failure("cannot write", error).Message);
            }
        }

        return true;
    }
}
