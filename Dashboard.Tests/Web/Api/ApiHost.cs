using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Dashboard.Core.Attention;
using Dashboard.Core.Discovery;
using Dashboard.Core.Health;
using Dashboard.Core.History;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Dashboard.Web.Api;
using Dashboard.Web.Discovery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dashboard.Tests.Web.Api;

/// <summary>The API on a real listener, over a registry in memory. No sign-in: that is another part's.</summary>
internal sealed class ApiHost : IAsyncDisposable
{
    public static readonly Actor Tester = new("tester", ActorKind.Operator);

    private readonly WebApplication _app;

    private ApiHost(WebApplication app, InMemoryRegistry registry, HttpClient client)
    {
        _app = app;
        Registry = registry;
        Client = client;
    }

    public InMemoryRegistry Registry { get; }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public FollowerTable Followers => Services.GetRequiredService<FollowerTable>();

    /// <param name="registry">One that several consoles share; null = one of its own.</param>
    /// <param name="port">0 = any that is free.</param>
    public static async Task<ApiHost> StartAsync(TimeProvider? time = null, Action<IServiceCollection>? more = null, Action<WebApplication>? before = null, InMemoryRegistry? registry = null, int port = 0)
    {
        time ??= TimeProvider.System;
        registry ??= new InMemoryRegistry(time);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelCore().UseUrls($"http://127.0.0.1:{port}");
        builder.Logging.ClearProviders();
        builder.Services.AddRouting();
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton<IRegistry>(registry);
        builder.Services.AddSingleton<IChangeHistory>(registry);
        builder.Services.AddDiscovery().AddTraffic().AddOperations().AddAttention(new()).AddApi().AddDiscoveryEndpoints();
        builder.Services.AddSingleton<Heartbeats>();
        builder.Services.AddSingleton<IHistoryStore>(new InMemoryHistory(registry));
        builder.Services.AddSingleton<MeshHistory>();
        more?.Invoke(builder.Services);
        var app = builder.Build();
        before?.Invoke(app);
        app.MapApi();
        app.MapDiscovery();
        await app.StartAsync(TestContext.Current.CancellationToken);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return new(app, registry, new() { BaseAddress = new Uri(address), Timeout = TimeSpan.FromSeconds(30) });
    }

    /// <summary>Puts a service with healthy instances <c>{service}-1..n</c> on nodes n1, n2... in the registry.</summary>
    public void Seed(string service, int instances, ServiceSettings? settings = null)
    {
        Do(new PutService(service, settings ?? ServiceSettings.Default));
        for (var number = 1; number <= instances; number++)
        {
            var key = new InstanceKey(service, $"{service}-{number}");
            Do(new RegisterInstance(key, new() { Address = "10.0.0.1", Port = 8000 + number, Node = $"n{number}", Zone = $"zone-{number}" }));
            Do(new RecordHealth(service, [new(key, new(HealthStatus.Healthy, Registry.Current.At, "ok", 2))]));
        }
    }

    public void Do(RegistryCommand command) => Assert.IsType<CommandResult.Committed>(Registry.Execute(command, Actor.System("test")));

    /// <summary>Waits until followers are told what the registry holds now.</summary>
    public Task PublishedAsync()
    {
        var source = Services.GetRequiredService<IServingSource>();
        return Eventually.TrueAsync(
            () => source.Feed.Current is { } catalog && catalog.Generation == Registry.Current.Generation && catalog.Revision == Registry.Current.Revision && catalog.Overlay == Registry.Current.Overlay,
            TimeSpan.FromSeconds(60),
            "the catalog is at the registry's revision",
            TestContext.Current.CancellationToken);
    }

    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? json = null, string contentType = "application/json")
    {
        var request = new HttpRequestMessage(method, path);
        if (json is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(json));
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        }

        return Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public static async Task<JsonElement> BodyAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        var response = await SendAsync(HttpMethod.Get, path);
        var body = await BodyAsync(response);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {body}");
        return body;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
