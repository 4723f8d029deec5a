using Dashboard.Core.Discovery;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Dashboard.Tests.Web.Api;
using Dashboard.Web.Gateway;
using Dashboard.Web.Gateway.Remote;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Dashboard.Tests.Web.Gateway.Remote;

/// <summary>A gateway's catalog against the real watch stream of consoles that come, go and disagree.</summary>
public sealed class RemoteCatalogTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ConsoleAway_TheNextIsFollowed_AndKeptWhenTheFirstReturns()
    {
        var registry = new InMemoryRegistry(TimeProvider.System);
        var first = await ApiHost.StartAsync(registry: registry);
        await using var second = await ApiHost.StartAsync(registry: registry);
        first.Seed("orders", 2);
        using var catalog = New([Address(first), Address(second)]);
        await catalog.StartAsync(Cancelled);
        await FollowedAsync(catalog, first, registry);
        var port = first.Client.BaseAddress!.Port;

        await first.DisposeAsync();
        second.Do(new DrainInstance(new("orders", "orders-1")));

        await FollowedAsync(catalog, second, registry);
        Assert.Single(catalog.Feed.Current.Services["orders"].Endpoints);
        await using var again = await ApiHost.StartAsync(registry: registry, port: port);
        again.Do(new UndrainInstance(new("orders", "orders-1")));
        await FollowedAsync(catalog, second, registry);
        Assert.Null(catalog.StaleSince);
        await catalog.StopAsync(Cancelled);
    }

    [Fact]
    public async Task EveryConsoleAway_TheCatalogStays_AndSaysSinceWhen()
    {
        var registry = new InMemoryRegistry(TimeProvider.System);
        var console = await ApiHost.StartAsync(registry: registry);
        console.Seed("orders", 2);
        using var catalog = New([Address(console)]);
        await catalog.StartAsync(Cancelled);
        await FollowedAsync(catalog, console, registry);
        var port = console.Client.BaseAddress!.Port;

        await console.DisposeAsync();

        await Eventually.TrueAsync(() => catalog.StaleSince is not null, Patience, "it is known to be old", Cancelled);
        Assert.Equal(2, catalog.Feed.Current.Services["orders"].Endpoints.Length);
        Assert.Null(catalog.Knowledge.Console);
        await using var again = await ApiHost.StartAsync(registry: registry, port: port);
        await FollowedAsync(catalog, again, registry);
        Assert.Null(catalog.StaleSince);
        await catalog.StopAsync(Cancelled);
    }

    [Fact]
    public async Task EmptyRegistryOfAnotherGeneration_IsNotTaken_BeforeAnOperatorConfirmsIt()
    {
        await using var console = await ApiHost.StartAsync();
        await console.PublishedAsync();
        using var catalog = New([Address(console)]);
        var held = CatalogFileTests.Catalog(70, ServingSets.Of("orders", ServingSets.Endpoint("o-1", "10.0.0.1")));
        catalog.StartFrom(held, TimeProvider.System.GetUtcNow());

        await catalog.StartAsync(Cancelled);

        await Eventually.TrueAsync(() => console.Registry.Current.Withholding is { IsOpen: true }, Patience, "the console withholds its registry", Cancelled);
        Assert.Equal(held.Generation, console.Registry.Current.Withholding!.Held);
        // Somebody who registers again is not half of the mesh.
        console.Seed("cart", 1);
        Assert.Same(held, catalog.Feed.Current);
        Assert.NotNull(catalog.StaleSince);

        console.Do(new ConfirmRegistry(console.Registry.Current.Generation));

        await FollowedAsync(catalog, console, console.Registry);
        Assert.Equal(["cart"], catalog.Feed.Current.Services.Keys);
        Assert.Null(catalog.Knowledge.Withheld);
        await catalog.StopAsync(Cancelled);
    }

    [Fact]
    public async Task AConfirmedRegistry_IsTaken_AlsoWhileItIsEmpty()
    {
        await using var console = await ApiHost.StartAsync();
        await console.PublishedAsync();
        using var catalog = New([Address(console)]);
        catalog.StartFrom(CatalogFileTests.Catalog(70, ServingSets.Of("orders", ServingSets.Endpoint("o-1", "10.0.0.1"))), TimeProvider.System.GetUtcNow());
        await catalog.StartAsync(Cancelled);
        await Eventually.TrueAsync(() => console.Registry.Current.Withholding is { IsOpen: true }, Patience, "the console withholds its registry", Cancelled);

        console.Do(new ConfirmRegistry(console.Registry.Current.Generation));

        await FollowedAsync(catalog, console, console.Registry);
        Assert.Empty(catalog.Feed.Current.Services);
        await catalog.StopAsync(Cancelled);
    }

    [Fact]
    public async Task OlderRevisionOfTheSameRegistry_IsTakenOnlyWhenItHasCaughtUp()
    {
        await using var console = await ApiHost.StartAsync();
        console.Seed("orders", 2);
        await console.PublishedAsync();
        using var catalog = New([Address(console)], rewindPatience: TimeSpan.FromHours(1));
        // Another replica has told it of the drain that this one has yet to hear of.
        var ahead = Ahead(console, by: 1);
        catalog.StartFrom(ahead, TimeProvider.System.GetUtcNow());

        await catalog.StartAsync(Cancelled);

        await Eventually.TrueAsync(() => catalog.Knowledge.Withheld is not null, Patience, "the older one is withheld", Cancelled);
        Assert.Same(ahead, catalog.Feed.Current);
        console.Do(new DrainInstance(new("orders", "orders-1")));
        await FollowedAsync(catalog, console, console.Registry);
        Assert.Null(catalog.Knowledge.Withheld);
        await catalog.StopAsync(Cancelled);
    }

    [Fact]
    public async Task OlderRevisionThatStays_IsARestoredDatabase_AndTaken()
    {
        await using var console = await ApiHost.StartAsync();
        console.Seed("orders", 2);
        await console.PublishedAsync();
        using var catalog = New([Address(console)], rewindPatience: TimeSpan.FromMilliseconds(50));
        catalog.StartFrom(Ahead(console, by: 1000), TimeProvider.System.GetUtcNow());

        await catalog.StartAsync(Cancelled);

        await FollowedAsync(catalog, console, console.Registry);
        await catalog.StopAsync(Cancelled);
    }

    [Fact]
    public async Task ConsoleWithoutItsDatabase_IsLeftForOneThatHasIt()
    {
        var first = await ApiHost.StartAsync(before: Health(isCurrent: false));
        await using var second = await ApiHost.StartAsync(before: Health(isCurrent: true));
        first.Seed("orders", 1);
        second.Seed("orders", 2);
        first.Registry.TakeAway();
        using var catalog = New([Address(first), Address(second)]);

        await catalog.StartAsync(Cancelled);

        await FollowedAsync(catalog, second, second.Registry);
        await first.DisposeAsync();
        await catalog.StopAsync(Cancelled);
    }

    [Fact]
    public async Task ConsoleKilledBeforeItsConnectionWasUsed_OrWhileItIsRead_IsFollowedWhenItIsBack()
    {
        await using var console = await ApiHost.StartAsync();
        console.Seed("orders", 2);
        using var killed = new KilledBeforeUse(times: 2) { ThenWhileItIsRead = true };
        using var catalog = New([Address(console)], handler: killed);

        await catalog.StartAsync(Cancelled);

        await Eventually.TrueAsync(() => catalog.ExecuteTask!.IsCompleted || catalog.Knowledge.Console is not null, Patience, "it is followed", Cancelled);
        Assert.False(catalog.ExecuteTask!.IsCompleted, catalog.ExecuteTask.Exception?.ToString());
        await FollowedAsync(catalog, console, console.Registry);
        Assert.True(killed.Asked > 3, $"{killed.Asked} requests");
        await catalog.StopAsync(Cancelled);
    }

    [Fact]
    public async Task CallsToAConsoleKilledBeforeItsConnectionWasUsed_FailAsThoseToOneThatIsAway()
    {
        var options = Options.Create(new ConsoleOptions { Url = "http://127.0.0.1:9" });
        using var killed = new KilledBeforeUse(times: int.MaxValue);
        using var client = new ConsoleClient(new ConsoleList(options), options, killed);

        Assert.False(await client.IsCurrentAsync(new("http://127.0.0.1:9"), Cancelled));
        foreach (var call in new Func<Task>[]
        {
            () => client.WatchAsync(new("http://127.0.0.1:9"), "gateway-1", null, Cancelled),
            () => client.AcknowledgeAsync("gateway-1", new(Guid.NewGuid(), 7, null), Cancelled),
        })
        {
            Assert.Equal(HttpRequestError.ConnectionError, (await Assert.ThrowsAsync<HttpRequestException>(call)).HttpRequestError);
        }
    }

    internal static RemoteCatalog New(string[] consoles, TimeProvider? time = null, TimeSpan? rewindPatience = null, HttpMessageHandler? handler = null)
    {
        var settings = new ConsoleOptions { Url = string.Join(',', consoles) };
        settings.RewindPatience = rewindPatience ?? settings.RewindPatience;
        var options = Options.Create(settings);
        var list = new ConsoleList(options);
        return new(handler is null ? new ConsoleClient(list, options) : new ConsoleClient(list, options, handler), list, new GatewayStatus(), options, time ?? TimeProvider.System, NullLogger<RemoteCatalog>.Instance);
    }

    private static Action<Microsoft.AspNetCore.Builder.WebApplication> Health(bool isCurrent) =>
        app => Microsoft.AspNetCore.Builder.EndpointRouteBuilderExtensions.MapGet(app, "/health/ready", () => new { status = isCurrent ? "ready" : "degraded", storeAvailable = isCurrent });

    private static string Address(ApiHost host) => host.Client.BaseAddress!.ToString();

    private static ServingCatalog Ahead(ApiHost console, long by)
    {
        var now = console.Registry.Current;
        return CatalogFileTests.Catalog(now.Revision + by, ServingSets.Of("orders", ServingSets.Endpoint("orders-2", "10.0.0.1", 8002))) with { Generation = now.Generation };
    }

    private static Task FollowedAsync(RemoteCatalog catalog, ApiHost console, InMemoryRegistry registry) => Eventually.TrueAsync(
        () => catalog.Knowledge is { Withheld: null } knowledge && knowledge.Console == console.Client.BaseAddress && catalog.Feed.Current.Generation == registry.Current.Generation && catalog.Feed.Current.Revision == registry.Current.Revision,
        Patience,
        $"the console at {console.Client.BaseAddress} is followed",
        Cancelled);
}
