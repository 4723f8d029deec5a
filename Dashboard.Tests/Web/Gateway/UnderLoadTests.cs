using System.Net.Http.Json;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Benchmarks;
using Dashboard.Tests.Support;
using Dashboard.Tests.Web.Api;
using Dashboard.Web.Gateway;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Tests.Web.Gateway;

/// <summary>The gateway in the console's process, moved by the real HTTP API; short forms of the benchmarks of the same names.</summary>
public sealed class UnderLoadTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task DrainUnderLoad_FailsNothing_AndStopsNewRequests()
    {
        await using var host = await StartAsync();
        await using var rig = new LoadRig(host.Client, Gateway(host));
        await rig.RegisterAsync(3, """{"check":{"kind":"none"}}""", Token);
        rig.StartLoad(16);
        for (var round = 0; round < 5; round++)
        {
            var late = await rig.DrainAsync(rig.Backends[0], Token);
            await rig.IdleAsync(rig.Backends[0], Token);
            TestContext.Current.TestOutputHelper?.WriteLine($"last new request {late.TotalMilliseconds:0.0} ms after the 202 (goal {DrainUnderLoadBenchmark.GoalMs} ms on an idle machine)");
            await rig.UndrainAsync(rig.Backends[0], Token);
        }

        await rig.StopLoadAsync();
        Assert.True(rig.Failed == 0, $"{rig.Failed} of {rig.Requests} failed, first: {rig.FirstFailure}");
    }

    [Fact]
    public async Task KillUnderLoad_FailsNoGet()
    {
        await using var host = await StartAsync();
        await using var rig = new LoadRig(host.Client, Gateway(host));
        await rig.RegisterAsync(5, """{"check":{"kind":"none"}}""", Token);
        // Full before anybody is told of it: a connection that slips into its backlog would be accepted and never answered, which is another fault.
        using var hole = new BlackHole();
        rig.StartLoad(16);
        await rig.Backends[0].KillAsync();
        using var registered = await host.Client.PutAsJsonAsync($"/api/v1/services/{LoadRig.Service}/instances/hole", new { address = "127.0.0.1", port = hole.Port }, Token);
        registered.EnsureSuccessStatusCode();
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System, Token);
        await rig.StopLoadAsync();
        Assert.True(rig.Failed == 0, $"{rig.Failed} of {rig.Requests} failed, first: {rig.FirstFailure}");
    }

    [Fact]
    public async Task Weights_AreSeenInTheTraffic()
    {
        await using var host = await StartAsync();
        await using var rig = new LoadRig(host.Client, Gateway(host));
        await rig.RegisterAsync(2, """{"check":{"kind":"none"}}""", Token);
        rig.StartLoad(8);
        var (inside, evidence) = await WeightsBenchmark.MeasureAsync(rig, TimeSpan.FromSeconds(60), Token);
        Assert.True(inside is not null, $"{evidence}");
        // What the console itself makes of it.
        var since = TimeProvider.System.GetUtcNow();
        var traffic = host.Services.GetRequiredService<TrafficStore>();
        await Eventually.TrueAsync(
            () => traffic.QuerySince(LoadRig.Service, since) is var window
                && new ShareEvidence(0.75, window.Of("i-0").Figures.Requests, window.Total.Requests).Verdict == ShareVerdict.Agrees,
            TimeSpan.FromSeconds(60),
            "the reported traffic agrees with the weights",
            Token);
    }

    private static Task<ApiHost> StartAsync() => ApiHost.StartAsync(more: services =>
    {
        services.AddGateway(new ConfigurationBuilder().Build());
        services.Configure<GatewayOptions>(options => (options.Url, options.Http2Url) = ("http://127.0.0.1:0", "http://127.0.0.1:0"));
    });

    private static Uri Gateway(ApiHost host) => new(host.Services.GetRequiredService<GatewayStatus>().Urls[0]);
}
