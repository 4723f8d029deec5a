using System.Net.Sockets;
using System.Net.WebSockets;

namespace Dashboard.Web.Demo;

/// <summary>Calls services by name through the gateway.</summary>
internal sealed class GatewayClient : IDisposable
{
    private readonly Uri _gateway;
    private readonly string _suffix;
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ActivityHeadersPropagator = null,
        ConnectTimeout = TimeSpan.FromSeconds(2),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),

        // A name may stand for several gateways: now and then it is resolved again.
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
    });

    public GatewayClient(Uri gateway, string suffix)
    {
        _gateway = gateway;
        _suffix = suffix;
    }

    /// <summary>Sends a request; the answer's body is read to its end.</summary>
    /// <param name="source">The service that calls.</param>
    /// <returns>The status, or 0 when no answer came.</returns>
    public async Task<int> SendAsync(string source, string service, string path, string method, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Parse(method), new Uri(_gateway, path));
        request.Headers.Host = $"{service}.{_suffix}";
        request.Headers.TryAddWithoutValidation("x-mesh-source", source);
        if (request.Method == HttpMethod.Post)
            request.Content = new StringContent("""{"order":1}""", mediaType: new("application/json"));
        try
        {
            using var response = await _http.SendAsync(request, cancellationToken);
            await response.Content.CopyToAsync(Stream.Null, cancellationToken);
            return (int)response.StatusCode;
        }
        catch (Exception failure) when (failure is HttpRequestException or SocketException or IOException)
        {
            return 0;
        }
    }

    /// <summary>Opens a WebSocket.</summary>
    /// <exception cref="WebSocketException">The gateway or the service refused.</exception>
    public async Task<WebSocket> ConnectAsync(string source, string service, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        try
        {
            socket.Options.Proxy = null;
            socket.Options.SetRequestHeader("Host", $"{service}.{_suffix}");
            socket.Options.SetRequestHeader("x-mesh-source", source);
            await socket.ConnectAsync(new UriBuilder(_gateway) { Scheme = _gateway.Scheme == "https" ? "wss" : "ws" }.Uri, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose() => _http.Dispose();
}
