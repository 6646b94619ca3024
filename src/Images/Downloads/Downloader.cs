using System.Net;
using System.Net.Http.Headers;
using Strata.Images.Debian;

namespace Strata.Images.Downloads;

/// <summary>Gets files over HTTP: through the machine's proxies, with retries that go on where the last try ended, never waiting for ever.</summary>
internal sealed class Downloader : IDisposable
{
    private readonly HttpClient _client;
    private readonly PullOptions _options;

    private Downloader(HttpClient client, PullOptions options)
    {
        _client = client;
        _options = options;
    }

    /// <summary>What came over the network, in bytes.</summary>
    public long BytesReceived { get; private set; }

    /// <summary>Makes a downloader for the host of <paramref name="archive"/>.</summary>
    public static async Task<Downloader> CreateAsync(Uri archive, AptSettings apt, PullOptions options, CancellationToken cancellation)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = options.StallTimeout,
            MaxAutomaticRedirections = 5,
            AutomaticDecompression = DecompressionMethods.None,
        };
        string? proxy = await apt.ProxyForAsync(archive, cancellation);
        if (proxy == "DIRECT")
            handler.UseProxy = false;
        else if (proxy != null)
            handler.Proxy = Uri.TryCreate(proxy, UriKind.Absolute, out Uri? uri) ? new WebProxy(uri) { Credentials = CredentialsOf(uri) }
                : throw new ImageException("E-IMG-NETWORK", $"apt's proxy is no address: {proxy}", "see 'apt-config dump Acquire'");
        var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("Strata", "0.1"));
        return new Downloader(client, options);
    }

    /// <summary>Gets a small file.</summary>
    /// <param name="uri">Where it is.</param>
    /// <param name="limit">How long it may be, in bytes.</param>
    /// <param name="seen">What is known of it: when it has not changed since, the result's body is null.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<(byte[]? Body, string? ETag, DateTimeOffset? LastModified)> GetAsync(Uri uri, int limit, SeenRelease? seen, CancellationToken cancellation) =>
        await RetryAsync(uri, async watchdog =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, uri);
            if (seen?.ETag != null && EntityTagHeaderValue.TryParse(seen.ETag, out EntityTagHeaderValue? tag))
                request.Headers.IfNoneMatch.Add(tag);
            request.Headers.IfModifiedSince = seen?.LastModified;
            using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, watchdog.Token);
            if (response.StatusCode == HttpStatusCode.NotModified && seen != null)
                return ((byte[]?)null, seen.ETag, seen.LastModified);
            Check(response, uri);
            using var body = new MemoryStream();
            await CopyAsync(response, watchdog, part =>
            {
                if (body.Length + part.Length > limit)
                    throw new ImageException("E-IMG-FORMAT", $"{uri} is longer than {limit} bytes", "check the archive's address");
                body.Write(part.Span);
            });
            return (body.ToArray(), response.Headers.ETag?.ToString(), response.Content.Headers.LastModified);
        }, cancellation);

    /// <summary>Gets what is missing of a file whose length is known, and marks it as whole.</summary>
    /// <param name="uri">Where it is.</param>
    /// <param name="file">Where it goes; what is there already is not got again.</param>
    /// <param name="sizeBytes">Its length.</param>
    /// <param name="progress">Told the bytes there are.</param>
    /// <param name="cancellation">Ends it; what has come is kept.</param>
    public async Task FillAsync(Uri uri, GrowingFile file, long sizeBytes, Action<long> progress, CancellationToken cancellation)
    {
        await RetryAsync(uri, async watchdog =>
        {
            progress(file.Length);
            if (file.Length == sizeBytes)
                return true;
            using var request = new HttpRequestMessage(HttpMethod.Get, uri);
            if (file.Length > 0)
                request.Headers.Range = new RangeHeaderValue(file.Length, null);
            using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, watchdog.Token);
            Check(response, uri);
            // A server may ignore the range, or a cache between shorten it: what we have is then skipped.
            long from = response.StatusCode == HttpStatusCode.PartialContent ? response.Content.Headers.ContentRange?.From ?? file.Length : 0;
            long? total = response.StatusCode == HttpStatusCode.PartialContent ? response.Content.Headers.ContentRange?.Length : response.Content.Headers.ContentLength;
            if (from > file.Length)
                throw new HttpRequestException("the server left out a part of the file");
            if (total != null && total != sizeBytes)
                throw WrongSize(uri, total.Value, sizeBytes);
            long skip = file.Length - from;
            await CopyAsync(response, watchdog, part =>
            {
                int dropped = (int)Math.Min(skip, part.Length);
                skip -= dropped;
                ReadOnlySpan<byte> bytes = part.Span[dropped..];
                if (file.Length + bytes.Length > sizeBytes)
                    throw WrongSize(uri, file.Length + bytes.Length, sizeBytes);
                file.Append(bytes);
                progress(file.Length);
            });
            return file.Length == sizeBytes ? true : throw new HttpRequestException("the connection ended too early");
        }, cancellation, () => file.Length);
        file.Complete();
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static NetworkCredential? CredentialsOf(Uri proxy)
    {
        string[] parts = proxy.UserInfo.Split(':', 2);
        return parts.Length == 2 ? new NetworkCredential(Uri.UnescapeDataString(parts[0]), Uri.UnescapeDataString(parts[1])) : null;
    }

    private static void Check(HttpResponseMessage response, Uri uri)
    {
        if (response.IsSuccessStatusCode)
            return;
        throw new HttpRequestException($"{uri} answers {(int)response.StatusCode} {response.ReasonPhrase}", null, response.StatusCode);
    }

    private static ImageException WrongSize(Uri uri, long found, long wanted) =>
        new("E-IMG-DIGEST", $"{uri} has {found} bytes, the archive's index says {wanted}", "the mirror may be in the middle of an update: try again in some minutes");

    private async Task CopyAsync(HttpResponseMessage response, Watchdog watchdog, Action<ReadOnlyMemory<byte>> take)
    {
        using Stream body = await response.Content.ReadAsStreamAsync(watchdog.Token);
        byte[] buffer = new byte[1 << 16];
        int read;
        while ((read = await body.ReadAsync(buffer, watchdog.Token)) > 0)
        {
            BytesReceived += read;
            watchdog.Restart();
            take(buffer.AsMemory(0, read));
        }
    }

    // A try that brought something does not count against the next one.
    private async Task<T> RetryAsync<T>(Uri uri, Func<Watchdog, Task<T>> get, CancellationToken cancellation, Func<long>? position = null)
    {
        TimeSpan delay = _options.FirstRetryDelay;
        for (int attempt = 1; ; attempt++)
        {
            long before = position?.Invoke() ?? 0;
            using var watchdog = new Watchdog(_options.StallTimeout, _options.Time, cancellation);
            Exception fault;
            try
            {
                return await get(watchdog);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                throw;
            }
            catch (OperationCanceledException canceled)
            {
                fault = new TimeoutException($"nothing came for {_options.StallTimeout.TotalSeconds:0.#} s", canceled);
            }
            catch (HttpRequestException refused) when (refused.StatusCode is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError
                and not HttpStatusCode.RequestTimeout and not HttpStatusCode.TooManyRequests and not HttpStatusCode.RequestedRangeNotSatisfiable)
            {
                throw Unreachable(uri, refused);
            }
            catch (Exception failed) when (failed is HttpRequestException or HttpIOException || failed.InnerException is System.Net.Sockets.SocketException)
            {
                fault = failed;
            }

            if (position != null && position() > before)
                (attempt, delay) = (0, _options.FirstRetryDelay);
            if (attempt >= _options.Attempts)
                throw Unreachable(uri, fault);
            await Task.Delay(delay, _options.Time, cancellation);
            delay *= 2;
        }
    }

    private static ImageException Unreachable(Uri uri, Exception fault) => new(
        "E-IMG-NETWORK",
        $"cannot get {uri}: {Reason(fault)}",
        "check the network and proxy (http_proxy, apt's Acquire::http::Proxy), or name another Debian archive in STRATA_DEBIAN_ARCHIVE; what has come is kept",
        fault);

    // With host and port, when it is the connection: they may be a proxy's.
    private static string Reason(Exception fault) => fault switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } unknown => $"no address is known for the host: {unknown.Message}",
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.ProxyTunnelError } unreachable => unreachable.Message,
        { InnerException: { } inner and not OperationCanceledException } => inner.Message,
        _ => fault.Message,
    };

    // Cancels a try in which nothing comes for too long.
    private sealed class Watchdog : IDisposable
    {
        private readonly TimeSpan _limit;
        private readonly CancellationTokenSource _own;
        private readonly CancellationTokenSource _linked;

        public Watchdog(TimeSpan limit, TimeProvider time, CancellationToken outer)
        {
            _limit = limit;
            _own = new CancellationTokenSource(limit, time);
            _linked = CancellationTokenSource.CreateLinkedTokenSource(_own.Token, outer);
        }

        public CancellationToken Token => _linked.Token;

        public void Restart() => _own.CancelAfter(_limit);

        public void Dispose()
        {
            _linked.Dispose();
            _own.Dispose();
        }
    }
}
