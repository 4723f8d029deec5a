using System.Collections.Immutable;
using Dashboard.Core.Discovery;
using Dashboard.Core.Feeds;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Core.Discovery;

public sealed class RegistryServingSourceTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private readonly InMemoryRegistry _registry;
    private readonly RegistryServingSource _source;

    public RegistryServingSourceTests()
    {
        _registry = new(_time);
        _source = new(_registry, new());
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Do(new PutService("orders", ServiceSettings.Default with { Check = new() { Kind = CheckKind.None } }));
        Do(new PutService("cart", ServiceSettings.Default));
        Do(new RegisterInstance(new("orders", "a"), new() { Address = "10.0.0.1", Port = 80 }));
        await _source.StartAsync(Cancelled);
        await FollowedAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _source.StopAsync(CancellationToken.None);
        _source.Dispose();
    }

    [Fact]
    public async Task EachUpdateOfTheRegistry_IsOneUpdateOfTheCatalog_AndTellsWhatChanged()
    {
        using var subscription = _source.Feed.Subscribe();

        Do(new SetWeights("orders", ImmutableSortedDictionary<string, int?>.Empty.Add("a", 7)));
        Do(new PutService("cart", ServiceSettings.Default with { MinEligible = 2 }));

        var weights = await NextAsync(subscription);
        var settings = await NextAsync(subscription);
        Assert.Equal(["orders"], weights.Changed);
        Assert.Equal(7, weights.Catalog.Services["orders"].Endpoints[0].Weight);
        Assert.Empty(settings.Changed);
        Assert.Equal(weights.Catalog.Revision + 1, settings.Catalog.Revision);
    }

    [Fact]
    public async Task RemovedAfter_TellsDeletedServices_AndNothingFromBeforeItStarted()
    {
        var start = _registry.Current.Revision;
        Do(new DeleteService("cart"));
        await FollowedAsync();

        Assert.Equal(["cart"], _source.RemovedAfter(start));
        Assert.Empty(_source.RemovedAfter(start + 1)!);
        Assert.Null(_source.RemovedAfter(start - 1));
    }

    [Fact]
    public async Task Restore_ResetsTheFeed()
    {
        using var subscription = _source.Feed.Subscribe();

        _registry.Restore(RegistrySnapshot.Empty(Guid.NewGuid(), _registry.Current.At));
        await FollowedAsync();

        Assert.False(await subscription.WaitToReadAsync(Cancelled));
        Assert.Equal(FeedEnd.Reset, subscription.End);
        Assert.Empty(_source.Feed.Current.Services);
    }

    private static async Task<ServingUpdate> NextAsync(FeedSubscription<ServingCatalog, ServingUpdate> subscription)
    {
        Assert.True(await subscription.WaitToReadAsync(Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(10), Cancelled));
        Assert.True(subscription.TryRead(out var update));
        return update!;
    }

    private void Do(RegistryCommand command) => Assert.IsType<CommandResult.Committed>(_registry.Execute(command, Actor.System("test")));

    private Task FollowedAsync() => Eventually.TrueAsync(
        () => _source.Feed.Current.Generation == _registry.Current.Generation && _source.Feed.Current.Revision == _registry.Current.Revision,
        TimeSpan.FromSeconds(10),
        "the catalog follows",
        Cancelled);
}
