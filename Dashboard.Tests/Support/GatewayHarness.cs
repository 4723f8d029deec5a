using Dashboard.Core.Discovery;
using Dashboard.Core.Traffic;
using Dashboard.Web.Gateway;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Dashboard.Tests.Support;

/// <summary>The product's gateway on free ports, with a catalog that the test writes.</summary>
internal sealed class GatewayHarness : IAsyncDisposable
{
    private readonly IHost _host;

    private GatewayHarness(IHost host, FakeServingSource source)
    {
        _host = host;
        Source = source;
        var status = host.Services.GetRequiredService<GatewayStatus>();
        Id = status.Id;
        Url = new(status.Urls[0]);
        Http2Url = new(status.Urls[1]);
        Client = NewClient();
    }

    public string Id { get; }

    public Uri Url { get; }

    public Uri Http2Url { get; }

    public FakeServingSource Source { get; }

    public GatewayStatus Status => _host.Services.GetRequiredService<GatewayStatus>();

    public TrafficStore Traffic => _host.Services.GetRequiredService<TrafficStore>();

    public FollowerTable Followers => _host.Services.GetRequiredService<FollowerTable>();

    /// <summary>Keeps its connections; does not follow redirects.</summary>
    public HttpClient Client { get; }

    public static async Task<GatewayHarness> StartAsync(Action<GatewayOptions>? configure = null)
    {
        var source = new FakeServingSource();
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<IServingSource>(source);
        builder.Services.AddSingleton<FollowerTable>();
        builder.Services.AddSingleton<TrafficStore>();
        builder.Services.AddGateway(new ConfigurationBuilder().Build());
        builder.Services.Configure<GatewayOptions>(options =>
        {
            options.Url = "http://127.0.0.1:0";
            options.Http2Url = "http://127.0.0.1:0";
            configure?.Invoke(options);
        });
        var host = builder.Build();
        await host.StartAsync();
        return new(host, source);
    }

    public HttpClient NewClient() => new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, ActivityHeadersPropagator = null }) { BaseAddress = Url };

    public HttpRequestMessage Request(string service, HttpMethod? method = null, string path = "/", string? source = null, Uri? url = null)
    {
        var request = new HttpRequestMessage(method ?? HttpMethod.Get, new Uri(url ?? Url, path));
        request.Headers.Host = $"{service}.localhost";
        if (source is not null)
        {
            request.Headers.Add("x-mesh-source", source);
        }

        return request;
    }

    public async Task<HttpResponseMessage> SendAsync(string service, HttpMethod? method = null, string path = "/", string? source = null, HttpContent? content = null)
    {
        using var request = Request(service, method, path, source);
        request.Content = content;
        return await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    /// <summary>The body of a GET that must succeed.</summary>
    public async Task<string> GetAsync(string service, string path = "/", string? source = null)
    {
        using var answer = await SendAsync(service, path: path, source: source);
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode} {body}");
        return body;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _host.StopAsync();
        _host.Dispose();
    }
}
