using System.Diagnostics.Metrics;
using System.Net;
using Dashboard.Core.Discovery;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Yarp.ReverseProxy.Forwarder;

namespace Dashboard.Web.Gateway;

/// <summary>Runs the gateway: a web application of its own in this process, with its own listeners and limits, that shares the registry's view with its host.</summary>
internal sealed class GatewayHost(
    IServingSource source,
    IGatewayUplink uplink,
    IOptions<GatewayOptions> options,
    GatewayStatus status,
    GatewayMeter meter,
    TimeProvider time,
    ILoggerFactory loggers) : IHostedService
{
    // Together below the host's own limit: Ctrl-C ends everything within 5 s.
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(2);
    private readonly CancellationTokenSource _stopping = new();
    private WebApplication? _app;
    private InstanceClients? _clients;
    private Task _following = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var settings = options.Value;
        var tables = new GatewayTables(source, settings, time);
        var sources = new SourceTable(settings.MaximumUnregisteredSources, tables.IsRegistered);
        var meters = new UnlistedMeterFactory();
        _clients = new(settings, meters);
        _app = Build(settings, meters, loggers);
        var handler = new RequestForwarder(tables, sources, _clients, _app.Services.GetRequiredService<IHttpForwarder>(), settings, time);
        // One handler and no routing: the host chooses, and every path is the service's.
        _app.Run(handler.HandleAsync);
        tables.Refresh();
        await _app.StartAsync(cancellationToken);
        var urls = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.ToArray() ?? [];
        var id = settings.Identity ?? GatewayOptions.IdOf(urls.Select(url => new Uri(url.Replace("[::]", "0.0.0.0", StringComparison.Ordinal)).Port).FirstOrDefault());
        status.Started(id, [.. urls], tables);
        meter.Start();
        var follower = new GatewayFollower(tables, source, uplink, time);
        _following = follower.RunAsync(id, _stopping.Token);
        Log.Listening(loggers.CreateLogger<GatewayHost>(), id, string.Join(", ", urls), settings.Suffix);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        status.Stopped();
        if (_app is not null)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(StopPatience);
            await _app.StopAsync(patience.Token);
            await _app.DisposeAsync();
        }

        await _stopping.CancelAsync();
        await _following;
        _clients?.Dispose();
        _stopping.Dispose();
    }

    private static WebApplication Build(GatewayOptions settings, IMeterFactory meters, ILoggerFactory loggers)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, settings));
        builder.Services.AddSingleton<ILoggerFactory>(new WarningLoggerFactory(loggers));
        builder.Services.AddSingleton(meters);
        builder.Services.AddHttpForwarder();
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, OwnedLifetime>());
        return builder.Build();
    }

    private static void Configure(KestrelServerOptions kestrel, GatewayOptions settings)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        // Bodies are streamed, never held: they have no size, and how fast they flow is between client and instance. What idles is ended by IdleTimeout.
        limits.MaxRequestBodySize = null;
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(120);
        limits.MaxConcurrentConnections = settings.MaximumConnections;
        // A gRPC client multiplexes over one connection; 100, the default, is soon reached.
        limits.Http2.MaxStreamsPerConnection = 1000;
        limits.Http2.InitialConnectionWindowSize = 4 * 1024 * 1024;
        limits.Http2.InitialStreamWindowSize = 1024 * 1024;
        Listen(kestrel, settings.Urls, HttpProtocols.Http1);
        Listen(kestrel, settings.Http2Urls, HttpProtocols.Http2);
    }

    private static void Listen(KestrelServerOptions kestrel, IEnumerable<Uri> urls, HttpProtocols protocols)
    {
        foreach (var url in urls)
        {
            if (IPAddress.TryParse(url.Host.Trim('[', ']'), out var address))
            {
                kestrel.Listen(address, url.Port, listen => listen.Protocols = protocols);
            }
            else if (url.IsLoopback)
            {
                kestrel.ListenLocalhost(url.Port, listen => listen.Protocols = protocols);
            }
            else
            {
                throw new InvalidOperationException($"The gateway cannot listen on {url}: give an IP address, localhost or *.");
            }
        }
    }

    /// <summary>The host's start and stop are this application's; it listens to no signals.</summary>
    private sealed class OwnedLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private static class Log
    {
        private static readonly Action<ILogger, string, string, string, Exception?> ListeningMessage = LoggerMessage.Define<string, string, string>(
            LogLevel.Information, new(1, "GatewayListening"), "Gateway {Id} listens on {Urls} for hosts of the form service.{Suffix}");

        public static void Listening(ILogger logger, string id, string urls, string suffix) => ListeningMessage(logger, id, urls, suffix, null);
    }
}
