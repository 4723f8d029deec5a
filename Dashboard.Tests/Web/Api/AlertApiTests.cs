using System.Net;
using System.Text.Json;
using Dashboard.Core.Attention;
using Dashboard.Core.Attention.Commands;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Tests.Web.Api;

public sealed class AlertApiTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private ApiHost _host = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _host = await ApiHost.StartAsync();
        _host.Seed("orders", 3);
        // Unhealthy for so long that nothing is pending.
        _host.Do(new RecordHealth("orders", [new(new("orders", "orders-2"), new(HealthStatus.Unhealthy, _host.Registry.Current.At.AddHours(-1), "connection refused", 4))]));
        await BoardAsync(board => board.Alerts.Any(alert => alert.Key.Rule == AlertRule.InstanceUnhealthy && alert.State == AlertState.Firing), "the alert fires");
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task AnAlert_IsListedAcknowledgedAndTakenBack()
    {
        var alert = Single((await _host.GetAsync("/api/v1/alerts?rule=instanceUnhealthy&state=firing&severity=warning&service=orders")).GetProperty("alerts"));
        Assert.Equal(("orders/orders-2", "orders-2", "n2"), (Text(alert, "target"), Text(alert, "instance"), Text(alert, "node")));
        Assert.Equal(("Connection refused; 4 in a row.", "/services/orders?instance=orders-2"), (Text(alert, "evidence"), Text(alert, "link")));
        var id = Text(alert, "id");

        var (response, mark) = await SendAsync(HttpMethod.Post, $"/api/v1/alerts/{id}/acknowledge", """{"reason":"on it","forSeconds":3600}""");
        Assert.Equal((HttpStatusCode.OK, "acknowledgement", "on it"), (response.StatusCode, Text(mark, "kind"), Text(mark, "reason")));
        await BoardAsync(board => board.Find(id!)!.Acknowledgement is not null, "the board shows it");
        var seen = Single((await _host.GetAsync("/api/v1/alerts?rule=instanceUnhealthy")).GetProperty("alerts"));
        Assert.Equal("on it", Text(seen.GetProperty("acknowledgement"), "reason"));
        Assert.Empty((await _host.GetAsync("/api/v1/alerts?loud=true&rule=instanceUnhealthy")).GetProperty("alerts").EnumerateArray());

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Delete, $"/api/v1/alerts/{id}/acknowledge")).Response.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(HttpMethod.Delete, $"/api/v1/alerts/{id}/acknowledge")).Response.StatusCode);
        await BoardAsync(board => board.Find(id!)!.IsLoud, "it asks again");
        var audit = (await _host.GetAsync("/api/v1/audit?action=alert.*")).GetProperty("changes").EnumerateArray().Select(change => Text(change, "action")).ToArray();
        Assert.Equal(["alert.end", "alert.acknowledge"], audit);
    }

    [Fact]
    public async Task ASilence_IsMadeListedAndEnded()
    {
        var (response, silence) = await SendAsync(HttpMethod.Post, "/api/v1/silences", """{"rule":"instanceUnhealthy","service":"orders","forSeconds":600,"reason":"new kernel"}""");

        var id = silence.GetProperty("id").GetInt64();
        Assert.Equal((HttpStatusCode.Created, $"/api/v1/silences/{id}"), (response.StatusCode, response.Headers.Location?.ToString()));
        var listed = Single((await _host.GetAsync("/api/v1/silences")).GetProperty("silences"));
        Assert.Equal(("instanceUnhealthy", "orders", "new kernel"), (Text(listed, "rule"), Text(listed, "service"), Text(listed, "reason")));
        await BoardAsync(board => board.Alerts.Any(alert => alert.Silence?.Id == id), "the alert is silenced");
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Delete, $"/api/v1/silences/{id}", """{"reason":"done"}""")).Response.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(HttpMethod.Delete, $"/api/v1/silences/{id}")).Response.StatusCode);
        await BoardAsync(board => board.Alerts.All(alert => alert.Silence is null), "the alert asks again");
    }

    [Fact]
    public async Task WhatIsWrong_IsNamedFaultByFault()
    {
        await FaultsAsync(HttpMethod.Post, "/api/v1/silences", """{"rule":"moon","service":"Orders","instance":"a b","node":"-","forSeconds":0,"reason":" ","colour":1}""", "/rule", "/service", "/instance", "/node", "/forSeconds", "/reason", "/colour");
        await FaultsAsync(HttpMethod.Post, "/api/v1/silences", "{}", "/reason", "", "/forSeconds");
        await FaultsAsync(HttpMethod.Post, "/api/v1/silences", """{"service":"orders","forSeconds":60,"until":"2099-01-01T00:00:00Z","reason":"x"}""", "/forSeconds");
        await FaultsAsync(HttpMethod.Post, "/api/v1/silences", """{"service":"orders","until":"2020-01-01T00:00:00Z","reason":"x"}""", "/until");
        await FaultsAsync(HttpMethod.Post, "/api/v1/silences", "", "");
        await FaultsAsync(HttpMethod.Post, "/api/v1/alerts/xyz/acknowledge", """{"until":"soon"}""", "path.id", "/until");
        await FaultsAsync(HttpMethod.Delete, "/api/v1/silences/none", null, "path.id");
        await FaultsAsync(HttpMethod.Get, "/api/v1/alerts?state=loud&severity=none&rule=moon&service=A&loud=1&x=1", null, "query.state", "query.severity", "query.rule", "query.service", "query.loud", "query.x");
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(HttpMethod.Post, "/api/v1/alerts/0123456789abcdef/acknowledge")).Response.StatusCode);
    }

    [Fact]
    public async Task WhileTheStoreIsAway_NothingIsFalselyAcknowledged_AndThatIsAnAlert()
    {
        _host.Registry.TakeAway();

        var (response, _) = await SendAsync(HttpMethod.Post, "/api/v1/silences", """{"service":"orders","forSeconds":60,"reason":"x"}""");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        await BoardAsync(board => board.Alerts.Any(alert => alert is { Key.Rule: AlertRule.StoreAway, State: AlertState.Firing, Severity: AlertSeverity.Critical }), "it is told");
        _host.Registry.BringBack();
    }

    [Fact]
    public async Task ASilenceWhoseTimeIsOver_IsClearedAway()
    {
        Assert.IsType<CommandResult.Committed>(_host.Registry.Execute(new SilenceAlerts(new(Service: "orders"), TimeProvider.System.GetUtcNow().AddSeconds(5)) { Reason = "short" }, ApiHost.Tester));

        await Eventually.TrueAsync(() => _host.Registry.Current.AlertMarks.IsEmpty, Patience, "it is gone", Cancelled);
        Assert.Contains(_host.Registry.History, change => change is { Action: "alert.clear", Actor.Kind: ActorKind.System });
    }

    private Task BoardAsync(Func<AlertBoard, bool> holds, string expectation) =>
        Eventually.TrueAsync(() => holds(_host.Services.GetRequiredService<AttentionBoard>().Feed.Current), Patience, expectation, Cancelled);

    private async Task FaultsAsync(HttpMethod method, string path, string? json, params string[] paths)
    {
        var (response, problem) = await SendAsync(method, path, json);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(paths.Order(StringComparer.Ordinal), problem.GetProperty("errors").EnumerateArray().Select(fault => fault.GetProperty("path").GetString()!).Order(StringComparer.Ordinal));
    }

    private async Task<(HttpResponseMessage Response, JsonElement Body)> SendAsync(HttpMethod method, string path, string? json = null)
    {
        var response = await _host.SendAsync(method, path, json);
        return (response, await ApiHost.BodyAsync(response));
    }

    private static JsonElement Single(JsonElement array) => Assert.Single(array.EnumerateArray());

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
