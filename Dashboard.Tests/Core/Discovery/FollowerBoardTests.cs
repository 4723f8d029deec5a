using Dashboard.Core.Discovery;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Core.Discovery;

public sealed class FollowerBoardTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly InMemoryRegistry _registry;
    private readonly RegistryServingSource _source;
    private readonly ChangeTimes _times;
    private readonly FollowerTable _followers;
    private readonly FollowerBoard _board;

    public FollowerBoardTests()
    {
        _registry = new(_time);
        _source = new(_registry, new());
        _times = new(_registry);
        _followers = new(_time);
        _board = new(_followers, _source, _registry, _times, _time);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private Guid Generation => _registry.Current.Generation;

    public async ValueTask InitializeAsync()
    {
        await _source.StartAsync(Cancelled);
        await _times.StartAsync(Cancelled);
        await Eventually.TrueAsync(() => _registry.Feed.SubscriberCount == 2, TimeSpan.FromSeconds(60), "both follow the registry", Cancelled);
        Register("orders", "orders-1");
        Register("cart", "cart-1");
        await PublishedAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _times.StopAsync(CancellationToken.None);
        await _source.StopAsync(CancellationToken.None);
        _times.Dispose();
        _source.Dispose();
    }

    [Fact]
    public void HasTakenEverything_IsCurrent()
    {
        _followers.Seen("edge", FollowerKind.Gateway, "10.0.0.1", null, reports: true);
        _followers.Acknowledge("edge", Generation, _registry.Current.Revision);

        var standing = Standing("edge");

        Assert.Equal((FollowerState.Current, 0L, (DateTimeOffset?)null, false), (standing.State, standing.Lag, standing.LagSince, standing.NeedsAttention));
        Assert.Equal(_registry.Current.Revision, standing.Taken);
    }

    [Fact]
    public async Task NothingNewAboutOne_IsToldAgainAsItWas_UntilItsServiceChanges()
    {
        _followers.Seen("poller", FollowerKind.Http, null, ["orders"], reports: false);
        _followers.Acknowledge("poller", Generation, "orders", _registry.Current.Revision);
        var standing = Standing("poller");
        Register("cart", "cart-2");
        await PublishedAsync();
        Assert.Same(standing, Standing("poller"));

        Register("orders", "orders-2");
        await PublishedAsync();

        Assert.Equal((FollowerState.CatchingUp, "orders"), (Standing("poller").State, Standing("poller").Lacks.Single()));
    }

    [Fact]
    public async Task WhatItLacked_IsDeleted_IsCurrentAgain()
    {
        _followers.Seen("poller", FollowerKind.Http, null, ["cart", "orders"], reports: false);
        foreach (var service in new[] { "cart", "orders" })
            _followers.Acknowledge("poller", Generation, service, _registry.Current.Revision);
        Register("orders", "orders-2");
        await PublishedAsync();
        Assert.Equal(FollowerState.CatchingUp, Standing("poller").State);

        _registry.Execute(new DeleteService("orders") { Override = true, Reason = "test" }, new("ada", ActorKind.Operator));
        await Eventually.TrueAsync(() => !_source.Feed.Current.Services.ContainsKey("orders"), TimeSpan.FromSeconds(60), "the catalog follows", Cancelled);

        Assert.Equal((FollowerState.Current, 0L, 0), (Standing("poller").State, Standing("poller").Lag, Standing("poller").Lacks.Length));
    }

    [Fact]
    public void HasTakenEverything_AndFallsSilent_IsToldAsSilent()
    {
        _followers.Seen("edge", FollowerKind.Gateway, null, null, reports: true);
        _followers.Acknowledge("edge", Generation, _registry.Current.Revision);
        Assert.Equal(FollowerState.Current, Standing("edge").State);

        _followers.Disconnected("edge");

        Assert.Equal(FollowerState.Silent, Standing("edge").State);
    }

    [Fact]
    public async Task AnotherGeneration_NothingOfItIsTaken()
    {
        _followers.Seen("poller", FollowerKind.Http, null, ["orders"], reports: false);
        _followers.Acknowledge("poller", Generation, "orders", _registry.Current.Revision);
        Assert.NotEqual(0, Standing("poller").Taken);

        _registry.Restore(RegistrySnapshot.Load(Guid.NewGuid(), 1, _registry.Current.At, [new ServiceChange("cart", null, new(ServiceSettings.Default, 1))]));
        await Eventually.TrueAsync(() => _source.Feed.Current.Generation == Generation, TimeSpan.FromSeconds(60), "the catalog follows", Cancelled);

        Assert.Equal(0, Standing("poller").Taken);
    }

    [Fact]
    public void AnOperationThatWaitsForOne_IsNamedForAsLongAsItIsOpen()
    {
        _followers.Seen("poller", FollowerKind.Http, null, ["orders"], reports: false);
        _followers.Acknowledge("poller", Generation, "orders", _registry.Current.Revision);
        Assert.Empty(Standing("poller").WaitedForBy);
        var operation = new Operation
        {
            Id = _registry.Current.Revision + 1,
            Action = "instance.drain",
            Service = "orders",
            Instances = [new("orders", "orders-1")],
            Actor = "ada",
            RequestedAt = _time.GetUtcNow(),
            CommittedAt = _time.GetUtcNow(),
            Followers = ["poller"],
        };

        _registry.Write(new("ada", ActorKind.Operator), "test", "orders", new OperationChange(operation.Id, null, operation));
        Assert.Equal((FollowerState.Current, operation.Id), (Standing("poller").State, Standing("poller").WaitedForBy.Single()));

        _registry.Write(new("ada", ActorKind.Operator), "test", "orders", new OperationChange(operation.Id, operation, operation with { Outcome = OperationOutcome.Cancelled }));
        Assert.Empty(Standing("poller").WaitedForBy);
    }

    [Fact]
    public async Task LacksAChange_CatchesUpForTenSecondsAndIsThenBehind_SinceThatChange()
    {
        _followers.Seen("edge", FollowerKind.Gateway, null, null, reports: true);
        _followers.Acknowledge("edge", Generation, _registry.Current.Revision);
        _time.Advance(TimeSpan.FromMinutes(1));
        var changed = _time.GetUtcNow();
        Register("orders", "orders-2");
        _time.Advance(TimeSpan.FromSeconds(4));
        Register("orders", "orders-3");
        await PublishedAsync();

        _time.Advance(TimeSpan.FromSeconds(6) - TimeSpan.FromTicks(1));
        Assert.Equal(FollowerState.CatchingUp, Standing("edge").State);
        _time.Advance(TimeSpan.FromTicks(1));

        var standing = Standing("edge");
        Assert.Equal((FollowerState.Behind, 2L, changed), (standing.State, standing.Lag, standing.LagSince!.Value));
        Assert.Equal(["orders"], standing.Lacks);
        Assert.True(standing.NeedsAttention);
    }

    [Fact]
    public async Task LacksAChangeOfWhatItDoesNotFollow_IsCurrent()
    {
        _followers.Seen("poller", FollowerKind.Http, null, ["cart"], reports: false);
        _followers.Acknowledge("poller", Generation, "cart", _registry.Current.Services["cart"].Revision);
        Register("orders", "orders-2");
        await PublishedAsync();

        Assert.Equal(FollowerState.Current, Standing("poller").State);
    }

    [Fact]
    public void CameAfterTheChange_LagsSinceItCame()
    {
        _time.Advance(TimeSpan.FromHours(1));
        _followers.Seen("edge", FollowerKind.Gateway, null, null, reports: true);
        _time.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal((FollowerState.CatchingUp, _time.GetUtcNow() - TimeSpan.FromSeconds(3)), (Standing("edge").State, Standing("edge").LagSince!.Value));
    }

    [Fact]
    public void RefusedSilentAndUnconfirming_AreTold()
    {
        _followers.Seen("envoy", FollowerKind.Xds, null, null, reports: true);
        _followers.Refuse("envoy", 2, "unknown field");
        _followers.Seen("gone", FollowerKind.Watch, null, null, reports: true);
        _followers.Disconnected("gone");
        _followers.Seen("dns:10.0.0.9", FollowerKind.Dns, "10.0.0.9", ["orders"], reports: false);
        _followers.Open("watch 10.0.0.8:5", FollowerKind.Watch, "10.0.0.8", ["orders"], reports: false, canConfirm: false);

        Assert.Equal(
            [("dns:10.0.0.9", FollowerState.CannotConfirm), ("envoy", FollowerState.Refused), ("gone", FollowerState.Silent), ("watch 10.0.0.8:5", FollowerState.CannotConfirm)],
            _board.Derive().Select(standing => (standing.Id, standing.State)));
        Assert.Equal(["envoy", "gone"], _followers.FollowersOf(["orders"]));
        Assert.Equal((2, 0), (_followers.CountUnconfirming(["orders"]), _followers.CountUnconfirming(["cart"])));
    }

    [Fact]
    public async Task WaitedFor_NamesTheOperation_AlsoOfOneThatWasNeverHeardOf()
    {
        _followers.Seen("edge", FollowerKind.Gateway, null, null, reports: true);
        _followers.Acknowledge("edge", Generation, _registry.Current.Revision);
        Register("orders", "orders-2");
        var drain = Assert.IsType<CommandResult.Committed>(_registry.Execute(new DrainInstance(new("orders", "orders-1")) { Followers = ["edge", "lost"], Override = true, Reason = "test" }, new("ada", ActorKind.Operator)));
        await PublishedAsync();

        Assert.Equal([drain.Operation!.Value], Standing("edge").WaitedForBy);
        var lost = Standing("lost");
        Assert.Equal((FollowerState.Silent, true), (lost.State, lost.NeedsAttention));
        Assert.Null(lost.Follower);
        Assert.Equal([drain.Operation.Value], lost.WaitedForBy);

        _followers.Acknowledge("edge", Generation, drain.Revision);
        Assert.Empty(Standing("edge").WaitedForBy);
    }

    [Fact]
    public void ChangeTimes_KeepOldMomentsEverMoreCoarsely()
    {
        var start = _time.GetUtcNow();
        for (var revision = 1; revision <= 1000; revision++)
            _times.Note("busy", revision, start + TimeSpan.FromSeconds(revision));

        // The first is never dropped, and the newest is exact.
        Assert.Equal(start + TimeSpan.FromSeconds(1), _times.FirstAfter("busy", 0));
        Assert.Equal(start + TimeSpan.FromSeconds(1000), _times.FirstAfter("busy", 999));
        Assert.Null(_times.FirstAfter("busy", 1000));
        Assert.Null(_times.FirstAfter("unknown", 0));
        for (var revision = 1; revision < 1000; revision += 7)
            Assert.InRange(_times.FirstAfter("busy", revision)!.Value, start + TimeSpan.FromSeconds(revision + 1), start + TimeSpan.FromSeconds(1000));
    }

    private FollowerStanding Standing(string id) => _board.Derive().Single(standing => standing.Id == id);

    private void Register(string service, string id) => _registry.Execute(
        new RegisterInstance(new(service, id), new() { Address = "10.0.0.1", Port = 8000 + _registry.Current.InstanceCount }), new(service, ActorKind.Service));

    // The moments are noted by a loop of their own: those of the last change are there when all are.
    private Task PublishedAsync() => Eventually.TrueAsync(
        () => _source.Feed.Current.Revision == _registry.Current.Revision
            && _registry.Current.Services.Values.All(service => _times.FirstAfter(service.Name, service.Revision - 1) is not null),
        TimeSpan.FromSeconds(30), "the catalog and the moments follow", Cancelled);
}
