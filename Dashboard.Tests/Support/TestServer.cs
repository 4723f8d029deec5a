using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Tests.Support;

/// <summary>A real Kestrel server on a free loopback port that remembers what it was asked.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<string> _asked;
    private readonly Func<int> _connections;

    private TestServer(WebApplication app, ConcurrentQueue<string> asked, Func<int> connections)
    {
        _app = app;
        _asked = asked;
        _connections = connections;
        EndPoint = IPEndPoint.Parse(new Uri(app.Urls.Single()).Authority);
    }

    public IPEndPoint EndPoint { get; }

    /// <summary>Paths of all requests so far, in order.</summary>
    public IReadOnlyCollection<string> Asked => _asked;

    /// <summary>Connections accepted so far.</summary>
    public int Connections => _connections();

    public static async Task<TestServer> StartAsync(HttpProtocols protocols, Action<WebApplicationBuilder>? services, Action<WebApplication> map)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        var connections = 0;
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = protocols;
            listen.Use(next => connection =>
            {
                Interlocked.Increment(ref connections);
                return next(connection);
            });
        }));
        builder.Services.AddRoutingCore();
        services?.Invoke(builder);
        var app = builder.Build();
        var asked = new ConcurrentQueue<string>();
        app.Use(next => context =>
        {
            asked.Enqueue(context.Request.Path);
            return next(context);
        });
        app.UseRouting();
        map(app);
        await app.StartAsync();
        return new(app, asked, () => Volatile.Read(ref connections));
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
