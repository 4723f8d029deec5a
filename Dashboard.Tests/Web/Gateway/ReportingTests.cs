using Dashboard.Core.Discovery;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Dashboard.Tests.Web.Gateway;

public sealed class ReportingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_AreReportedByCallerAndInstance()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        await using var a = await Backend.StartAsync("a", context =>
        {
            context.Response.StatusCode = context.Request.Path == "/broken" ? 500 : 200;
            return Task.CompletedTask;
        });
        gateway.Source.Publish(BackendSets.Set("orders", a), BackendSets.Set("web", a));
        for (var request = 0; request < 10; request++)
        {
            await gateway.GetAsync("orders", source: "web");
        }

        await gateway.GetAsync("orders");
        await gateway.GetAsync("orders", source: "Not A Name");
        using (await gateway.SendAsync("orders", path: "/broken", source: "web"))
        {
        }

        await Eventually.TrueAsync(() => gateway.Traffic.Query("orders", TrafficStore.Retention).Total.Completed == 13, Patience, "all requests are reported", Token);
        var window = gateway.Traffic.Query("orders", TrafficStore.Retention);
        Assert.Equal(
            [("external", 1, 0), ("unknown", 1, 0), ("web", 11, 1)],
            window.Callers.Select(edge => (edge.Key.Source, edge.Figures.Requests, edge.Figures.Failures)));
        Assert.Equal((13, 1), (window.Of("a").Figures.Requests, window.Of("a").Figures.Failures));
        Assert.NotNull(window.Of("a").Figures.P50Ms);
    }

    [Fact]
    public async Task Callers_AreBounded_ButRegisteredServicesAreAlwaysToldApart()
    {
        await using var gateway = await GatewayHarness.StartAsync(options => options.MaximumUnregisteredSources = 3);
        await using var a = await Backend.StartAsync("a");
        gateway.Source.Publish(BackendSets.Set("orders", a));
        for (var caller = 0; caller < 20; caller++)
        {
            await gateway.GetAsync("orders", source: $"made-up-{caller}");
        }

        gateway.Source.Publish(BackendSets.Set("late-comer", a));
        await gateway.GetAsync("orders", source: "late-comer");
        await Eventually.TrueAsync(() => gateway.Traffic.Query("orders", TrafficStore.Retention).Total.Completed == 21, Patience, "all requests are reported", Token);
        var window = gateway.Traffic.Query("orders", TrafficStore.Retention);
        Assert.Equal(["late-comer", "made-up-0", "made-up-1", "made-up-2", "unknown"], window.Callers.Select(edge => edge.Key.Source));
        Assert.Equal(17, window.Callers[^1].Figures.Requests);
    }

    [Fact]
    public async Task ConnectFailure_IsAFailureOfTheInstance_ThatDidNotAnswer()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        await using var a = await Backend.StartAsync("a");
        var b = await Backend.StartAsync("b");
        gateway.Source.Publish(BackendSets.Set("orders", a, b));
        await b.DisposeAsync();
        await gateway.GetAsync("orders");
        await gateway.GetAsync("orders");
        await Eventually.TrueAsync(() => gateway.Traffic.Query("orders", TrafficStore.Retention).Total.Completed == 3, Patience, "all attempts are reported", Token);
        var window = gateway.Traffic.Query("orders", TrafficStore.Retention);
        Assert.Equal((2, 0), (window.Of("a").Figures.Completed, window.Of("a").Figures.Failures));
        Assert.Equal((1, 1), (window.Of("b").Figures.Completed, window.Of("b").Figures.Failures));
    }

    [Fact]
    public async Task ClientThatGoesAway_IsNoFailure()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        var arrived = new TaskCompletionSource();
        await using var a = await Backend.StartAsync("a", async context =>
        {
            arrived.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        });
        gateway.Source.Publish(BackendSets.Set("orders", a));
        using var away = new CancellationTokenSource();
        using var request = gateway.Request("orders");
        var answer = gateway.Client.SendAsync(request, away.Token);
        await arrived.Task.WaitAsync(Patience, TimeProvider.System, Token);
        await away.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        await Eventually.TrueAsync(() => gateway.Traffic.Query("orders", TrafficStore.Retention).Total.Completed == 1, Patience, "the request is reported", Token);
        Assert.Equal(0, gateway.Traffic.Query("orders", TrafficStore.Retention).Total.Failures);
    }

    [Fact]
    public async Task InFlight_OfAnInstanceThatLeft_IsReportedUntilItEnds()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        using var release = new SemaphoreSlim(0);
        await using var a = await Backend.StartAsync("a", context => release.WaitAsync(context.RequestAborted));
        gateway.Source.Publish(BackendSets.Set("orders", a));
        var request = gateway.SendAsync("orders");
        await Eventually.TrueAsync(() => a.Requests == 1, Patience, "the request arrived", Token);
        gateway.Source.Remove("orders");
        var removed = TimeProvider.System.GetUtcNow();
        await Eventually.TrueAsync(() => Known(removed) == 1, Patience, "what is open at the instance that left is reported", Token);
        release.Release();
        using var answer = await request;
        var ended = TimeProvider.System.GetUtcNow();
        await Eventually.TrueAsync(() => Known(ended) == 0, Patience, "its end is reported", Token);

        long Known(DateTimeOffset since) => gateway.Traffic.InFlight(new("orders", "a"), [gateway.Id], since) is { Unknown.IsEmpty: true } known ? known.Requests : -1;
    }

    [Fact]
    public async Task Catalog_IsAcknowledged_UnderTheGatewaysName()
    {
        await using var gateway = await GatewayHarness.StartAsync(options => options.Id = "gateway@here");
        Assert.Equal("gateway@here", gateway.Id);
        await using var a = await Backend.StartAsync("a");
        var catalog = gateway.Source.Publish(BackendSets.Set("orders", a));
        await Eventually.TrueAsync(() => gateway.Followers.Find("gateway@here")?.Acknowledged == catalog.Revision, Patience, "the catalog is acknowledged", Token);
        var follower = gateway.Followers.Find("gateway@here")!;
        Assert.Equal((FollowerKind.Gateway, true, true, catalog.Generation), (follower.Kind, follower.Reports, follower.Connected, follower.Generation));
        await Eventually.TrueAsync(() => gateway.Followers.Find("gateway@here")?.LastReport is not null, Patience, "a report came", Token);
    }
}
