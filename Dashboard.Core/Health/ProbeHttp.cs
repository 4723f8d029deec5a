using System.Net;
using System.Net.Sockets;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Health;

/// <summary>The HTTP connections of probes: a new one each time, because one that was accepted a minute ago says nothing about the listener now.</summary>
internal static class ProbeHttp
{
    public static SocketsHttpHandler CreateHandler() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        Credentials = null,
        PooledConnectionLifetime = TimeSpan.Zero,
        MaxResponseHeadersLength = 16,
        MaxResponseDrainSize = 0,
        ActivityHeadersPropagator = null,
        ConnectCallback = ConnectAsync,
    };

    /// <summary>The root of an endpoint as a URI; IPv6 in brackets.</summary>
    public static Uri BaseOf(IPEndPoint endPoint) => new($"http://{endPoint}/");

    public static bool SpeaksHttp2(this ServiceProtocol protocol) => protocol is ServiceProtocol.Http2 or ServiceProtocol.Grpc;

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        // The address is a literal, so nothing is resolved and nothing can be redirected by a resolver past the allowed networks.
        var endPoint = new IPEndPoint(IPAddress.Parse(context.DnsEndPoint.Host), context.DnsEndPoint.Port);
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
