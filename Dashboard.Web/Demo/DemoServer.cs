using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dashboard.Web.Demo;

/// <summary>
/// The demo's instances: one Kestrel with a listener each, which starts in a fraction of the time of a server each. A request belongs to the
/// instance whose listener took its connection.
/// </summary>
internal sealed class DemoServer : IAsyncDisposable
{
    public const string HealthPath = "/healthz";
    public const string MetricsPath = "/metrics";

    private const string GrpcHealthPath = "/grpc.health.v1.Health/Check";

    private static readonly TimeSpan NotifyEvery = TimeSpan.FromSeconds(1);
    private static readonly byte[] Notification = """{"event":"price","sku":"4711"}"""u8.ToArray();

    /// <summary>A gRPC message of two bytes: HealthCheckResponse with status SERVING.</summary>
    private static readonly byte[] GrpcServing = [0, 0, 0, 0, 2, 0x08, 0x01];

    private readonly Dictionary<DemoInstance, ListenOptions> _listeners = [];
    private readonly Dictionary<DemoInstance, ListenOptions> _metricsListeners = [];
    private readonly WebApplication _app;
    private readonly GatewayClient _gateway;
    private readonly Dice _dice;
    private readonly TimeProvider _time;

    public DemoServer(IPAddress listenAddress, GatewayClient gateway, Dice dice, TimeProvider time)
    {
        _gateway = gateway;
        _dice = dice;
        _time = time;

        // The empty builder reads no configuration: the console's own Urls and Kestrel sections are not meant for these servers.
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, OwnedLifetime>());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            foreach (var service in Shop.Services)
            {
                foreach (var instance in service.Instances)
                {
                    var identity = new Identity(service, instance, new());
                    _listeners.Add(instance, Listen(kestrel, listenAddress, identity, service.Protocol == "http2" ? HttpProtocols.Http2 : HttpProtocols.Http1));
                    // Prometheus speaks HTTP/1.1, which a port for HTTP/2 without TLS does not.
                    if (service.Protocol == "http2")
                        _metricsListeners.Add(instance, Listen(kestrel, listenAddress, identity, HttpProtocols.Http1));
                }
            }
        });
        _app = builder.Build();
        _app.UseWebSockets();
        _app.Run(AnswerAsync);
    }

    public Task StartAsync(CancellationToken cancellationToken) => _app.StartAsync(cancellationToken);

    /// <summary>The port that an instance got at start.</summary>
    public int PortOf(DemoInstance instance) => _listeners[instance].IPEndPoint!.Port;

    /// <summary>The port of its metrics, where that is one of its own; null where they are on the port that it serves on.</summary>
    public int? MetricsPortOf(DemoInstance instance) => _metricsListeners.GetValueOrDefault(instance)?.IPEndPoint!.Port;

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1), _time);
        try
        {
            await _app.StopAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // Open WebSockets are cut with the listeners.
        }

        await _app.DisposeAsync();
    }

    private static ListenOptions Listen(KestrelServerOptions kestrel, IPAddress address, Identity identity, HttpProtocols protocols)
    {
        ListenOptions? options = null;
        kestrel.Listen(address, port: 0, listener =>
        {
            listener.Protocols = protocols;
            listener.Use(next => connection =>
            {
                connection.Features.Set(identity);
                return next(connection);
            });
            options = listener;
        });
        return options!;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var (service, instance, metrics) = context.Features.Get<Identity>()!;
        if (context.Request.Path == HealthPath)
            return;
        if (context.Request.Path == MetricsPath)
        {
            context.Response.ContentType = DemoMetrics.ContentType;
            await context.Response.WriteAsync(metrics.Text(service, instance), context.RequestAborted);
            return;
        }

        if (context.Request.Path == GrpcHealthPath)
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(GrpcServing, context.RequestAborted);
            context.Response.AppendTrailer("grpc-status", "0");
            return;
        }

        if (context.WebSockets.IsWebSocketRequest)
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            using var open = metrics.OpenWebSocket();
            await NotifyAsync(socket, context.RequestAborted);
            return;
        }

        var start = _time.GetTimestamp();
        try
        {
            context.Response.StatusCode = await WorkAsync(service, context.Request.Path, context.RequestAborted);
            await context.Response.WriteAsJsonAsync(new { service = service.Name, instance = instance.Id, version = instance.Version }, context.RequestAborted);
            metrics.Answered(context.Response.StatusCode, _time.GetElapsedTime(start));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has left.
        }
    }

    private async Task<int> WorkAsync(DemoService service, PathString path, CancellationToken cancellationToken)
    {
        await Task.Delay(_dice.Around(service.Latency), _time, cancellationToken);
        if (_dice.Chance(service.ErrorRate))
            return StatusCodes.Status500InternalServerError;
        var route = service.Routes.FirstOrDefault(route => route.Path == path);
        if (route is null)
            return StatusCodes.Status200OK;

        var calls = route.Calls.Where(call => _dice.Chance(call.Chance)).Select(call => CallAsync(service, call, cancellationToken));
        if (route.Together)
            return (await Task.WhenAll(calls)).All(done => done) ? StatusCodes.Status200OK : StatusCodes.Status502BadGateway;
        foreach (var call in calls)
        {
            if (!await call)
                return StatusCodes.Status502BadGateway;
        }

        return StatusCodes.Status200OK;
    }

    private async Task<bool> CallAsync(DemoService caller, DemoCall call, CancellationToken cancellationToken) =>
        await _gateway.SendAsync(caller.Name, call.Service, call.Path, call.Method, cancellationToken) is >= 200 and < 500 || !call.Required;

    /// <summary>Pushes a notification a second until the peer closes.</summary>
    private async Task NotifyAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _app.Lifetime.ApplicationStopping);
        var closing = WatchForCloseAsync(socket, ended);
        using var timer = new PeriodicTimer(NotifyEvery, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(ended.Token))
                await socket.SendAsync(Notification, WebSocketMessageType.Text, endOfMessage: true, ended.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException or WebSocketException or ObjectDisposedException)
        {
            // The peer left, or the mesh stops.
        }

        await closing;
    }

    private static async Task WatchForCloseAsync(WebSocket socket, CancellationTokenSource ended)
    {
        var buffer = new byte[256];
        try
        {
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer, ended.Token);
                if (received.MessageType != WebSocketMessageType.Close)
                    continue;
                await ended.CancelAsync();
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                return;
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or WebSocketException)
        {
            await ended.CancelAsync();
        }
    }

    private sealed record Identity(DemoService Service, DemoInstance Instance, DemoMetrics Metrics);

    /// <summary>Starts and stops with its owner, not with the process' signals.</summary>
    private sealed class OwnedLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
