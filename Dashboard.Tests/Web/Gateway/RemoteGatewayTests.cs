using System.Collections.Immutable;
using Dashboard.Core.Discovery;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;
using Dashboard.Tests.Web.Api;
using Dashboard.Web.Gateway;
using Dashboard.Web.Gateway.Remote;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Dashboard.Tests.Web.Gateway;

/// <summary>A gateway of its own that follows the real watch stream and reports to the real endpoints.</summary>
public sealed class RemoteGatewayTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RemoteGateway_Follows_Acknowledges_Reports_AndOutlivesTheConsole()
    {
        await using var backend = await Backend.StartAsync("a");
        await using var other = await Backend.StartAsync("b");
        var console = await ApiHost.StartAsync();
        console.Do(new PutService("orders", ServiceSettings.Default));
        foreach (var instance in new[] { backend, other })
        {
            var key = new InstanceKey("orders", instance.Id);
            console.Do(new RegisterInstance(key, new() { Address = "127.0.0.1", Port = instance.Port }));
            console.Do(new RecordHealth("orders", [new(key, new(HealthStatus.Healthy, console.Registry.Current.At, "ok", 2))]));
        }

        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddLogging();
        builder.Services.AddRemoteGateway(new ConfigurationBuilder().Build());
        builder.Services.Configure<GatewayOptions>(options => (options.Url, options.Http2Url, options.Id) = ("http://127.0.0.1:0", "http://127.0.0.1:0", "gateway@remote:1"));
        builder.Services.Configure<ConsoleOptions>(options => options.Url = console.Client.BaseAddress!.ToString());
        using var gateway = builder.Build();
        await gateway.StartAsync(Token);
        var status = gateway.Services.GetRequiredService<GatewayStatus>();
        using var client = new HttpClient { BaseAddress = new Uri(status.Urls[0]) };

        await Eventually.TrueAsync(() => status.HasCatalog && status.StaleSince is null, Patience, "the gateway has a catalog", Token);
        for (var request = 0; request < 10; request++)
        {
            Assert.Contains(await GetAsync(client), new[] { "a", "b" });
        }

        var traffic = console.Services.GetRequiredService<TrafficStore>();
        await Eventually.TrueAsync(() => traffic.Query("orders", TrafficStore.Retention).Total.Completed == 10, Patience, "the console has the traffic", Token);

        console.Do(new DrainInstance(new("orders", "a")));
        await Eventually.TrueAsync(
            () => console.Followers.Find("gateway@remote:1") is { Connected: true, Reports: true, Kind: FollowerKind.Gateway } follower && follower.Acknowledged == console.Registry.Current.Revision,
            Patience,
            "the gateway acknowledges the drain",
            Token);
        for (var request = 0; request < 10; request++)
        {
            Assert.Equal("b", await GetAsync(client));
        }

        await console.DisposeAsync();
        await Eventually.TrueAsync(() => status.StaleSince is not null, Patience, "the gateway says that its catalog is old", Token);
        Assert.Equal("b", await GetAsync(client));
        await gateway.StopAsync(Token);
    }

    private static async Task<string> GetAsync(HttpClient client)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.Host = "orders.localhost";
        using var answer = await client.SendAsync(request, Token);
        return await answer.Content.ReadAsStringAsync(Token);
    }
}
