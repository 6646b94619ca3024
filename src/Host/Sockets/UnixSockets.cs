using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Strata.Host.Processes;

namespace Strata.Host.Sockets;

/// <summary>Who is at the other end of a Unix socket, as the kernel saw it when the connection was made.</summary>
/// <param name="ProcessId">Its process.</param>
/// <param name="UserId">Its effective user.</param>
public readonly record struct PeerCredentials(int ProcessId, uint UserId);

/// <summary>Unix stream sockets: pairs, and named ones inside a <see cref="PrivateFolder"/>, whatever the length of its path.</summary>
public static class UnixSockets
{
    /// <summary>A connected pair; both ends close on exec.</summary>
    /// <exception cref="Win32Exception">The system refused.</exception>
    public static unsafe (Socket One, Socket Other) Pair()
    {
        // SAFETY: the kernel writes two integers.
        int* descriptors = stackalloc int[2];
        if (Interop.Sockets.SocketPair(Interop.Sockets.FamilyUnix, Interop.Sockets.TypeStream | Interop.Sockets.TypeCloseOnExec, 0, descriptors) != 0)
            throw HostCall.Failure("cannot make a socket pair");
        return (FromDescriptor(descriptors[0]), FromDescriptor(descriptors[1]));
    }

    /// <summary>A socket over an inherited descriptor, which it owns from now on.</summary>
    /// <exception cref="Win32Exception">The descriptor is no Unix stream socket; it stays its owner's.</exception>
    public static Socket FromDescriptor(int descriptor)
    {
        SafeSocketHandle handle = new(descriptor, ownsHandle: true);
        try
        {
            // The Socket class itself believes everything.
            return Option(handle, Interop.Sockets.OptionDomain) == Interop.Sockets.FamilyUnix && Option(handle, Interop.Sockets.OptionType) == Interop.Sockets.TypeStream
                ? new(handle)
                : throw HostCall.Failure($"cannot use descriptor {descriptor} as a socket", HostCall.NotASocket);
        }
        catch
        {
            // One owner at any time: a second one would close whatever has the number by then.
            handle.SetHandleAsInvalid();
            throw;
        }
    }

    /// <summary>A socket over a received file, which it owns from now on.</summary>
    /// <exception cref="Win32Exception">The file is no Unix stream socket; it stays its owner's.</exception>
    public static Socket FromFile(SafeFileHandle file)
    {
        ArgumentNullException.ThrowIfNull(file);
        ObjectDisposedException.ThrowIf(file.IsClosed, file);
        Socket socket = FromDescriptor((int)file.DangerousGetHandle());
        file.SetHandleAsInvalid();
        return socket;
    }

    /// <summary>Listens at <paramref name="name"/> in <paramref name="folder"/> with mode 0600. The file stays when the socket is closed: it goes with the folder.</summary>
    /// <exception cref="Win32Exception">The name is taken, or the system refused.</exception>
    public static Socket Listen(PrivateFolder folder, string name, int backlog)
    {
        ArgumentNullException.ThrowIfNull(folder);
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // Not Socket.Bind: it keeps the path and deletes what is there when the socket is closed, and this path goes through a descriptor's number.
            string path = folder.Reach(name);
            Bind(socket, path);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            socket.Listen(backlog);
            Socket listener = FromDescriptor((int)socket.SafeHandle.DangerousGetHandle());
            socket.SafeHandle.SetHandleAsInvalid();
            return listener;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Connects to <paramref name="name"/> in <paramref name="folder"/>.</summary>
    /// <exception cref="SocketException">Nobody listens there.</exception>
    public static Socket Connect(PrivateFolder folder, string name)
    {
        ArgumentNullException.ThrowIfNull(folder);
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(folder.Reach(name)));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Who is at the other end (unix(7), SO_PEERCRED).</summary>
    /// <exception cref="Win32Exception">The socket is not connected.</exception>
    public static unsafe PeerCredentials PeerOf(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        Interop.Sockets.Credentials credentials;
        uint length = (uint)sizeof(Interop.Sockets.Credentials);

        // SAFETY: the kernel writes at most length bytes into a local.
        if (Interop.Sockets.GetOption(
            socket.SafeHandle, Interop.Sockets.LevelSocket, Interop.Sockets.OptionPeerCredentials, &credentials, &length) != 0)
            throw HostCall.Failure("cannot ask who is at the other end");
        return new(credentials.ProcessId, credentials.UserId);
    }

    private static unsafe void Bind(Socket socket, string path)
    {
        Span<byte> name = stackalloc byte[Interop.Sockets.NamePathBytes];
        name.Clear();
        if (!Encoding.UTF8.TryGetBytes(path, name[..^1], out _))
            throw new ArgumentException($"the socket's name {path} is too long", nameof(path));

        // SAFETY: struct sockaddr_un: the family in two bytes, then the path with its terminating zero (unix(7)).
        byte* address = stackalloc byte[sizeof(ushort) + Interop.Sockets.NamePathBytes];
        *(ushort*)address = Interop.Sockets.FamilyUnix;
        name.CopyTo(new Span<byte>(address + sizeof(ushort), Interop.Sockets.NamePathBytes));
        if (Interop.Sockets.Bind(socket.SafeHandle, address, sizeof(ushort) + Interop.Sockets.NamePathBytes) != 0)
            throw HostCall.Failure("cannot make a socket");
    }

    private static unsafe int Option(SafeHandle socket, int option)
    {
        int value;
        uint length = sizeof(int);

        // SAFETY: the kernel writes one integer.
        return Interop.Sockets.GetOption(socket, Interop.Sockets.LevelSocket, option, &value, &length) == 0 ? value : -1;
    }
}
