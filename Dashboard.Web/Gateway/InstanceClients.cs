using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Yarp.ReverseProxy.Forwarder;

namespace Dashboard.Web.Gateway;

/// <summary>The connections to instances: one pool for HTTP/1.1 and one for HTTP/2, shared by all services.</summary>
internal sealed class InstanceClients : IDisposable
{
    // A peer that vanished without a reset acknowledges nothing: its connections break after this, not after the kernel's quarter of an hour (RFC 5482).
    private const int UnacknowledgedMilliseconds = 5_000;
    private const int TcpUserTimeout = 18;

    private readonly HttpMessageInvoker _http1;
    private readonly HttpMessageInvoker _http2;
    private readonly ForwarderRequestConfig _http1Config;
    private readonly ForwarderRequestConfig _http2Config;

    public InstanceClients(GatewayOptions options, IMeterFactory meters)
    {
        _http1 = new(Handler(options, meters));
        _http2 = new(Handler(options, meters));
        _http1Config = new() { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact, ActivityTimeout = options.IdleTimeout };
        _http2Config = new() { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, ActivityTimeout = options.IdleTimeout };
    }

    public (HttpMessageInvoker Client, ForwarderRequestConfig Config) For(bool http2) => http2 ? (_http2, _http2Config) : (_http1, _http1Config);

    public void Dispose()
    {
        _http1.Dispose();
        _http2.Dispose();
    }

    private static SocketsHttpHandler Handler(GatewayOptions options, IMeterFactory meters) => new()
    {
        ConnectTimeout = options.ConnectTimeout,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        UseProxy = false,
        // The client's own trace headers pass unchanged; the gateway adds no span.
        ActivityHeadersPropagator = null,
        EnableMultipleHttp2Connections = true,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        MeterFactory = meters,
        ConnectCallback = ConnectAsync,
    };

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (OperatingSystem.IsLinux())
            {
                socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, TcpUserTimeout, BitConverter.GetBytes(UnacknowledgedMilliseconds));
            }

            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
