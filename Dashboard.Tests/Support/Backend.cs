using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Dashboard.Tests.Support;

/// <summary>A real HTTP server on a loopback port that stands for an instance. Answers its id unless it is given a handler.</summary>
internal sealed class Backend : IAsyncDisposable
{
    private readonly WebApplication _app;
    private long _requests;
    private long _lastRequest;

    private Backend(string id, WebApplication app)
    {
        Id = id;
        _app = app;
    }

    public string Id { get; }

    public int Port { get; private set; }

    /// <summary>Requests that arrived.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>When the last request arrived, as <see cref="TimeProvider.GetTimestamp"/> counts; 0 = never.</summary>
    public long LastRequest => Interlocked.Read(ref _lastRequest);

    /// <param name="port">0 = one that stays free when the instance dies: of those that the kernel gives away, another program's server may answer there next.</param>
    public static async Task<Backend> StartAsync(string id, RequestDelegate? handler = null, HttpProtocols protocols = HttpProtocols.Http1, int port = 0, Action<IServiceCollection>? services = null, Action<WebApplication>? map = null)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await StartOnAsync(id, handler, protocols, port == 0 ? FreePort.Tcp() : port, services, map);
            }
            catch (IOException) when (port == 0 && attempt < 10)
            {
                // Somebody was faster.
            }
        }
    }

    private static async Task<Backend> StartOnAsync(string id, RequestDelegate? handler, HttpProtocols protocols, int port, Action<IServiceCollection>? services, Action<WebApplication>? map)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.ListenLocalhostPort(port, protocols);
        });
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddRoutingCore();
        services?.Invoke(builder.Services);
        var app = builder.Build();
        var backend = new Backend(id, app);
        var body = System.Text.Encoding.UTF8.GetBytes(id);
        app.Use(next => context =>
        {
            Interlocked.Increment(ref backend._requests);
            Interlocked.Exchange(ref backend._lastRequest, TimeProvider.System.GetTimestamp());
            return next(context);
        });
        app.UseWebSockets();
        if (map is null)
        {
            app.Run(handler ?? (context =>
            {
                context.Response.ContentLength = body.Length;
                return context.Response.Body.WriteAsync(body).AsTask();
            }));
        }
        else
        {
            map(app);
        }

        await app.StartAsync();
        backend.Port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        return backend;
    }

    /// <summary>Stops listening and cuts every connection.</summary>
    public async Task KillAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        try
        {
            await _app.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await _app.DisposeAsync();
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

internal static class LoopbackKestrel
{
    public static void ListenLocalhostPort(this KestrelServerOptions kestrel, int port, HttpProtocols protocols) =>
        kestrel.Listen(System.Net.IPAddress.Loopback, port, listen => listen.Protocols = protocols);
}
