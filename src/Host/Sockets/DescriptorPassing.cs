using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Strata.Host.Sockets;

/// <summary>Sends and receives open files over a Unix stream socket (unix(7), SCM_RIGHTS).</summary>
/// <remarks>A file arrives with the first byte of the bytes it was sent with; whoever reads the socket by any other means loses it.</remarks>
public static class DescriptorPassing
{
    /// <summary>The most files one call sends or receives.</summary>
    public const int MaximumFiles = 32;

    private const int SendTimeoutMs = 10_000;

    /// <summary>Sends all of <paramref name="bytes"/> (at least one), and <paramref name="files"/> with the first of them; waits up to ten seconds for room.</summary>
    /// <exception cref="Win32Exception">The other side is gone or does not read.</exception>
    /// <exception cref="ObjectDisposedException">The socket or a file is closed.</exception>
    public static unsafe void Send(Socket socket, ReadOnlySpan<byte> bytes, IReadOnlyList<SafeHandle> files)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentNullException.ThrowIfNull(files);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(files.Count, MaximumFiles);
        byte* control = stackalloc byte[ControlBytes(MaximumFiles)];
        int held = 0;
        try
        {
            // SAFETY: the control buffer holds one header and at most MaximumFiles integers; handles are referenced until the call is over.
            var rights = (Interop.Sockets.ControlHeader*)control;
            var slots = (int*)(rights + 1);
            foreach (SafeHandle file in files)
            {
                bool referenced = false;
                file.DangerousAddRef(ref referenced);
                slots[held++] = (int)file.DangerousGetHandle();
            }

            *rights = new()
            {
                Length = (nuint)(sizeof(Interop.Sockets.ControlHeader) + (held * sizeof(int))),
                Level = Interop.Sockets.LevelSocket,
                Type = Interop.Sockets.RightsMessage,
            };
            SendAll(socket.SafeHandle, bytes, control, held == 0 ? 0 : ControlBytes(held));
        }
        finally
        {
            for (int i = 0; i < held; i++)
                files[i].DangerousRelease();
        }
    }

    /// <summary>Takes what has arrived without waiting: bytes into <paramref name="buffer"/>, files into <paramref name="files"/>.</summary>
    /// <returns>The bytes taken; 0 when the other side has closed; -1 when nothing has arrived.</returns>
    /// <exception cref="Win32Exception">The connection is broken.</exception>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public static unsafe int Receive(Socket socket, Span<byte> buffer, ICollection<SafeFileHandle> files)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentNullException.ThrowIfNull(files);
        byte* control = stackalloc byte[ControlBytes(MaximumFiles)];
        fixed (byte* bytes = buffer)
        {
            // SAFETY: header, vector and control buffer live on this frame; the buffer is pinned.
            Interop.Sockets.IoVector vector = new() { Base = bytes, Length = (nuint)buffer.Length };
            Interop.Sockets.MessageHeader message = new()
            {
                Vectors = &vector,
                VectorCount = 1,
                Control = control,
                ControlLength = (nuint)ControlBytes(MaximumFiles),
            };
            nint got;
            do
            {
                got = Interop.Sockets.ReceiveMessage(socket.SafeHandle, &message, Interop.Sockets.DontWait | Interop.Sockets.ControlCloseOnExec);
            }
            while (got < 0 && Marshal.GetLastPInvokeError() == HostCall.Interrupted);

            if (got < 0)
                return Marshal.GetLastPInvokeError() == HostCall.TryAgain ? -1 : throw HostCall.Failure("cannot receive");
            TakeFiles(control, (int)message.ControlLength, files);
            return (int)got;
        }
    }

    private static unsafe void TakeFiles(byte* control, int length, ICollection<SafeFileHandle> files)
    {
        // SAFETY: the kernel wrote whole control messages into the buffer, each aligned to eight bytes.
        for (int at = 0; at + sizeof(Interop.Sockets.ControlHeader) <= length;)
        {
            var header = (Interop.Sockets.ControlHeader*)(control + at);
            int size = (int)header->Length;
            if (size < sizeof(Interop.Sockets.ControlHeader))
                return;
            if (header->Level == Interop.Sockets.LevelSocket && header->Type == Interop.Sockets.RightsMessage)
            {
                var slots = (int*)(header + 1);
                for (int i = 0; i < (size - sizeof(Interop.Sockets.ControlHeader)) / sizeof(int); i++)
                    files.Add(new SafeFileHandle(slots[i], ownsHandle: true));
            }

            at += (size + 7) & ~7;
        }
    }

    private static unsafe void SendAll(SafeHandle socket, ReadOnlySpan<byte> bytes, byte* control, int controlLength)
    {
        while (!bytes.IsEmpty)
        {
            fixed (byte* start = bytes)
            {
                // SAFETY: as in Receive.
                Interop.Sockets.IoVector vector = new() { Base = start, Length = (nuint)bytes.Length };
                Interop.Sockets.MessageHeader message = new()
                {
                    Vectors = &vector,
                    VectorCount = 1,
                    Control = controlLength == 0 ? null : control,
                    ControlLength = (nuint)controlLength,
                };
                nint sent = Interop.Sockets.SendMessage(socket, &message, Interop.Sockets.NoSignal | Interop.Sockets.DontWait);
                if (sent >= 0)
                {
                    bytes = bytes[(int)sent..];
                    controlLength = 0;
                    continue;
                }
            }

            int error = Marshal.GetLastPInvokeError();
            if (error == HostCall.TryAgain && !Waiting.For(socket, Interop.Sockets.PollOut, SendTimeoutMs))
                throw HostCall.Failure("the other side does not read", error);
            if (error is not (HostCall.TryAgain or HostCall.Interrupted))
                throw HostCall.Failure("cannot send", error);
        }
    }

    private static unsafe int ControlBytes(int count) => sizeof(Interop.Sockets.ControlHeader) + (((count * sizeof(int)) + 7) & ~7);
}
