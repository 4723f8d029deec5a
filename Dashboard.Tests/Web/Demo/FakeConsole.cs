using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Forwarder;

namespace Dashboard.Tests.Web.Demo;

/// <summary>The part of the console's HTTP API that a service uses, and a gateway that spreads requests in turn.</summary>
internal sealed class FakeConsole : IAsyncDisposable
{
    public const string Suffix = "mesh.test";

    private readonly WebApplication _app;
    private readonly HttpMessageInvoker _upstream = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false });
    private int _turn;

    public FakeConsole()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore().AddHttpForwarder();
        _app = builder.Build();
        _app.Use(ObserveAsync);
        _app.UseRouting();
        _app.MapGet("/api/v1/services/{service}", (string service) => Services.ContainsKey(service) ? Results.Json(new { name = service }) : Results.NotFound());
        _app.MapPut("/api/v1/services/{service}", (string service, JsonElement body) => Services[service] = body);
        _app.MapPut("/api/v1/services/{service}/instances/{id}", (string service, string id, JsonElement body) => { Instances[(service, id)] = body; });
        _app.MapDelete("/api/v1/services/{service}/instances/{id}", (string service, string id) => { Instances.TryRemove((service, id), out _); });
        _app.MapPost("/api/v1/services/{service}/instances/{id}/heartbeat", (string service, string id) =>
        {
            Heartbeats.AddOrUpdate((service, id), 1, (_, count) => count + 1);
            return Instances.ContainsKey((service, id)) ? Results.NoContent() : Results.NotFound();
        });
        _app.MapGet("/api/v1/services/{service}/endpoints", (string service) =>
            Results.Json(new { endpoints = Instances.Where(pair => pair.Key.Service == service).Select(pair => new { id = pair.Key.Id }) }));
        _app.UseEndpoints(_ => { });
    }

    public ConcurrentDictionary<string, JsonElement> Services { get; } = new();

    public ConcurrentDictionary<(string Service, string Id), JsonElement> Instances { get; } = new();

    public ConcurrentDictionary<(string Service, string Id), int> Heartbeats { get; } = new();

    /// <summary>Requests that the gateway carried, by who asked whom.</summary>
    public ConcurrentDictionary<(string Source, string Service), int> Edges { get; } = new();

    /// <summary>Answers of the gateway by service and status.</summary>
    public ConcurrentDictionary<(string Service, int Status), int> Answers { get; } = new();

    public ConcurrentBag<string?> Authorizations { get; } = [];

    /// <summary>So many API requests are answered 503 before the console works.</summary>
    public int Outage;

    public Uri Url => new(_app.Urls.Single());

    public async Task<FakeConsole> StartAsync()
    {
        await _app.StartAsync();
        return this;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _upstream.Dispose();
    }

    private async Task ObserveAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Host.Host.EndsWith($".{Suffix}", StringComparison.Ordinal))
        {
            await ForwardAsync(context, context.Request.Host.Host[..^(Suffix.Length + 1)]);
            return;
        }

        Authorizations.Add(context.Request.Headers.Authorization);
        if (Interlocked.Decrement(ref Outage) >= 0)
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        else
            await next(context);
    }

    private async Task ForwardAsync(HttpContext context, string service)
    {
        Edges.AddOrUpdate((context.Request.Headers["x-mesh-source"].ToString(), service), 1, (_, count) => count + 1);
        var targets = Instances.Where(pair => pair.Key.Service == service).Select(pair => pair.Value).ToArray();
        var target = targets[(Interlocked.Increment(ref _turn) & int.MaxValue) % targets.Length];
        var http2 = Services[service].GetProperty("protocol").GetString() == "http2";
        await context.RequestServices.GetRequiredService<IHttpForwarder>().SendAsync(
            context,
            $"http://{target.GetProperty("address").GetString()}:{target.GetProperty("port").GetInt32()}",
            _upstream,
            new ForwarderRequestConfig { Version = http2 ? HttpVersion.Version20 : HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact });
        Answers.AddOrUpdate((service, context.Response.StatusCode), 1, (_, count) => count + 1);
    }
}
