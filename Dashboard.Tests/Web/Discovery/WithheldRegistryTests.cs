using System.Net;
using System.Text.Json;
using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Wire;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Dashboard.Tests.Web.Api;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Tests.Web.Discovery;

/// <summary>A database that was lost under running data planes: nobody is emptied before an operator confirms.</summary>
public sealed class WithheldRegistryTests : IAsyncLifetime
{
    private ApiHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await ApiHost.StartAsync();
        _host.Seed("orders", 3);
        await _host.PublishedAsync();
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task WatchersAndBlockingClients_KeepWhatTheyHold_AndAreToldSo_UntilAnOperatorConfirms()
    {
        await using var reader = await WatchReader.OpenAsync(_host);
        var before = (await reader.NextAsync())!.Value.Data.GetProperty("generation").GetGuid();
        using var known = await _host.SendAsync(HttpMethod.Get, "/api/v1/services/orders/endpoints");
        var index = known.Headers.GetValues("X-Registry-Index").Single();
        Assert.Equal(JsonValueKind.Null, (await RegistryAsync()).GetProperty("withheld").ValueKind);

        await LoseAsync();

        // The stream says that it is stale and nothing else; so does a query, with what was known.
        var (name, stale) = (await reader.NextAsync())!.Value;
        Assert.Equal("change", name);
        Assert.Equal((before, 0, 0), (stale.GetProperty("generation").GetGuid(), stale.GetProperty("changed").GetArrayLength(), stale.GetProperty("removed").GetArrayLength()));
        Assert.True(stale.TryGetProperty("staleSince", out _));
        using var answer = await _host.SendAsync(HttpMethod.Get, $"/api/v1/services/orders/endpoints?index={index}&wait=0");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True(answer.Headers.Contains("X-Registry-Stale-Since"));
        Assert.Equal(3, (await ApiHost.BodyAsync(answer)).GetProperty("endpoints").GetArrayLength());

        // What has registered again meanwhile is not half told.
        _host.Seed("cart", 1);
        using var unknown = await _host.SendAsync(HttpMethod.Get, "/api/v1/services/cart/endpoints");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, unknown.StatusCode);
        var registry = await RegistryAsync();
        Assert.Equal(before, registry.GetProperty("withheld").GetProperty("heldGeneration").GetGuid());
        Assert.Equal(1, registry.GetProperty("withheld").GetProperty("heldServices").GetInt32());

        await ConfirmAsync();

        (name, var snapshot) = (await reader.NextAsync())!.Value;
        Assert.Equal("snapshot", name);
        Assert.Equal(["cart"], snapshot.GetProperty("services").EnumerateArray().Select(service => service.GetProperty("service").GetString()));
        Assert.True(snapshot.GetProperty("confirmed").GetBoolean());
        using var gone = await _host.SendAsync(HttpMethod.Get, $"/api/v1/services/orders/endpoints?index={index}&wait=10s");
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        var audited = await ApiHost.BodyAsync(await _host.SendAsync(HttpMethod.Get, "/api/v1/audit?action=registry.*"));
        Assert.Equal(["registry.confirm", "registry.withhold"], audited.GetProperty("changes").EnumerateArray().Select(change => change.GetProperty("action").GetString()));
        Assert.Equal("a fresh start", audited.GetProperty("changes")[0].GetProperty("reason").GetString());
    }

    [Fact]
    public async Task AConfirmedRegistry_IsTold_AlsoWhileItIsEmpty()
    {
        await using var reader = await WatchReader.OpenAsync(_host);
        await reader.NextAsync();
        await LoseAsync();
        await reader.NextAsync();

        await ConfirmAsync();

        var (name, snapshot) = (await reader.NextAsync())!.Value;
        Assert.Equal("snapshot", name);
        Assert.Equal(0, snapshot.GetProperty("services").GetArrayLength());
    }

    [Fact]
    public async Task AStrangerThatHoldsAnotherGeneration_HearsNothingFromAnEmptyConsole_BeforeAnOperatorConfirms()
    {
        await using var empty = await ApiHost.StartAsync();
        await empty.PublishedAsync();
        var held = new WatchEventId(Guid.NewGuid(), 42, 0);

        await using var reader = await WatchReader.OpenAsync(empty, lastId: held.ToString());
        await Eventually.TrueAsync(() => empty.Registry.Current.Withholding is { IsOpen: true }, TimeSpan.FromSeconds(60), "the registry is withheld", TestContext.Current.CancellationToken);
        var next = reader.NextAsync();
        empty.Seed("orders", 1);
        Assert.False(next.IsCompleted);

        Assert.Equal(HttpStatusCode.OK, (await empty.SendAsync(HttpMethod.Post, "/api/v1/registry/confirm", $"{{\"generation\":\"{empty.Registry.Current.Generation}\"}}")).StatusCode);

        Assert.Equal("snapshot", (await next)!.Value.Name);
    }

    [Fact]
    public async Task Confirm_NamesTheGenerationThatWasLookedAt()
    {
        await LoseAsync();

        using var without = await _host.SendAsync(HttpMethod.Post, "/api/v1/registry/confirm", "{}");
        using var another = await _host.SendAsync(HttpMethod.Post, "/api/v1/registry/confirm", $"{{\"generation\":\"{Guid.NewGuid()}\"}}");

        Assert.Equal(HttpStatusCode.BadRequest, without.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, another.StatusCode);
        Assert.True(_host.Registry.Current.Withholding!.IsOpen);
    }

    [Fact]
    public async Task Verify_TellsWhatWasFound()
    {
        var found = await ApiHost.BodyAsync(await _host.SendAsync(HttpMethod.Get, "/api/v1/audit/verify"));

        Assert.True(found.GetProperty("intact").GetBoolean());
        Assert.Equal(_host.Registry.Current.Revision, found.GetProperty("head").GetInt64());
        Assert.Equal(JsonValueKind.Null, found.GetProperty("brokenAt").ValueKind);
    }

    private async Task LoseAsync()
    {
        _host.Registry.Restore(RegistrySnapshot.Empty(Guid.NewGuid(), _host.Registry.Current.At));
        var source = _host.Services.GetRequiredService<RegistryServingSource>();
        await Eventually.TrueAsync(
            () => source.IsWithheld && _host.Registry.Current.Withholding is { IsOpen: true }, TimeSpan.FromSeconds(30), "the registry is withheld", TestContext.Current.CancellationToken);
    }

    private async Task<JsonElement> RegistryAsync() => await ApiHost.BodyAsync(await _host.SendAsync(HttpMethod.Get, "/api/v1/registry"));

    private async Task ConfirmAsync()
    {
        var generation = (await RegistryAsync()).GetProperty("generation").GetString();
        using var confirmed = await _host.SendAsync(HttpMethod.Post, "/api/v1/registry/confirm", $"{{\"generation\":\"{generation}\",\"reason\":\"a fresh start\"}}");
        Assert.Equal(HttpStatusCode.OK, confirmed.StatusCode);
    }
}
