using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Strata.Images.Tests.Pulling;

/// <summary>What the server does with one answer.</summary>
internal enum Fault
{
    None,
    CutInTheMiddle,
    StallInTheMiddle,
    NoAnswer,
    IgnoreRange,
    WrongByte,
    OneByteMore,
    ServerError,
    NotFound,
}

/// <summary>A small HTTP/1.1 server with ranges and entity tags that misbehaves on request. One answer per connection.</summary>
internal sealed class ArchiveServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, byte[]> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Queue<Fault>> _faults = new(StringComparer.Ordinal);
    private readonly List<string> _requests = [];
    private readonly Task _serving;

    public ArchiveServer()
    {
        _listener.Start();
        Address = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/debian/";
        _serving = ServeAsync();
    }

    public string Address { get; }

    /// <summary>Bytes of bodies sent.</summary>
    public long BytesSent { get; private set; }

    public TimeSpan PauseBetweenParts { get; set; }

    /// <summary>Requests so far: path, and the range when there is one.</summary>
    public string[] Requests
    {
        get
        {
            lock (_lock)
                return [.. _requests];
        }
    }

    public void Put(string path, byte[] contents)
    {
        lock (_lock)
            _files["/debian/" + path] = contents;
    }

    /// <summary>The next answers for paths that end so.</summary>
    public void Misbehave(string ending, params Fault[] faults)
    {
        lock (_lock)
            _faults[ending] = new Queue<Fault>(faults);
    }

    public void Dispose()
    {
        if (_serving.IsCompleted)
            return;
        _end.Cancel();
        _listener.Stop();
        _serving.Wait(TimeSpan.FromSeconds(5));
        _end.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
                _ = AnswerAsync(await _listener.AcceptTcpClientAsync(_end.Token));
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                NetworkStream stream = client.GetStream();
                using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
                string path = (await reader.ReadLineAsync(_end.Token))!.Split(' ')[1];
                if (path.StartsWith("http://", StringComparison.Ordinal))
                    path = new Uri(path).AbsolutePath;          // asked as a proxy
                long? from = null;
                string? tag = null;
                for (string? line = await reader.ReadLineAsync(_end.Token); !string.IsNullOrEmpty(line); line = await reader.ReadLineAsync(_end.Token))
                {
                    if (line.StartsWith("Range: bytes=", StringComparison.OrdinalIgnoreCase))
                        from = long.Parse(line[13..].TrimEnd('-'));
                    if (line.StartsWith("If-None-Match: ", StringComparison.OrdinalIgnoreCase))
                        tag = line[15..];
                }

                await SendAsync(stream, path, from, tag);
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task SendAsync(NetworkStream stream, string path, long? from, string? tag)
    {
        byte[]? file;
        var fault = Fault.None;
        lock (_lock)
        {
            _requests.Add(from == null ? path : $"{path} from {from}");
            file = _files.GetValueOrDefault(path);
            foreach ((string ending, Queue<Fault> queue) in _faults)
            {
                if (path.EndsWith(ending, StringComparison.Ordinal) && queue.TryDequeue(out Fault next))
                    fault = next;
            }
        }

        if (fault == Fault.NoAnswer)
            await Task.Delay(Timeout.Infinite, _end.Token);
        if (file == null || fault is Fault.NotFound or Fault.ServerError)
        {
            await HeadAsync(stream, fault == Fault.ServerError ? "503 Busy" : "404 Not Found", 0);
            return;
        }

        string ownTag = $"\"{Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(file))[..16]}\"";
        if (tag == ownTag)
        {
            await HeadAsync(stream, "304 Not Modified", 0);
            return;
        }

        byte[] body = file;
        if (fault == Fault.IgnoreRange)
            from = null;
        if (fault == Fault.OneByteMore)
            body = [.. file, 0];
        if (fault == Fault.WrongByte)
        {
            body = (byte[])file.Clone();
            body[^1] ^= 1;
        }

        body = body[(int)(from ?? 0)..];
        string range = from == null ? "" : $"Content-Range: bytes {from}-{file.Length - 1}/{file.Length}\r\n";
        await HeadAsync(stream, from == null ? "200 OK" : "206 Partial Content", body.Length, $"{range}ETag: {ownTag}\r\n");
        int end = fault is Fault.CutInTheMiddle or Fault.StallInTheMiddle ? body.Length / 2 : body.Length;
        for (int at = 0; at < end;)
        {
            int size = Math.Min(16384, end - at);
            await stream.WriteAsync(body.AsMemory(at, size), _end.Token);
            at += size;
            lock (_lock)
                BytesSent += size;
            if (PauseBetweenParts > TimeSpan.Zero)
                await Task.Delay(PauseBetweenParts, _end.Token);
        }

        if (fault == Fault.StallInTheMiddle)
            await Task.Delay(Timeout.Infinite, _end.Token);
    }

    private async Task HeadAsync(NetworkStream stream, string status, long length, string more = "") =>
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n"), _end.Token);
}
