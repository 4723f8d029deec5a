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
    public async Task UpdateOfTheRegistryThatComesAlone_IsOneUpdateOfTheCatalog_AndTellsWhatChanged()
    {
        using var subscription = _source.Feed.Subscribe();

        Do(new SetWeights("orders", ImmutableSortedDictionary<string, int?>.Empty.Add("a", 7)));
        var weights = await NextAsync(subscription);
        Do(new PutService("cart", ServiceSettings.Default with { MinEligible = 2 }));
        var settings = await NextAsync(subscription);
        Assert.Equal(["orders"], weights.Changed);
        Assert.Equal(7, weights.Catalog.Services["orders"].Endpoints[0].Weight);
        Assert.Empty(settings.Changed);
        Assert.Equal(weights.Catalog.Revision + 1, settings.Catalog.Revision);
    }

    [Fact]
    public async Task ManyUpdatesInARow_NothingThatChangedIsMissed()
    {
        const int services = 500;
        using var subscription = _source.Feed.Subscribe();

        for (var i = 0; i < services; i++)
        {
            Do(new PutService($"s-{i}", ServiceSettings.Default with { Check = new() { Kind = CheckKind.None } }));
            Do(new RegisterInstance(new($"s-{i}", "a"), new() { Address = "10.0.0.1", Port = 80 }));
        }

        Do(new DeleteService("s-7"));
        await FollowedAsync();
        var changed = new HashSet<string>();
        while (subscription.TryRead(out var update))
        {
            changed.UnionWith(update!.Changed);
        }

        Assert.Equal(services - 1, _source.Feed.Current.Services.Count(service => service.Key.StartsWith("s-", StringComparison.Ordinal) && service.Value.Endpoints.Length == 1));
        Assert.Subset(changed, Enumerable.Range(0, services).Where(i => i != 7).Select(i => $"s-{i}").ToHashSet());
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

        _registry.Restore(RegistrySnapshot.Load(Guid.NewGuid(), 1, _registry.Current.At, [new ServiceChange("billing", null, new(ServiceSettings.Default, 1))]));
        await FollowedAsync();

        Assert.False(await subscription.WaitToReadAsync(Cancelled));
        Assert.Equal(FeedEnd.Reset, subscription.End);
        Assert.Equal(["billing"], _source.Feed.Current.Services.Keys);
        Assert.False(_source.IsWithheld);
    }

    [Fact]
    public async Task AnEmptyRegistryOfANewGeneration_IsWithheld_UntilAnOperatorConfirms()
    {
        var told = _source.Feed.Current;
        using var subscription = _source.Feed.Subscribe();

        _registry.Restore(RegistrySnapshot.Empty(Guid.NewGuid(), _registry.Current.At));
        await EventuallyAsync(() => _registry.Current.Withholding is { IsOpen: true }, "the registry says that it is withheld");

        // Also what registers again meanwhile is not told: half of the mesh would be missing.
        Do(new RegisterInstance(new("orders", "a"), new() { Address = "10.0.0.1", Port = 80 }));
        Assert.Same(told, _source.Feed.Current);
        Assert.Equal(FeedEnd.None, subscription.End);
        Assert.Equal((told.Generation, 2), (_registry.Current.Withholding!.Held, _registry.Current.Withholding.Services));
        Assert.NotNull(_source.StaleSince);
        Assert.True(_source.MustKeep(Guid.NewGuid()));
        Assert.False(_source.MustKeep(told.Generation));

        Assert.IsType<CommandResult.Refused>(_registry.Execute(new ConfirmRegistry(told.Generation), new("kim", ActorKind.Operator)));
        Assert.True(_source.IsWithheld);
        Assert.IsType<CommandResult.Committed>(_registry.Execute(new ConfirmRegistry(_registry.Current.Generation) { Reason = "it is meant to be new" }, new("kim", ActorKind.Operator)));

        await FollowedAsync();
        Assert.Equal(FeedEnd.Reset, subscription.End);
        Assert.False(_source.IsWithheld);
        Assert.Null(_source.StaleSince);
        Assert.Equal(["orders"], _source.Feed.Current.Services.Keys);
        Assert.Equal(["registry.withhold", "registry.confirm"], _registry.History.Select(change => change.Action).Where(action => action.StartsWith("registry.", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task ADeletedLastService_IsToldLikeAnyOtherChange()
    {
        Do(new DeleteService("cart"));
        Do(new DeleteService("orders"));
        await FollowedAsync();

        Assert.Empty(_source.Feed.Current.Services);
        Assert.False(_source.IsWithheld);
    }

    [Fact]
    public async Task AConsoleThatStartsOnAnEmptiedRegistry_TellsWhatItToldBefore()
    {
        using var file = new TemporaryCatalog();
        file.Catalog.Write(_source.Feed.Current);
        var emptied = new InMemoryRegistry(_time);
        using var restarted = new RegistryServingSource(emptied, new(), file.Catalog, _time);

        await restarted.StartAsync(Cancelled);
        await EventuallyAsync(() => emptied.Current.Withholding is { IsOpen: true }, "the registry is withheld");

        Assert.True(restarted.IsWithheld);
        Assert.Equal(_source.Feed.Current.Generation, restarted.Feed.Current.Generation);
        Assert.True(restarted.Feed.Current.Services["orders"].SaysTheSameAs(_source.Feed.Current.Services["orders"]));

        // A restored backup needs no confirmation.
        emptied.Restore(_registry.Current);
        await EventuallyAsync(() => !restarted.IsWithheld, "the backup is told");
        Assert.Equal(_registry.Current.Revision, restarted.Feed.Current.Revision);
        await restarted.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task AConsoleThatRestartsWhileARegistryIsWithheld_WithholdsItToo_AlsoWithoutAMemory()
    {
        var emptied = new InMemoryRegistry(_time);
        Assert.IsType<CommandResult.Committed>(emptied.Execute(new WithholdRegistry(_registry.Current.Generation, 2), Actor.System("discovery")));
        Assert.IsType<CommandResult.Committed>(emptied.Execute(new PutService("orders", ServiceSettings.Default), Actor.System("test")));
        using var restarted = new RegistryServingSource(emptied, new(), null, _time);

        await restarted.StartAsync(Cancelled);
        await EventuallyAsync(() => restarted.IsWithheld, "it is withheld");
        Assert.Equal(Guid.Empty, restarted.Feed.Current.Generation);

        Assert.IsType<CommandResult.Committed>(emptied.Execute(new ConfirmRegistry(emptied.Current.Generation), new("kim", ActorKind.Operator)));
        await EventuallyAsync(() => restarted.Feed.Current.Generation == emptied.Current.Generation, "it is told");
        await restarted.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task AFollowerThatHoldsAnotherGeneration_KeepsItWhereTheRegistryIsEmpty()
    {
        var fresh = new InMemoryRegistry(_time);
        using var source = new RegistryServingSource(fresh, new(), null, _time);
        await source.StartAsync(Cancelled);
        await EventuallyAsync(() => source.Feed.Current.Generation == fresh.Current.Generation, "the empty registry is told");
        Assert.False(source.MustKeep(Guid.Empty));
        Assert.False(source.MustKeep(fresh.Current.Generation));

        var held = Guid.NewGuid();
        Assert.True(source.MustKeep(held));

        await EventuallyAsync(() => source.IsWithheld, "the registry is withheld");
        Assert.Equal(held, fresh.Current.Withholding!.Held);
        await source.StopAsync(CancellationToken.None);
    }

    private static Task EventuallyAsync(Func<bool> condition, string what) => Eventually.TrueAsync(condition, TimeSpan.FromSeconds(60), what, Cancelled);

    private static async Task<ServingUpdate> NextAsync(FeedSubscription<ServingCatalog, ServingUpdate> subscription)
    {
        Assert.True(await subscription.WaitToReadAsync(Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(60), Cancelled));
        Assert.True(subscription.TryRead(out var update));
        return update!;
    }

    private void Do(RegistryCommand command) => Assert.IsType<CommandResult.Committed>(_registry.Execute(command, Actor.System("test")));

    private Task FollowedAsync() => Eventually.TrueAsync(
        () => _source.Feed.Current.Generation == _registry.Current.Generation && _source.Feed.Current.Revision == _registry.Current.Revision,
        TimeSpan.FromSeconds(60),
        "the catalog follows",
        Cancelled);

    private sealed class TemporaryCatalog : IDisposable
    {
        private readonly string _directory = Directory.CreateTempSubdirectory("catalog-").FullName;

        public ServingCatalogFile Catalog => new(Path.Combine(_directory, "catalog.json"));

        public void Dispose() => Directory.Delete(_directory, recursive: true);
    }
}
