using System.Net;
using System.Text.Json;
using Dashboard.Core.Discovery;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Tests.Web.Api;

public sealed class ActsTests : IAsyncLifetime
{
    private const string Instances = "/api/v1/services/orders/instances";

    private ApiHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await ApiHost.StartAsync();
        _host.Seed("orders", 3);
        _host.Followers.Seen("gateway-1", FollowerKind.Gateway, null, null, reports: true);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Register_New_Is201WithTheRevision_AgainIs200()
    {
        const string body = """{"address":"::ffff:10.0.0.9","port":8080,"weight":50,"zone":"z1","node":"n9","version":"v2","metadata":{"team":"shop"}}""";

        var (first, document) = await SendAsync(HttpMethod.Put, $"{Instances}/orders-9", body);
        var (second, again) = await SendAsync(HttpMethod.Put, $"{Instances}/orders-9", body);

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));
        Assert.Equal("/api/v1/services/orders/instances/orders-9", first.Headers.Location?.ToString());
        Assert.Equal(_host.Registry.Current.Revision, document.GetProperty("revision").GetInt64());
        Assert.Equal(document.GetProperty("revision").GetInt64(), again.GetProperty("revision").GetInt64());
        Assert.Equal(("10.0.0.9", 50), _host.Registry.Current.FindInstance(new("orders", "orders-9")) is { } instance ? (instance.Registration.Address, instance.Registration.Weight) : default);
    }

    [Fact]
    public async Task Register_InAnUnknownService_CreatesIt()
    {
        var (response, _) = await SendAsync(HttpMethod.Put, "/api/v1/services/fresh.shop/instances/a", """{"address":"2001:db8::1","port":1}""");

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("2001:db8::1", (await _host.GetAsync("/api/v1/services/fresh.shop")).GetProperty("instances")[0].GetProperty("address").GetString());
    }

    [Fact]
    public async Task Register_WithTtlWhereTheCheckIsNone_Is409()
    {
        var (response, _) = await SendAsync(HttpMethod.Put, $"{Instances}/orders-9", """{"address":"10.0.0.9","port":1,"ttlSeconds":5}""");

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
    }

    [Fact]
    public async Task Heartbeat_Is204_OfAnUnknownInstance404()
    {
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(HttpMethod.Post, $"{Instances}/orders-1/heartbeat", """{"status":"warning","output":"slow disk"}""")).Response.StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(HttpMethod.Post, $"{Instances}/orders-1/heartbeat")).Response.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(HttpMethod.Post, $"{Instances}/nobody/heartbeat")).Response.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(HttpMethod.Post, $"{Instances}/orders-1/heartbeat", """{"status":"fine"}""")).Response.StatusCode);
    }

    [Fact]
    public async Task PutService_CreatesThenReplacesTheWholeSettings()
    {
        var (created, _) = await SendAsync(HttpMethod.Put, "/api/v1/services/cart", """{"policy":"leastConnections","check":{"kind":"http","path":"/healthz","intervalSeconds":0.5},"drain":{"deadlineSeconds":60,"atDeadline":"force"},"minEligible":2}""");
        var settings = (await _host.GetAsync("/api/v1/services/cart")).GetProperty("settings");
        var (replaced, _) = await SendAsync(HttpMethod.Put, "/api/v1/services/cart", settings.ToString());
        var (reset, _) = await SendAsync(HttpMethod.Put, "/api/v1/services/cart", "{}");

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK, HttpStatusCode.OK), (created.StatusCode, replaced.StatusCode, reset.StatusCode));
        Assert.Equal(0.5, settings.GetProperty("check").GetProperty("intervalSeconds").GetDouble());
        Assert.Equal("force", settings.GetProperty("drain").GetProperty("atDeadline").GetString());
        Assert.Equal(ServiceSettings.Default, _host.Registry.Current.Services["cart"].Settings);
    }

    [Fact]
    public async Task Drain_Is202WithTheOperation_AskedAgainTheSame()
    {
        var (response, operation) = await SendAsync(HttpMethod.Post, $"{Instances}/orders-1/drain", """{"reason":"new kernel","deadlineSeconds":60,"atDeadline":"force"}""");
        var id = operation.GetProperty("id").GetInt64();

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal($"/api/v1/operations/{id}", response.Headers.Location?.ToString());
        Assert.Equal(["requested", "committed", "published", "acknowledged", "observed"], operation.GetProperty("stages").EnumerateArray().Select(stage => stage.GetProperty("stage").GetString()));
        Assert.Equal(1, operation.GetProperty("acknowledged").GetProperty("of").GetInt32());
        Assert.Equal("gateway-1", operation.GetProperty("acknowledged").GetProperty("laggards")[0].GetProperty("id").GetString());
        Assert.Equal("force", operation.GetProperty("drain").GetProperty("atDeadline").GetString());

        var (again, same) = await SendAsync(HttpMethod.Post, $"{Instances}/orders-1/drain", """{"deadlineSeconds":120}""");
        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
        Assert.Equal(id, same.GetProperty("id").GetInt64());
        Assert.True(same.GetProperty("drain").GetProperty("deadline").GetDateTimeOffset() > operation.GetProperty("drain").GetProperty("deadline").GetDateTimeOffset().AddSeconds(50));
        Assert.Equal(id, (await _host.GetAsync("/api/v1/operations?open=true")).GetProperty("operations")[0].GetProperty("id").GetInt64());
        Assert.Equal(id, (await _host.GetAsync($"/api/v1/operations/{id}")).GetProperty("id").GetInt64());
    }

    [Fact]
    public async Task Operation_ShowsTheAcknowledgementAsSoonAsItComes()
    {
        var (_, operation) = await SendAsync(HttpMethod.Patch, "/api/v1/services/orders/weights", """{"weights":{"orders-1":7}}""");
        var id = operation.GetProperty("id").GetInt64();
        await _host.PublishedAsync();
        var tracker = _host.Services.GetRequiredService<OperationTracker>();
        await Eventually.TrueAsync(() => tracker.Feed.Current.Find(id) is { Laggards.Length: 1 }, TimeSpan.FromSeconds(60), "the laggard is on the board", TestContext.Current.CancellationToken);

        await SendAsync(HttpMethod.Post, "/api/v1/subscribers/gateway-1/ack", $$"""{"generation":"{{_host.Registry.Current.Generation}}","revision":{{id}}}""");

        await Eventually.TrueAsync(() => tracker.Feed.Current.Find(id) is { Laggards.IsEmpty: true, Acknowledged: 1 }, TimeSpan.FromSeconds(60), "it has acknowledged", TestContext.Current.CancellationToken);
        var line = (await _host.GetAsync($"/api/v1/operations/{id}")).GetProperty("stages");
        Assert.Equal(("done", "1 of 1 data plane"), (line[3].GetProperty("state").GetString(), line[3].GetProperty("text").GetString()));
    }

    [Fact]
    public async Task DryRun_OfWeightsUnderRoundRobin_SaysThatTheyAreIgnored()
    {
        await SendAsync(HttpMethod.Put, "/api/v1/services/orders", """{"policy":"roundRobin"}""");
        var (_, preview) = await SendAsync(HttpMethod.Patch, "/api/v1/services/orders/weights", """{"weights":{"orders-1":7},"dryRun":true}""");

        Assert.Equal("No traffic moves. orders is balanced by roundRobin, which ignores weights above 0.", preview.GetProperty("summary").GetString());
    }

    public static TheoryData<string, string, string> Acts => new()
    {
        { "POST", $"{Instances}/orders-1/drain", "\"reason\":\"x\"" },
        { "POST", $"{Instances}/orders-1/maintenance", "\"reason\":\"x\"" },
        { "POST", "/api/v1/nodes/n1/drain", "\"reason\":\"x\"" },
        { "PATCH", "/api/v1/services/orders/weights", "\"weights\":{\"orders-1\":300,\"orders-2\":0}" },
        { "PUT", "/api/v1/services/orders", "\"policy\":\"random\"" },
        { "DELETE", $"{Instances}/orders-1?operator=true", "\"reason\":\"x\"" },
        { "DELETE", "/api/v1/services/orders", "\"reason\":\"x\",\"override\":true" },
    };

    [Theory]
    [MemberData(nameof(Acts))]
    public async Task DryRun_ChangesNothingAndSaysWhatTheActThenDoes(string method, string address, string body)
    {
        var before = _host.Registry.Current;
        var (response, preview) = await SendAsync(new(method), address, $"{{{body},\"dryRun\":true}}");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Same(before, _host.Registry.Current);
        Assert.Empty(_host.Registry.Current.Operations);
        Assert.True(preview.GetProperty("dryRun").GetBoolean());
        Assert.True(preview.GetProperty("accepted").GetBoolean(), preview.ToString());

        var (acted, _) = await SendAsync(new(method), address, $"{{{body}}}");
        Assert.True(acted.IsSuccessStatusCode);
        var after = _host.Registry.Current;
        var change = _host.Registry.History[^1];
        Assert.Equal(preview.GetProperty("action").GetString(), change.Action);
        Assert.Equal(preview.GetProperty("target").GetString(), change.Target);
        foreach (var service in preview.GetProperty("services").EnumerateArray())
        {
            var name = service.GetProperty("service").GetString()!;
            var serving = after.Services.GetValueOrDefault(name)?.Serving.Endpoints ?? [];
            Assert.Equal(before.Services[name].Serving.Endpoints.Length, service.GetProperty("servingBefore").GetInt32());
            Assert.Equal(serving.Length, service.GetProperty("servingAfter").GetInt32());
            foreach (var instance in service.GetProperty("instances").EnumerateArray())
                Assert.Equal(serving.FirstOrDefault(endpoint => endpoint.Id == instance.GetProperty("id").GetString())?.Weight ?? 0, instance.GetProperty("weightAfter").GetInt32());
        }
    }

    [Fact]
    public async Task DryRun_OfADrain_TellsSharesZonesFollowersAndReplacedOperations()
    {
        var (_, open) = await SendAsync(HttpMethod.Post, $"{Instances}/orders-1/maintenance", "{}");
        await SendAsync(HttpMethod.Post, $"{Instances}/orders-1/undrain", "{}");
        var (_, preview) = await SendAsync(HttpMethod.Post, $"{Instances}/orders-1/drain", """{"dryRun":true}""");

        var impact = preview.GetProperty("services")[0];
        Assert.Equal("33.3 % of orders' traffic moves to 2 instances, each +50 %.", preview.GetProperty("summary").GetString());
        Assert.Equal(1.0 / 3, impact.GetProperty("movedShare").GetDouble(), 6);
        Assert.Equal(["zone-1"], impact.GetProperty("zonesLeftEmpty").EnumerateArray().Select(zone => zone.GetString()));
        Assert.Equal((3, 2, 2), (impact.GetProperty("servingBefore").GetInt32(), impact.GetProperty("servingAfter").GetInt32(), impact.GetProperty("floor").GetInt32()));
        Assert.Equal(["gateway-1"], preview.GetProperty("followers").EnumerateArray().Select(follower => follower.GetString()));
        Assert.Equal(open.GetProperty("id").GetInt64() + 1, Assert.Single(preview.GetProperty("replaces").EnumerateArray()).GetInt64());
    }

    [Fact]
    public async Task Guard_Is409WithTheFacts_AndYieldsToAnOverrideWithAReason()
    {
        await SendAsync(HttpMethod.Post, $"{Instances}/orders-1/drain", "{}");

        var (dry, preview) = await SendAsync(HttpMethod.Post, $"{Instances}/orders-2/drain", """{"dryRun":true}""");
        var (refused, problem) = await SendAsync(HttpMethod.Post, $"{Instances}/orders-2/drain", "{}");
        var (overridden, operation) = await SendAsync(HttpMethod.Post, $"{Instances}/orders-2/drain", """{"override":true,"reason":"the disk burns"}""");

        Assert.Equal(HttpStatusCode.OK, dry.StatusCode);
        Assert.False(preview.GetProperty("accepted").GetBoolean());
        Assert.Equal("guard", preview.GetProperty("refusal").GetProperty("kind").GetString());
        Assert.Equal(1, preview.GetProperty("services")[0].GetProperty("servingAfter").GetInt32());
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Equal("/problems/guard", problem.GetProperty("type").GetString());
        var facts = problem.GetProperty("facts");
        Assert.Equal((2, 1, 2), (facts.GetProperty("servingBefore").GetInt32(), facts.GetProperty("servingAfter").GetInt32(), facts.GetProperty("floor").GetInt32()));
        Assert.Equal("orders", facts.GetProperty("services")[0].GetProperty("service").GetString());
        Assert.Equal(HttpStatusCode.Accepted, overridden.StatusCode);
        Assert.True(operation.GetProperty("overridden").GetBoolean());
    }

    [Fact]
    public async Task Guard_BindsAnOperatorsDeregistration_NotAnInstancesOwn()
    {
        await SendAsync(HttpMethod.Post, $"{Instances}/orders-1/drain", "{}");

        Assert.Equal(HttpStatusCode.Conflict, (await SendAsync(HttpMethod.Delete, $"{Instances}/orders-2?operator=true")).Response.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Delete, $"{Instances}/orders-2")).Response.StatusCode);
        Assert.Equal(ActorKind.Service, _host.Registry.History[^1].Actor.Kind);
    }

    [Fact]
    public async Task StaleRevision_Is409WithTheFacts()
    {
        var seen = _host.Registry.Current.Revision;
        await SendAsync(HttpMethod.Patch, "/api/v1/services/orders/weights", """{"weights":{"orders-1":7}}""");

        var (stale, problem) = await SendAsync(HttpMethod.Patch, "/api/v1/services/orders/weights", $$"""{"weights":{"orders-1":8,"orders-2":9},"expectedRevision":{{seen}}}""");
        var (fresh, _) = await SendAsync(HttpMethod.Patch, "/api/v1/services/orders/weights", $$"""{"weights":{"orders-2":9},"expectedRevision":{{seen}}}""");

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.Accepted), (stale.StatusCode, fresh.StatusCode));
        Assert.Equal("/problems/stale", problem.GetProperty("type").GetString());
        Assert.Equal(seen, problem.GetProperty("facts").GetProperty("expectedRevision").GetInt64());
        Assert.Equal(seen + 1, problem.GetProperty("facts").GetProperty("changedRevision").GetInt64());
    }

    [Fact]
    public async Task Weights_WithOneUnknownInstance_ChangeNone()
    {
        var (response, problem) = await SendAsync(HttpMethod.Patch, "/api/v1/services/orders/weights", """{"weights":{"orders-1":8,"nobody":9}}""");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains("nobody", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Null(_host.Registry.Current.OperatorStateOf(new("orders", "orders-1")).Weight);
    }

    [Fact]
    public async Task Weights_ThatAreSoAlready_Are200WithoutAnOperation()
    {
        await SendAsync(HttpMethod.Patch, "/api/v1/services/orders/weights", """{"weights":{"orders-1":7}}""");
        var (response, document) = await SendAsync(HttpMethod.Patch, "/api/v1/services/orders/weights", """{"weights":{"orders-1":7}}""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.False(document.GetProperty("changed").GetBoolean());
    }

    [Fact]
    public async Task PostgresAway_WritesAre503WithRetryAfter_ReadsGoOn()
    {
        _host.Registry.TakeAway();

        var (write, _) = await SendAsync(HttpMethod.Post, $"{Instances}/orders-1/drain", "{}");
        var (dry, _) = await SendAsync(HttpMethod.Post, $"{Instances}/orders-1/drain", """{"dryRun":true}""");
        var services = await _host.GetAsync("/api/v1/services");

        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), (write.StatusCode, dry.StatusCode));
        Assert.Equal(TimeSpan.FromSeconds(1), write.Headers.RetryAfter?.Delta);
        Assert.NotEqual(JsonValueKind.Null, services.GetProperty("staleSince").ValueKind);
    }

    [Fact]
    public async Task Operation_CanBeExtendedForcedAndCancelled()
    {
        var (_, drain) = await SendAsync(HttpMethod.Post, $"{Instances}/orders-1/drain", """{"deadlineSeconds":60}""");
        var id = drain.GetProperty("id").GetInt64();

        var (extended, later) = await SendAsync(HttpMethod.Post, $"/api/v1/operations/{id}/extend", """{"deadlineSeconds":600,"atDeadline":"undrain"}""");
        Assert.Equal(HttpStatusCode.Accepted, extended.StatusCode);
        Assert.Equal("undrain", later.GetProperty("drain").GetProperty("atDeadline").GetString());

        var (cancelled, cancel) = await SendAsync(HttpMethod.Post, $"/api/v1/operations/{id}/cancel", """{"reason":"not today"}""");
        Assert.Equal(HttpStatusCode.Accepted, cancelled.StatusCode);
        Assert.Equal("cancelled", cancel.GetProperty("outcome").GetString());
        Assert.Equal(IntentKind.Active, _host.Registry.Current.OperatorStateOf(new("orders", "orders-1")).Intent.Kind);
        var (over, problem) = await SendAsync(HttpMethod.Post, $"/api/v1/operations/{id}/force");
        Assert.Equal(HttpStatusCode.Conflict, over.StatusCode);
        Assert.Equal("cancelled", problem.GetProperty("facts").GetProperty("outcome").GetString());

        var (_, second) = await SendAsync(HttpMethod.Post, "/api/v1/nodes/n2/drain", "{}");
        var (forced, done) = await SendAsync(HttpMethod.Post, $"/api/v1/operations/{second.GetProperty("id").GetInt64()}/force");
        Assert.Equal(HttpStatusCode.Accepted, forced.StatusCode);
        Assert.Equal("forced", done.GetProperty("outcome").GetString());
        Assert.Equal(IntentKind.Drained, _host.Registry.Current.Nodes["n2"].Intent.Kind);
    }

    [Fact]
    public async Task Undo_IsTheInverse_GuardedAuditedAndStaleOnceChangedAgain()
    {
        var (_, weights) = await SendAsync(HttpMethod.Patch, "/api/v1/services/orders/weights", """{"weights":{"orders-1":7}}""");
        var first = weights.GetProperty("id").GetInt64();

        var (dry, preview) = await SendAsync(HttpMethod.Post, $"/api/v1/audit/{first}/undo", """{"dryRun":true}""");
        var (undone, operation) = await SendAsync(HttpMethod.Post, $"/api/v1/audit/{first}/undo", """{"reason":"wrong service"}""");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Accepted), (dry.StatusCode, undone.StatusCode));
        Assert.Equal(100, preview.GetProperty("services")[0].GetProperty("instances")[0].GetProperty("weightAfter").GetInt32());
        Assert.Equal(first, operation.GetProperty("undoes").GetInt64());
        Assert.Null(_host.Registry.Current.OperatorStateOf(new("orders", "orders-1")).Weight);

        var (stale, problem) = await SendAsync(HttpMethod.Post, $"/api/v1/audit/{first}/undo");
        Assert.Equal(HttpStatusCode.Conflict, stale.StatusCode);
        Assert.Equal("/problems/stale", problem.GetProperty("type").GetString());

        var (registration, _) = await SendAsync(HttpMethod.Post, "/api/v1/audit/2/undo");
        Assert.Equal(HttpStatusCode.Conflict, registration.StatusCode);
    }

    [Fact]
    public async Task Audit_GivesPagesOfWhatOperatorsDid()
    {
        for (var weight = 1; weight <= 3; weight++)
            await SendAsync(HttpMethod.Patch, "/api/v1/services/orders/weights", $$"""{"weights":{"orders-1":{{weight}}},"reason":"step {{weight}}"}""");

        var page = await _host.GetAsync("/api/v1/audit?operators=true&action=service.*&limit=2");
        var next = await _host.GetAsync($"/api/v1/audit?operators=true&action=service.*&limit=2&before={page.GetProperty("before").GetInt64()}");

        Assert.Equal(["step 3", "step 2"], Reasons(page));
        Assert.Equal(["step 1"], Reasons(next));
        Assert.Equal(JsonValueKind.Null, next.GetProperty("before").ValueKind);
        var change = page.GetProperty("changes")[0];
        Assert.Equal("anonymous", change.GetProperty("actor").GetProperty("name").GetString());
        Assert.Equal("127.0.0.1", change.GetProperty("actor").GetProperty("address").GetString());
        Assert.Equal((2, 3), (change.GetProperty("changes")[0].GetProperty("before").GetProperty("weight").GetInt32(), change.GetProperty("changes")[0].GetProperty("after").GetProperty("weight").GetInt32()));

        static string?[] Reasons(JsonElement page) => [.. page.GetProperty("changes").EnumerateArray().Select(change => change.GetProperty("reason").GetString())];
    }

    [Fact]
    public async Task TopologyAndTraffic_ListWhatTheRegistryHoldsWithoutAnyReport()
    {
        var topology = await _host.GetAsync("/api/v1/topology");
        var traffic = await _host.GetAsync("/api/v1/traffic/orders?window=30s");

        Assert.Equal(("orders", "healthy", 3), topology.GetProperty("nodes")[0] is var node ? (node.GetProperty("service").GetString(), node.GetProperty("health").GetString(), node.GetProperty("eligible").GetInt32()) : default);
        Assert.Equal(3, traffic.GetProperty("instances").GetArrayLength());
        Assert.Equal(1.0 / 3, traffic.GetProperty("instances")[0].GetProperty("intendedShare").GetDouble(), 6);
        Assert.Equal(JsonValueKind.Null, traffic.GetProperty("instances")[0].GetProperty("actualShare").ValueKind);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(HttpMethod.Get, "/api/v1/traffic/orders?window=16m")).Response.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(HttpMethod.Get, "/api/v1/traffic/nobody")).Response.StatusCode);
    }

    private async Task<(HttpResponseMessage Response, JsonElement Body)> SendAsync(HttpMethod method, string address, string? body = null)
    {
        var response = await _host.SendAsync(method, address, body);
        return (response, await ApiHost.BodyAsync(response));
    }
}
