using System.Net;
using System.Text.Json;
using Dashboard.Core.Discovery;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Dashboard.Tests.Web.Api;

namespace Dashboard.Tests.Web.Discovery;

public sealed class SubscriberEndpointsTests : IAsyncLifetime
{
    private const string Path = "/api/v1/subscribers";

    private ApiHost _host = null!;

    private Guid Generation => _host.Registry.Current.Generation;

    public async ValueTask InitializeAsync()
    {
        _host = await ApiHost.StartAsync();
        _host.Seed("orders", 3);
        _host.Seed("cart", 2);
        await _host.PublishedAsync();
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Get_TellsWhatEachFollowsAndHasTaken()
    {
        _host.Followers.Seen("edge-1", FollowerKind.Gateway, "10.1.0.1", null, reports: true);
        _host.Followers.Acknowledge("edge-1", Generation, _host.Registry.Current.Revision);
        _host.Followers.Seen("poller", FollowerKind.Http, "10.1.0.2", ["orders"], reports: false);
        _host.Followers.Acknowledge("poller", Generation, "orders", 1);

        var body = await _host.GetAsync(Path);

        Assert.Equal(_host.Registry.Current.Revision, body.GetProperty("revision").GetInt64());
        var (edge, poller) = (One(body, "edge-1"), One(body, "poller"));
        Assert.Equal(
            ("gateway", "current", "10.1.0.1", JsonValueKind.Null, true, true, _host.Registry.Current.Revision, 0L, 0.0),
            (Text(edge, "kind"), Text(edge, "state"), Text(edge, "address"), edge.GetProperty("services").ValueKind, edge.GetProperty("connected").GetBoolean(), edge.GetProperty("canConfirm").GetBoolean(),
                edge.GetProperty("acknowledged").GetInt64(), edge.GetProperty("lag").GetInt64(), edge.GetProperty("lagSeconds").GetDouble()));
        Assert.Equal(("http", 1L, "orders"), (Text(poller, "kind"), poller.GetProperty("acknowledged").GetInt64(), Assert.Single(poller.GetProperty("services").EnumerateArray()).GetString()));
        Assert.Equal(_host.Registry.Current.Services["orders"].Revision - 1, poller.GetProperty("lag").GetInt64());
        Assert.Equal("orders", Assert.Single(poller.GetProperty("lacks").EnumerateArray()).GetString());
        Assert.True(poller.GetProperty("lagSeconds").GetDouble() >= 0);
    }

    [Theory]
    [InlineData("?kind=dns", "dns:10.1.0.3")]
    [InlineData("?state=cannotConfirm", "dns:10.1.0.3")]
    [InlineData("?service=orders", "dns:10.1.0.3 edge-1")]
    [InlineData("?service=cart&kind=gateway", "edge-1")]
    [InlineData("?state=refused", "")]
    public async Task Get_Filters(string query, string ids)
    {
        _host.Followers.Seen("edge-1", FollowerKind.Gateway, null, null, reports: true);
        _host.Followers.Seen("dns:10.1.0.3", FollowerKind.Dns, "10.1.0.3", ["orders"], reports: false);

        var body = await _host.GetAsync(Path + query);

        Assert.Equal(ids, string.Join(' ', body.GetProperty("subscribers").EnumerateArray().Select(one => Text(one, "id"))));
    }

    [Theory]
    [InlineData("?kind=carrier-pigeon", "query.kind")]
    [InlineData("?state=1", "query.state")]
    [InlineData("?service=A!", "query.service")]
    public async Task Get_BadQuery_NamesTheFault(string query, string path)
    {
        using var response = await _host.SendAsync(HttpMethod.Get, Path + query);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(path, (await ApiHost.BodyAsync(response)).GetProperty("errors")[0].GetProperty("path").GetString());
    }

    [Fact]
    public async Task Get_TellsWhatOneRefused_AndWhy_UntilItHasTakenSomethingNewer()
    {
        _host.Followers.Seen("envoy-1", FollowerKind.Xds, "10.1.0.4", ["orders"], reports: false);
        _host.Followers.Acknowledge("envoy-1", Generation, 1);
        _host.Followers.Refuse("envoy-1", _host.Registry.Current.Revision, "EDS orders at version 2: too light");

        var envoy = One(await _host.GetAsync(Path), "envoy-1");

        Assert.Equal(
            ("xds", "refused", 1L, _host.Registry.Current.Revision, "EDS orders at version 2: too light"),
            (Text(envoy, "kind"), Text(envoy, "state"), envoy.GetProperty("acknowledged").GetInt64(), envoy.GetProperty("refusedRevision").GetInt64(), Text(envoy, "lastRefusal")));

        _host.Followers.Acknowledge("envoy-1", Generation, _host.Registry.Current.Revision);

        envoy = One(await _host.GetAsync(Path), "envoy-1");
        Assert.Equal(("current", JsonValueKind.Null), (Text(envoy, "state"), envoy.GetProperty("lastRefusal").ValueKind));
    }

    [Fact]
    public async Task AStreamWithoutAName_IsListedButNobodyWaitsForIt()
    {
        await using var reader = await WatchReader.OpenAsync(_host);
        await reader.NextAsync();

        var one = Assert.Single((await _host.GetAsync(Path)).GetProperty("subscribers").EnumerateArray());
        Assert.Equal(("watch", "cannotConfirm", false), (Text(one, "kind"), Text(one, "state"), one.GetProperty("canConfirm").GetBoolean()));
        using var drained = await _host.SendAsync(HttpMethod.Post, "/api/v1/services/orders/instances/orders-1/drain", """{"reason":"test"}""");
        var acknowledged = (await ApiHost.BodyAsync(drained)).GetProperty("acknowledged");
        Assert.Equal((0, 1), (acknowledged.GetProperty("of").GetInt32(), acknowledged.GetProperty("cannotConfirm").GetInt32()));
    }

    [Fact]
    public async Task Delete_ForgetsOneThatIsGone_WithARowInTheAudit()
    {
        var (drain, _) = await DrainWithAnAbsentFollowerAsync();

        using var response = await _host.SendAsync(HttpMethod.Delete, $"{Path}/edge-2", """{"reason":"host scrapped"}""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var revision = (await ApiHost.BodyAsync(response)).GetProperty("revision").GetInt64();
        Assert.Empty((await _host.GetAsync(Path)).GetProperty("subscribers").EnumerateArray());
        var change = await _host.GetAsync($"/api/v1/audit/{revision}");
        Assert.Equal(("follower.forget", "follower:edge-2", "host scrapped"), (Text(change, "action"), Text(change, "target"), Text(change, "reason")));
        Assert.Equal(["follower:edge-2", $"operation:{drain}"], change.GetProperty("changes").EnumerateArray().Select(entity => Text(entity, "target")));
        Assert.Equal("Watch", change.GetProperty("changes")[0].GetProperty("before").GetProperty("kind").GetString());
        Assert.Empty(_host.Registry.Current.Operations[drain].Followers);
    }

    [Theory]
    [InlineData(null, "/reason")]
    [InlineData("{}", "/reason")]
    [InlineData("""{"reason":"  "}""", "/reason")]
    [InlineData("""{"reason":"x","force":true}""", "/force")]
    public async Task Delete_WithoutAReason_IsRefused(string? body, string path)
    {
        await DrainWithAnAbsentFollowerAsync();

        using var response = await _host.SendAsync(HttpMethod.Delete, $"{Path}/edge-2", body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var problem = await ApiHost.BodyAsync(response);
        if (body is not null)
            Assert.Contains(problem.GetProperty("errors").EnumerateArray(), error => Text(error, "path") == path);
        Assert.NotNull(_host.Followers.Find("edge-2"));
    }

    [Fact]
    public async Task Delete_OneThatIsConnected_NeedsOverride()
    {
        _host.Followers.Seen("edge-1", FollowerKind.Gateway, null, null, reports: true);

        using var refused = await _host.SendAsync(HttpMethod.Delete, $"{Path}/edge-1", """{"reason":"stuck"}""");
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Equal("/problems/guard", Text(await ApiHost.BodyAsync(refused), "type"));

        using var done = await _host.SendAsync(HttpMethod.Delete, $"{Path}/edge-1", """{"reason":"stuck","override":true}""");
        Assert.Equal(HttpStatusCode.OK, done.StatusCode);
        Assert.Null(_host.Followers.Find("edge-1"));
    }

    [Fact]
    public async Task Delete_OneThatNobodyKnows_Is404()
    {
        using var response = await _host.SendAsync(HttpMethod.Delete, $"{Path}/nobody", """{"reason":"typo"}""");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    private static JsonElement One(JsonElement body, string id) => body.GetProperty("subscribers").EnumerateArray().Single(one => Text(one, "id") == id);

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private async Task<(long Drain, Follower Follower)> DrainWithAnAbsentFollowerAsync()
    {
        _host.Followers.Open("edge-2", FollowerKind.Watch, "10.1.0.9", null, reports: true).Dispose();
        using var drained = await _host.SendAsync(HttpMethod.Post, "/api/v1/services/orders/instances/orders-1/drain", """{"reason":"test"}""");
        Assert.Equal(HttpStatusCode.Accepted, drained.StatusCode);
        return ((await ApiHost.BodyAsync(drained)).GetProperty("id").GetInt64(), _host.Followers.Find("edge-2")!);
    }
}
