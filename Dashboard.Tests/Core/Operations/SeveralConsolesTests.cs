using Dashboard.Core.Discovery;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Tests.Core.Operations;

/// <summary>A drain whose data planes follow another console: never drained before that is known.</summary>
public sealed class SeveralConsolesTests : IAsyncLifetime
{
    private static readonly InstanceKey Target = new("orders", "orders-1");
    private static readonly Guid Other = Guid.NewGuid();

    private readonly OperationRig _rig = new();
    private long _sequence;
    private readonly Guid _session = Guid.NewGuid();

    public ValueTask InitializeAsync()
    {
        _rig.Seed("orders", 3);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Drain_AConsoleIsThereButNotHeard_IsUnknown_AndGoesOnOnceItIs()
    {
        _rig.Follow("gateway-1");
        _rig.Followers.Unheard = ["http://other:5080"];
        var id = await _rig.ActAsync(new DrainInstance(Target));
        await _rig.AdvanceAsync(60);

        Assert.Contains("http://other:5080", _rig.View(id).Drain!.Instances[0].Unknown, StringComparison.Ordinal);
        Assert.Equal(IntentKind.Draining, _rig.IntentOf("orders", "orders-1"));

        _rig.Followers.Unheard = [];
        await _rig.AdvanceAsync(12);
        Assert.Equal(IntentKind.Drained, _rig.IntentOf("orders", "orders-1"));
    }

    [Fact]
    public async Task Drain_TrafficAtTheOtherConsoleAlone_WaitsForItsEnd()
    {
        _rig.Follow("gateway-1");
        Hear();
        var id = await _rig.ActAsync(new DrainInstance(Target));
        Assert.Equal(["gateway-1", "gateway-2"], _rig.Open(id)!.Followers);
        for (var second = 0; second < 30; second++)
        {
            Hear(acknowledged: _rig.Current.Revision);
            Report(inFlight: 3);
            await _rig.AdvanceAsync(1);
        }

        Assert.Equal(3, _rig.View(id).Drain!.Instances[0].Requests);
        Assert.Null(_rig.View(id).Drain!.Instances[0].Unknown);
        Assert.Equal(IntentKind.Draining, _rig.IntentOf("orders", "orders-1"));

        for (var second = 0; second < 12; second++)
        {
            Report(inFlight: 0);
            await _rig.AdvanceAsync(1);
        }

        Assert.Equal(IntentKind.Drained, _rig.IntentOf("orders", "orders-1"));
    }

    [Fact]
    public async Task Drain_TheOtherConsoleFallsSilent_ItsFollowersAreUnknown_AndTheDeadlineDecides()
    {
        _rig.Follow("gateway-1");
        Hear();
        var id = await _rig.ActAsync(new DrainInstance(Target, TimeSpan.FromSeconds(60), DeadlineAction.Force));
        Hear(acknowledged: _rig.Current.Revision);
        Report(inFlight: 0);
        await _rig.AdvanceAsync(1);

        _rig.Followers.FallSilent(Other);
        await _rig.AdvanceAsync(55);
        Assert.Contains("gateway-2", _rig.View(id).Drain!.Instances[0].Unknown, StringComparison.Ordinal);
        Assert.False(_rig.Followers.Find("gateway-2")!.Connected);
        Assert.Equal(IntentKind.Draining, _rig.IntentOf("orders", "orders-1"));

        await _rig.AdvanceAsync(6);
        Assert.Equal(IntentKind.Drained, _rig.IntentOf("orders", "orders-1"));
        Assert.True(_rig.Current.OperatorStateOf(Target).Intent.Forced);
    }

    [Fact]
    public async Task Drain_AFollowerThatTheDecidingConsoleDidNotKnow_CountsOnceItIsHeardOf()
    {
        _rig.Follow("gateway-1");
        var since = _rig.Time.GetUtcNow() - TimeSpan.FromMinutes(5);
        var id = await _rig.ActAsync(new DrainInstance(Target));
        Assert.Equal(["gateway-1"], _rig.Open(id)!.Followers);
        await _rig.AdvanceAsync(2);

        Hear(since: since);
        await _rig.AdvanceAsync(30);
        Assert.Contains("gateway-2", _rig.View(id).Drain!.Instances[0].Unknown, StringComparison.Ordinal);

        for (var second = 0; second < 12; second++)
        {
            Hear(acknowledged: _rig.Current.Revision, since: since);
            Report(inFlight: 0);
            await _rig.AdvanceAsync(1);
        }

        Assert.Equal(IntentKind.Drained, _rig.IntentOf("orders", "orders-1"));
    }

    [Fact]
    public async Task Deadline_MovedMeanwhile_TheDueCommandIsRefused()
    {
        var id = await _rig.ActAsync(new DrainInstance(Target, TimeSpan.FromSeconds(60), DeadlineAction.Force));
        var old = _rig.Open(id)!.Deadline;
        await _rig.ActAsync(new DrainInstance(Target, TimeSpan.FromSeconds(600), DeadlineAction.Force));

        var late = _rig.Registry.Execute(new CompleteDrain(id, Forced: true, "deadline passed") { TargetName = "orders/orders-1", Deadline = old }, Actor.System("operations"));

        Assert.Equal(RefusalKind.Stale, Assert.IsType<CommandResult.Refused>(late).Refusal.Kind);
        Assert.Equal(IntentKind.Draining, _rig.IntentOf("orders", "orders-1"));
    }

    [Fact]
    public void Follower_AtTwoConsoles_HasTakenWhatEitherWasTold_AndForgettingDropsBoth()
    {
        _rig.Seed("cart", 1);
        _rig.Follow("gateway-2");
        Hear(acknowledged: _rig.Current.Revision + 7);

        Assert.Equal(_rig.Current.Revision + 7, _rig.Followers.Find("gateway-2")!.Acknowledged);
        Assert.Single(_rig.Followers.Current);

        _rig.Followers.Forget("gateway-2");
        Assert.Null(_rig.Followers.Find("gateway-2"));
    }

    [Fact]
    public void Follower_OfASilentConsole_IsDroppedWhenItCameToAnotherSince()
    {
        Hear(acknowledged: 3);
        _rig.Followers.FallSilent(Other);
        _rig.Followers.Hear(Guid.NewGuid(), all: true, [Word(0, _rig.Time.GetUtcNow()) with { Console = "http://third:5080" }], []);

        _rig.Followers.Expire();

        Assert.Equal("http://third:5080", _rig.Followers.Find("gateway-2")!.Console);
        Assert.True(_rig.Followers.Find("gateway-2")!.Connected);
        Assert.Equal(0, _rig.Followers.Find("gateway-2")!.Acknowledged);
    }

    private void Hear(long acknowledged = 0, DateTimeOffset? since = null) => _rig.Followers.Hear(Other, all: true, [Word(acknowledged, since ?? DateTimeOffset.UnixEpoch)], []);

    private Follower Word(long acknowledged, DateTimeOffset since) => new()
    {
        Id = "gateway-2",
        Kind = FollowerKind.Gateway,
        Console = "http://other:5080",
        Reports = true,
        Connected = true,
        Since = since,
        LastSeen = _rig.Time.GetUtcNow(),
        Generation = _rig.Current.Generation,
        Acknowledged = acknowledged,
        AcknowledgedAt = acknowledged > 0 ? _rig.Time.GetUtcNow() : null,
    };

    private void Report(int inFlight) => _rig.Traffic.Accept(
        new()
        {
            Reporter = "gateway-2",
            Session = _session,
            Sequence = ++_sequence,
            Period = TimeSpan.FromSeconds(1),
            InFlight = inFlight == 0 ? [] : [new(Target.Service, Target.Id, inFlight, 0)],
        },
        relayed: true);
}
