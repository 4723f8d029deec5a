using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Web.Api;

namespace Dashboard.Tests.Web.Discovery;

public sealed class PrometheusEndpointTests : IAsyncLifetime
{
    private const string Path = "/api/v1/prometheus/sd";

    private ApiHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ApiHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Get_ListsEveryInstanceWithWhatIsKnownOfIt_AsPrometheusWantsIt()
    {
        _host.Do(new PutService("orders.shop", ServiceSettings.Default));
        _host.Do(new RegisterInstance(new("orders.shop", "orders-1"), new()
        {
            Address = "10.0.0.1",
            Port = 8001,
            Weight = 300,
            Zone = "zone-a",
            Node = "node-a1",
            Version = "v2",
            Metadata = ImmutableSortedDictionary<string, string>.Empty.Add("example.org/team", "shop"),
        }));

        using var response = await _host.SendAsync(HttpMethod.Get, Path);
        var groups = await ApiHost.BodyAsync(response);

        Assert.Equal("application/json; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        var group = Assert.Single(groups.EnumerateArray());
        Assert.Equal("10.0.0.1:8001", Assert.Single(group.GetProperty("targets").EnumerateArray()).GetString());
        var labels = group.GetProperty("labels").EnumerateObject().Select(label => $"{label.Name}={label.Value.GetString()}");
        Assert.Equal(
            [
                "__meta_mesh_address=10.0.0.1", "__meta_mesh_health=unknown", "__meta_mesh_instance=orders-1", "__meta_mesh_intent=active", "__meta_mesh_metadata_example_org_team=shop",
                "__meta_mesh_metadatapresent_example_org_team=true", "__meta_mesh_namespace=shop", "__meta_mesh_node=node-a1", "__meta_mesh_port=8001", "__meta_mesh_protocol=http",
                "__meta_mesh_service=orders.shop", "__meta_mesh_serving=false", "__meta_mesh_version=v2", "__meta_mesh_weight=300", "__meta_mesh_zone=zone-a",
            ],
            labels);
    }

    [Fact]
    public async Task Get_WhatDrainsOrFailsItsCheck_IsStillATarget()
    {
        _host.Seed("orders", 3);
        _host.Do(new DrainInstance(new("orders", "orders-1")) { Reason = "test" });
        _host.Do(new RecordHealth("orders", [new(new("orders", "orders-2"), new(HealthStatus.Unhealthy, _host.Registry.Current.At, "refused", 3))]));

        var groups = await _host.GetAsync(Path);

        Assert.Equal(
            ["orders-1 draining healthy false", "orders-2 active unhealthy false", "orders-3 active healthy true"],
            groups.EnumerateArray().Select(group => $"{Label(group, "instance")} {Label(group, "intent")} {Label(group, "health")} {Label(group, "serving")}"));
    }

    [Fact]
    public async Task Get_IsOrderedAndTheSameUntilSomethingChanges()
    {
        _host.Seed("web", 2);
        _host.Seed("orders", 12);

        var first = await (await _host.SendAsync(HttpMethod.Get, Path)).Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var second = await (await _host.SendAsync(HttpMethod.Get, Path)).Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Equal(first, second);
        var ids = JsonElement.Parse(first).EnumerateArray().Select(group => $"{Label(group, "service")} {Label(group, "instance")}").ToArray();
        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        Assert.Equal(14, ids.Length);
    }

    [Theory]
    [InlineData("", "cart cart.shop orders")]
    [InlineData("?services=orders", "orders")]
    [InlineData("?services=orders,cart", "cart orders")]
    [InlineData("?namespace=shop", "cart.shop")]
    [InlineData("?namespace=shop&services=orders", "")]
    [InlineData("?services=nobody", "")]
    public async Task Get_Filters(string query, string services)
    {
        _host.Seed("orders", 1);
        _host.Seed("cart", 1);
        _host.Seed("cart.shop", 1);

        var groups = await _host.GetAsync(Path + query);

        Assert.Equal(services, string.Join(' ', groups.EnumerateArray().Select(group => Label(group, "service"))));
    }

    [Theory]
    [InlineData("?namespace=A.B", "query.namespace")]
    [InlineData("?services=A!", "query.services")]
    [InlineData("?service=orders", "query.service")]
    public async Task Get_BadQuery_NamesTheFault(string query, string path)
    {
        using var response = await _host.SendAsync(HttpMethod.Get, Path + query);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(path, (await ApiHost.BodyAsync(response)).GetProperty("errors")[0].GetProperty("path").GetString());
    }

    [Fact]
    public async Task Get_MetadataSaysWhereTheMetricsAre()
    {
        _host.Do(new PutService("orders", ServiceSettings.Default));
        Register("orders-1", "10.0.0.1", ("prometheus.io/port", "9100"), ("prometheus.io/path", "/stats"), ("prometheus.io/scheme", "https"));
        Register("orders-2", "2001:db8::1", ("prometheus.io/port", "99999"), ("prometheus.io/path", "stats"), ("prometheus.io/scheme", "gopher"));
        Register("orders-3", "10.0.0.3", ("prometheus.io/scrape", "false"));

        var groups = await _host.GetAsync(Path);

        Assert.Equal(["10.0.0.1:9100", "[2001:db8::1]:8000"], groups.EnumerateArray().Select(group => group.GetProperty("targets")[0].GetString()));
        Assert.Equal(("/stats", "https"), (groups[0].GetProperty("labels").GetProperty("__metrics_path__").GetString(), groups[0].GetProperty("labels").GetProperty("__scheme__").GetString()));
        Assert.DoesNotContain(groups[1].GetProperty("labels").EnumerateObject(), label => label.Name is "__metrics_path__" or "__scheme__");

        void Register(string id, string address, params (string Key, string Value)[] metadata) =>
            _host.Do(new RegisterInstance(new("orders", id), new() { Address = address, Port = 8000, Metadata = metadata.ToImmutableSortedDictionary(pair => pair.Key, pair => pair.Value) }));
    }

    private static string? Label(JsonElement group, string name) => group.GetProperty("labels").GetProperty($"__meta_mesh_{name}").GetString();
}
