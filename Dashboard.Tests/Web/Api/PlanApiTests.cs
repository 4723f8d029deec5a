using System.Net;
using System.Text.Json;
using Dashboard.Core.Discovery;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Tests.Web.Api;

public sealed class PlanApiTests : IAsyncLifetime
{
    private const string Later = "2099-01-01T00:00:00Z";

    private ApiHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await ApiHost.StartAsync();
        _host.Seed("orders", 6);
        _host.Followers.Seen("gateway-1", FollowerKind.Gateway, null, null, reports: true);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Start_Is202WithThePlanAndItsWaves_ThenItIsFoundPausedResumedAndCancelled()
    {
        var (response, plan) = await PostAsync("/api/v1/plans", $$"""{"kind":"drain","select":{"service":"orders","instances":[{"service":"orders","instance":"orders-1"},{"service":"orders","instance":"orders-2"}]},"waveSize":1,"startAt":"{{Later}}","reason":"kernel"}""");

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var id = plan.GetProperty("id").GetInt64();
        Assert.Equal($"/api/v1/plans/{id}", response.Headers.Location?.ToString());
        Assert.Equal(("scheduled", "drain", 2, "waiting"), (plan.GetProperty("state").GetString(), plan.GetProperty("kind").GetString(), plan.GetProperty("waves").GetArrayLength(), plan.GetProperty("waves")[0].GetProperty("state").GetString()));
        Assert.Equal(1.0, plan.GetProperty("thresholds").GetProperty("errorRisePoints").GetDouble(), 6);
        Assert.Equal(id, (await _host.GetAsync($"/api/v1/plans/{id}")).GetProperty("id").GetInt64());
        Assert.Equal(id, (await _host.GetAsync("/api/v1/plans?open=true")).GetProperty("plans")[0].GetProperty("id").GetInt64());

        var (paused, document) = await PostAsync($"/api/v1/plans/{id}/pause", """{"reason":"lunch"}""");
        Assert.Equal((HttpStatusCode.Accepted, "paused"), (paused.StatusCode, document.GetProperty("state").GetString()));
        Assert.Contains("lunch", document.GetProperty("because").GetString(), StringComparison.Ordinal);
        var (cancelled, ended) = await PostAsync($"/api/v1/plans/{id}/cancel", null);
        Assert.Equal((HttpStatusCode.Accepted, "cancelled"), (cancelled.StatusCode, ended.GetProperty("state").GetString()));
        Assert.Equal(HttpStatusCode.Conflict, (await PostAsync($"/api/v1/plans/{id}/resume", null)).Response.StatusCode);
        Assert.Equal("cancelled", (await _host.GetAsync($"/api/v1/plans/{id}")).GetProperty("state").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync("/api/v1/plans/4711/pause", null)).Response.StatusCode);
    }

    [Fact]
    public async Task DryRun_AnswersTheWavesAndTheGuard_AndChangesNothing()
    {
        var revision = _host.Registry.Current.Revision;

        var (response, preview) = await PostAsync("/api/v1/plans", """{"kind":"drain","select":{"service":"orders"},"wavePercent":50,"dryRun":true}""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.False(preview.GetProperty("accepted").GetBoolean());
        Assert.Equal("guard", preview.GetProperty("refusal").GetProperty("kind").GetString());
        var service = preview.GetProperty("services")[0];
        Assert.Equal((-3, 0), (service.GetProperty("spareBeforeFloor").GetInt32(), service.GetProperty("servingAfter").GetInt32()));
        var (_, allowed) = await PostAsync("/api/v1/plans", """{"kind":"drain","select":{"node":"n1"},"dryRun":true}""");
        Assert.Equal((2, "orders-1", "n1"), (allowed.GetProperty("waveCount").GetInt32(), allowed.GetProperty("waves")[0].GetProperty("instances")[0].GetProperty("instance").GetString(), allowed.GetProperty("waves")[1].GetProperty("node").GetString()));
        Assert.Equal(revision, _host.Registry.Current.Revision);
    }

    [Fact]
    public async Task Faults_AreAllToldByTheirPath()
    {
        var (response, problem) = await PostAsync("/api/v1/plans", """{"kind":"sink","select":{"instances":[{"service":"Orders"}],"zoo":1},"waveSize":0,"order":"x","thresholds":{"p95Ratio":0.5,"windowSeconds":1},"startAt":"soon","rampSeconds":5}""");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var paths = problem.GetProperty("errors").EnumerateArray().Select(fault => fault.GetProperty("path").GetString()).ToArray();
        foreach (var path in new[] { "/kind", "/select/instances/0/service", "/select/instances/0/instance", "/select/zoo", "/waveSize", "/order", "/thresholds/p95Ratio", "/thresholds/windowSeconds", "/startAt", "/rampSeconds" })
            Assert.Contains(path, paths);

        var (_, shift) = await PostAsync("/api/v1/services/orders/shift", """{"to":"v2","steps":[50,25],"holdSeconds":0,"errorMarginPoints":101}""");
        var wrong = shift.GetProperty("errors").EnumerateArray().Select(fault => fault.GetProperty("path").GetString()).ToArray();
        Assert.All(["/from", "/steps", "/holdSeconds", "/errorMarginPoints"], path => Assert.Contains(path, wrong));
        var (_, same) = await PostAsync("/api/v1/services/orders/shift", """{"from":"v1","to":"v1"}""");
        Assert.Equal(["/to"], same.GetProperty("errors").EnumerateArray().Select(fault => fault.GetProperty("path").GetString()));
        var (_, nothing) = await PostAsync("/api/v1/plans", """{"kind":"drain","select":{}}""");
        Assert.Contains("/select", nothing.GetProperty("errors").EnumerateArray().Select(fault => fault.GetProperty("path").GetString()));
    }

    [Fact]
    public async Task NodeDrain_IsOneActUnlessWavesOrATimeAreAskedFor()
    {
        var (_, plan) = await PostAsync("/api/v1/nodes/n1/drain", $$"""{"waveSize":1,"startAt":"{{Later}}"}""");
        var (_, operation) = await PostAsync("/api/v1/nodes/n2/drain", """{"reason":"now"}""");
        var (_, later) = await PostAsync("/api/v1/services/orders/instances/orders-3/drain", $$"""{"startAt":"{{Later}}","deadlineSeconds":60}""");

        Assert.Equal(("scheduled", "n1"), (plan.GetProperty("state").GetString(), plan.GetProperty("select").GetProperty("node").GetString()));
        Assert.Equal("node.drain", operation.GetProperty("action").GetString());
        Assert.Equal(("scheduled", 1), (later.GetProperty("state").GetString(), later.GetProperty("total").GetInt32()));
    }

    [Fact]
    public async Task Shift_StartsAPlan_AndUndoOfItsChangeRollsItBack()
    {
        _host.Do(new RegisterInstance(new("orders", "orders-1"), new() { Address = "10.0.0.1", Port = 8001, Version = "v1" }));
        _host.Do(new RegisterInstance(new("orders", "orders-2"), new() { Address = "10.0.0.1", Port = 8002, Version = "v2" }));
        var (response, plan) = await PostAsync("/api/v1/services/orders/shift", $$"""{"from":"v1","to":"v2","steps":[10,100],"startAt":"{{Later}}"}""");
        Assert.Equal((HttpStatusCode.Accepted, 10, "v2"), (response.StatusCode, plan.GetProperty("waves")[0].GetProperty("percent").GetInt32(), plan.GetProperty("shift").GetProperty("to").GetString()));
        var id = plan.GetProperty("id").GetInt64();

        var (undone, document) = await PostAsync($"/api/v1/audit/{id}/undo", """{"reason":"not today"}""");

        Assert.Equal((HttpStatusCode.Accepted, "rolledBack"), (undone.StatusCode, document.GetProperty("state").GetString()));
        var change = await _host.GetAsync($"/api/v1/audit/{id}");
        Assert.Equal("plan.start", change.GetProperty("action").GetString());
        var (unknown, problem) = await PostAsync("/api/v1/services/orders/shift", """{"from":"v1","to":"v7"}""");
        Assert.Equal((HttpStatusCode.Conflict, "v1"), (unknown.StatusCode, problem.GetProperty("facts").GetProperty("versions")[0].GetString()));
    }

    private async Task<(HttpResponseMessage Response, JsonElement Body)> PostAsync(string path, string? json)
    {
        var response = await _host.SendAsync(HttpMethod.Post, path, json);
        return (response, await ApiHost.BodyAsync(response));
    }
}
