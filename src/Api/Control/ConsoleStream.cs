using System.Net.Sockets;

namespace Strata.Api.Control;

/// <summary>A connection that has become a console's bytes in both directions.</summary>
public sealed class ConsoleStream : IDisposable
{
    private readonly Socket _socket;
    private ReadOnlyMemory<byte> _first;

    internal ConsoleStream(Socket socket, ReadOnlyMemory<byte> first)
    {
        _socket = socket;
        _first = first;
    }

    /// <summary>Waits for output.</summary>
    /// <returns>Its length; 0 when the machine or its monitor has ended.</returns>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        if (!_first.IsEmpty)
        {
            int taken = Math.Min(_first.Length, buffer.Length);
            _first[..taken].CopyTo(buffer);
            _first = _first[taken..];
            return taken;
        }

        try
        {
            return await _socket.ReceiveAsync(buffer, cancellation);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            return 0;
        }
    }

    /// <summary>Sends input; waits while the guest does not take it. False when the machine has ended.</summary>
    public async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        try
        {
            while (!bytes.IsEmpty)
                bytes = bytes[await _socket.SendAsync(bytes, cancellation)..];
            return true;
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
