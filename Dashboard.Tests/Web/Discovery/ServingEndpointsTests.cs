using System.Diagnostics;
using System.Globalization;
using System.Net;
using Dashboard.Core.Discovery;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Dashboard.Tests.Web.Api;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Tests.Web.Discovery;

public sealed class ServingEndpointsTests : IAsyncLifetime
{
    private ApiHost _host = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private int Waiting => _host.Services.GetRequiredService<EndpointWaiters>().Waiting;

    public async ValueTask InitializeAsync()
    {
        _host = await ApiHost.StartAsync();
        _host.Seed("orders", 3);
        _host.Seed("cart", 1);
        await _host.PublishedAsync();
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Get_GivesTheServingSetWithItsRevision()
    {
        _host.Do(new DrainInstance(new("orders", "orders-2")));
        await _host.PublishedAsync();

        var response = await _host.SendAsync(HttpMethod.Get, "/api/v1/services/orders/endpoints");
        var body = await ApiHost.BodyAsync(response);

        Assert.Equal(["orders-1", "orders-3"], body.GetProperty("endpoints").EnumerateArray().Select(endpoint => endpoint.GetProperty("id").GetString()));
        Assert.Equal("draining", body.GetProperty("leaving")[0].GetProperty("intent").GetString());
        Assert.Equal(_host.Registry.Current.Revision, RevisionOf(response));
        Assert.Equal(_host.Registry.Current.Generation.ToString(), response.Headers.GetValues("X-Registry-Generation").Single());
    }

    [Fact]
    public async Task Get_SeesEveryChangeThatWasAnswered()
    {
        // In quick succession, so that who follows is told several of them together.
        for (var n = 0; n < 50; n++)
        {
            var service = string.Create(CultureInfo.InvariantCulture, $"new-{n}");
            _host.Seed(service, 2);
            Assert.Equal(HttpStatusCode.OK, (await _host.SendAsync(HttpMethod.Get, $"/api/v1/services/{service}/endpoints")).StatusCode);
            _host.Do(new DrainInstance(new(service, service + "-1")));
            var body = await ApiHost.BodyAsync(await _host.SendAsync(HttpMethod.Get, $"/api/v1/services/{service}/endpoints"));
            Assert.Equal([service + "-2"], body.GetProperty("endpoints").EnumerateArray().Select(endpoint => endpoint.GetProperty("id").GetString()));
        }
    }

    [Fact]
    public async Task Get_WithIndexBelow_AnswersAtOnce()
    {
        var response = await _host.SendAsync(HttpMethod.Get, $"/api/v1/services/orders/endpoints?index={_host.Registry.Current.Services["orders"].Revision - 1}&wait=10m");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData(1_000_000, null)]
    [InlineData(0, "7b0d3b6c8f3f4c0a9d6e1f2a3b4c5d6e.{0}.0")]
    public async Task Get_WithIndexAboveTheHeadOrOfAnotherGeneration_AnswersAtOnce(long ahead, string? foreign)
    {
        var head = _host.Registry.Current.Revision + ahead;
        var index = foreign is null ? head.ToString(CultureInfo.InvariantCulture) : string.Format(CultureInfo.InvariantCulture, foreign, head);

        var response = await _host.SendAsync(HttpMethod.Get, $"/api/v1/services/orders/endpoints?index={index}&wait=10m");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Get_WithIndexAtTheHead_WaitsForThisServiceAlone()
    {
        var head = _host.Registry.Current.Revision;
        var waiting = _host.SendAsync(HttpMethod.Get, $"/api/v1/services/orders/endpoints?index={head}&wait=10m");
        await Eventually.TrueAsync(() => Waiting == 1, TimeSpan.FromSeconds(60), "the request waits", Cancelled);

        _host.Do(new DrainInstance(new("cart", "cart-1")));
        await _host.PublishedAsync();
        Assert.Equal(1, Waiting);
        Assert.False(waiting.IsCompleted);

        _host.Do(new DrainInstance(new("orders", "orders-1")));
        var response = await waiting.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
        Assert.Equal(head + 2, RevisionOf(response));
        Assert.Equal(2, (await ApiHost.BodyAsync(response)).GetProperty("endpoints").GetArrayLength());
        Assert.Equal(0, Waiting);
    }

    [Fact]
    public async Task Get_WhenTheWaitIsOver_AnswersWhatHolds()
    {
        var began = Stopwatch.GetTimestamp();
        var response = await _host.SendAsync(HttpMethod.Get, $"/api/v1/services/orders/endpoints?index={_host.Registry.Current.Revision}&wait=300ms");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalMilliseconds, 290, 60_000);
        Assert.Equal(_host.Registry.Current.Revision, RevisionOf(response));
    }

    [Fact]
    public async Task Get_WhenTheServiceIsDeletedMeanwhile_Is404()
    {
        var waiting = _host.SendAsync(HttpMethod.Get, $"/api/v1/services/cart/endpoints?index={_host.Registry.Current.Revision}&wait=10m");
        await Eventually.TrueAsync(() => Waiting == 1, TimeSpan.FromSeconds(60), "the request waits", Cancelled);

        _host.Do(new DeleteService("cart"));

        Assert.Equal(HttpStatusCode.NotFound, (await waiting).StatusCode);
    }

    [Fact]
    public async Task Get_WhilePostgresIsAway_GivesTheOverlayAndSaysSinceWhen()
    {
        _host.Registry.TakeAway();
        var index = (await _host.SendAsync(HttpMethod.Get, "/api/v1/services/orders/endpoints")).Headers.GetValues("X-Registry-Index").Single();
        var waiting = _host.SendAsync(HttpMethod.Get, $"/api/v1/services/orders/endpoints?index={index}&wait=10m");
        await Eventually.TrueAsync(() => Waiting == 1, TimeSpan.FromSeconds(60), "the request waits", Cancelled);

        _host.Registry.Execute(new RecordHealth("orders", [new(new("orders", "orders-1"), new(HealthStatus.Unhealthy, _host.Registry.Current.At, "refused", 3))]), Actor.System("health"));

        var response = await waiting.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
        Assert.Equal(2, (await ApiHost.BodyAsync(response)).GetProperty("endpoints").GetArrayLength());
        Assert.True(response.Headers.Contains("X-Registry-Stale-Since"));
    }

    [Fact]
    public async Task Get_FromANamedClient_AcknowledgesThisServiceAlone()
    {
        var head = _host.Registry.Current.Revision;
        var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/services/orders/endpoints?index={head}");
        request.Headers.Add("X-Mesh-Client", "poller-1");
        await _host.Client.SendAsync(request, Cancelled);

        var follower = _host.Followers.Find("poller-1")!;
        Assert.Equal(FollowerKind.Http, follower.Kind);
        Assert.Equal(head, follower.AcknowledgedOf("orders", _host.Registry.Current.Generation));
        Assert.Equal(0, follower.AcknowledgedOf("cart", _host.Registry.Current.Generation));
        Assert.Equal(["poller-1"], _host.Followers.FollowersOf(["orders"]));
        Assert.Empty(_host.Followers.FollowersOf(["cart"]));
    }

    [Theory]
    [InlineData("index=-1", "query.index")]
    [InlineData("index=abc", "query.index")]
    [InlineData("wait=11m", "query.wait")]
    [InlineData("wait=-1s", "query.wait")]
    [InlineData("wat=1s", "query.wat")]
    public async Task Get_BadQuery_NamesTheFault(string query, string path)
    {
        var response = await _host.SendAsync(HttpMethod.Get, $"/api/v1/services/orders/endpoints?{query}");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(path, (await ApiHost.BodyAsync(response)).GetProperty("errors")[0].GetProperty("path").GetString());
    }

    [Fact]
    public async Task Get_UnknownService_Is404() =>
        Assert.Equal(HttpStatusCode.NotFound, (await _host.SendAsync(HttpMethod.Get, "/api/v1/services/nobody/endpoints?index=1&wait=10m")).StatusCode);

    private static long RevisionOf(HttpResponseMessage response) => long.Parse(response.Headers.GetValues("X-Registry-Revision").Single(), CultureInfo.InvariantCulture);
}
