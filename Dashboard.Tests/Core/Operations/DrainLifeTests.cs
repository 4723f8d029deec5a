using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Tests.Core.Operations;

public sealed class DrainLifeTests : IAsyncLifetime
{
    private static readonly InstanceKey Target = new("orders", "orders-1");

    private readonly OperationRig _rig = new();

    public ValueTask InitializeAsync()
    {
        _rig.Seed("orders", 3);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Drain_KnownIdleForTenSecondsAfterTheLastAcknowledgement_IsDrained()
    {
        var gateway = _rig.Follow("gateway-1");
        gateway.InFlight[Target] = (2, 0);
        var id = await _rig.ActAsync(new DrainInstance(Target));
        await _rig.AdvanceAsync(5);
        Assert.Equal(2, _rig.View(id).Drain!.Instances[0].Requests);

        gateway.InFlight.Clear();
        await _rig.AdvanceAsync(10);
        Assert.Equal(IntentKind.Draining, _rig.IntentOf("orders", "orders-1"));
        Assert.NotNull(_rig.View(id).Drain!.ZeroSince);

        await _rig.AdvanceAsync(1);
        Assert.Equal(IntentKind.Drained, _rig.IntentOf("orders", "orders-1"));
        Assert.Null(_rig.Open(id));
        await _rig.RoundAsync();
        Assert.Equal(OperationOutcome.Completed, _rig.View(id).Operation.Outcome);
        Assert.All(_rig.View(id).Stages, stage => Assert.Equal(StageState.Done, stage.State));
    }

    [Fact]
    public async Task Drain_ThatGetsBusyAgain_CountsFromTheStart()
    {
        var gateway = _rig.Follow("gateway-1");
        await _rig.ActAsync(new DrainInstance(Target));
        await _rig.AdvanceAsync(8);

        gateway.InFlight[Target] = (1, 0);
        await _rig.AdvanceAsync(1);
        gateway.InFlight.Clear();
        await _rig.AdvanceAsync(10);
        Assert.Equal(IntentKind.Draining, _rig.IntentOf("orders", "orders-1"));

        await _rig.AdvanceAsync(1);
        Assert.Equal(IntentKind.Drained, _rig.IntentOf("orders", "orders-1"));
    }

    [Fact]
    public async Task Drain_WithRequestsThatComeAndGoBetweenLooks_IsNotIdle()
    {
        var gateway = _rig.Follow("gateway-1");
        gateway.Rps[Target] = 3;
        var id = await _rig.ActAsync(new DrainInstance(Target));
        await _rig.AdvanceAsync(60);

        Assert.Equal(IntentKind.Draining, _rig.IntentOf("orders", "orders-1"));
        Assert.True(_rig.View(id).Alarm);
        Assert.Equal(StageState.Stalled, _rig.Stage(id, StageKind.Observed).State);
        Assert.Contains("still gets new requests", _rig.Stage(id, StageKind.Observed).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Drain_ShowsLongLivedConnectionsApart()
    {
        var gateway = _rig.Follow("gateway-1");
        gateway.InFlight[Target] = (5, 2);
        var id = await _rig.ActAsync(new DrainInstance(Target));
        await _rig.AdvanceAsync(3);

        var instance = _rig.View(id).Drain!.Instances[0];
        Assert.Equal((3, 2, null), (instance.Requests, instance.LongLived, instance.Unknown));
        Assert.Equal("3 requests and 2 long-lived connections in flight", _rig.Stage(id, StageKind.Observed).Text);
    }

    [Fact]
    public async Task Drain_ThatWaitsForLongLivedConnectionsAlone_StallsAndSaysSo()
    {
        var gateway = _rig.Follow("gateway-1");
        gateway.InFlight[Target] = (2, 2);
        var id = await _rig.ActAsync(new DrainInstance(Target));
        await _rig.AdvanceAsync(3);

        var stage = _rig.Stage(id, StageKind.Observed);
        Assert.Equal(StageState.Stalled, stage.State);
        Assert.Equal("0 requests and 2 long-lived connections in flight: these end when their callers close them, or when the drain is forced", stage.Text);
    }

    [Fact]
    public async Task Drain_WithoutTheLastAcknowledgement_IsUnknownAndNamesTheLaggard()
    {
        _rig.Follow("gateway-1");
        var slow = _rig.Follow("gateway-2");
        slow.Acknowledges = false;
        var id = await _rig.ActAsync(new DrainInstance(Target));
        await _rig.AdvanceAsync(30);

        Assert.Equal(IntentKind.Draining, _rig.IntentOf("orders", "orders-1"));
        Assert.Equal((1, 2), (_rig.View(id).Acknowledged, _rig.View(id).Followers));
        Assert.Equal("gateway-2", Assert.Single(_rig.View(id).Laggards).Id);
        Assert.Equal(StageState.Stalled, _rig.Stage(id, StageKind.Acknowledged).State);
        Assert.Contains("gateway-2", _rig.View(id).Drain!.Instances[0].Unknown, StringComparison.Ordinal);

        slow.Acknowledges = true;
        await _rig.AdvanceAsync(10);
        Assert.Equal(IntentKind.Draining, _rig.IntentOf("orders", "orders-1"));
        await _rig.AdvanceAsync(2);
        Assert.Equal(IntentKind.Drained, _rig.IntentOf("orders", "orders-1"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Drain_WhenAFollowerCannotTell_WaitsForTheDeadlineAndHolds(bool silent)
    {
        var follower = _rig.Follow("gateway-1", reports: silent);
        var id = await _rig.ActAsync(new DrainInstance(Target, TimeSpan.FromSeconds(60)));
        await _rig.AdvanceAsync(1);
        follower.Speaks = !silent;
        await _rig.AdvanceAsync(58);
        Assert.False(_rig.View(id).Alarm);
        Assert.NotNull(_rig.View(id).Drain!.Instances[0].Unknown);
        Assert.Equal(StageState.Unknown, _rig.Stage(id, StageKind.Observed).State);

        await _rig.AdvanceAsync(1);
        Assert.True(_rig.View(id).Alarm);
        await _rig.AdvanceAsync(600);
        Assert.Equal(IntentKind.Draining, _rig.IntentOf("orders", "orders-1"));
    }

    [Fact]
    public async Task Drain_ThatNobodyFollowed_IsUnknown()
    {
        var id = await _rig.ActAsync(new DrainInstance(Target));
        await _rig.AdvanceAsync(60);

        Assert.Equal(IntentKind.Draining, _rig.IntentOf("orders", "orders-1"));
        Assert.NotNull(_rig.View(id).Drain!.Instances[0].Unknown);
    }

    [Fact]
    public async Task Deadline_Force_CutsWhatIsOpen()
    {
        _rig.Follow("gateway-1").InFlight[Target] = (1, 1);
        var id = await _rig.ActAsync(new DrainInstance(Target, TimeSpan.FromSeconds(30), DeadlineAction.Force));
        await _rig.AdvanceAsync(29);
        Assert.Equal(IntentKind.Draining, _rig.IntentOf("orders", "orders-1"));

        await _rig.AdvanceAsync(1);
        var intent = _rig.Current.OperatorStateOf(Target).Intent;
        Assert.Equal((IntentKind.Drained, true), (intent.Kind, intent.Forced));
        Assert.True(_rig.Current.Services["orders"].Serving.Leaving.Single().Forced);
        await _rig.RoundAsync();
        Assert.Equal(OperationOutcome.Forced, _rig.View(id).Operation.Outcome);
        Assert.Contains("1 in flight", _rig.View(id).Operation.ClosedBecause, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deadline_Undrain_GivesTheTrafficBack()
    {
        _rig.Follow("gateway-1").InFlight[Target] = (1, 1);
        var id = await _rig.ActAsync(new DrainInstance(Target, TimeSpan.FromSeconds(30), DeadlineAction.Undrain));
        await _rig.AdvanceAsync(29);
        Assert.Equal(IntentKind.Draining, _rig.IntentOf("orders", "orders-1"));

        await _rig.AdvanceAsync(2);
        Assert.Equal(IntentKind.Active, _rig.IntentOf("orders", "orders-1"));
        Assert.Equal(OperationOutcome.Cancelled, _rig.View(id).Operation.Outcome);
        var undrain = Assert.Single(_rig.Current.Operations.Values);
        Assert.Equal(("instance.undrain", "operations"), (undrain.Action, undrain.Actor));
        Assert.Equal(["gateway-1"], undrain.Followers);
    }

    [Fact]
    public async Task Deadline_MovedByAskingAgain_Counts()
    {
        _rig.Follow("gateway-1").InFlight[Target] = (1, 0);
        var id = await _rig.ActAsync(new DrainInstance(Target, TimeSpan.FromSeconds(30), DeadlineAction.Force));
        await _rig.AdvanceAsync(20);

        Assert.Equal(id, await _rig.ActAsync(new DrainInstance(Target, TimeSpan.FromSeconds(30))));
        await _rig.AdvanceAsync(29);
        Assert.Equal(IntentKind.Draining, _rig.IntentOf("orders", "orders-1"));
        await _rig.AdvanceAsync(1);
        Assert.Equal(IntentKind.Drained, _rig.IntentOf("orders", "orders-1"));
    }

    [Fact]
    public async Task NodeDrain_WaitsForEverythingOnTheNode_AlsoForWhatRegistersLater()
    {
        _rig.Seed("cart", 3);
        var gateway = _rig.Follow("gateway-1");
        gateway.InFlight[new("cart", "cart-1")] = (1, 0);
        var id = await _rig.ActAsync(new DrainNode("n1"));
        await _rig.AdvanceAsync(15);
        Assert.Equal(IntentKind.Draining, _rig.Current.Nodes["n1"].Intent.Kind);

        _rig.Register("orders", "orders-9", "n1");
        gateway.InFlight.Clear();
        gateway.InFlight[new("orders", "orders-9")] = (1, 0);
        await _rig.AdvanceAsync(15);
        Assert.Equal(["cart/cart-1", "orders/orders-1", "orders/orders-9"], _rig.View(id).Drain!.Instances.Select(instance => instance.Key.ToString()));
        Assert.Equal(IntentKind.Draining, _rig.Current.Nodes["n1"].Intent.Kind);

        gateway.InFlight.Clear();
        await _rig.AdvanceAsync(11);
        Assert.Equal(IntentKind.Drained, _rig.Current.Nodes["n1"].Intent.Kind);
        Assert.Equal(IntentKind.Active, _rig.IntentOf("cart", "cart-1"));
    }

    [Fact]
    public async Task Restart_InMidDrain_CountsAsUnknownUntilTheFollowersAreHeardAgain()
    {
        _rig.Follow("gateway-1");
        var id = await _rig.ActAsync(new DrainInstance(Target));
        await _rig.AdvanceAsync(9);

        _rig.Restart();
        await _rig.AdvanceAsync(30);
        Assert.Equal(IntentKind.Draining, _rig.IntentOf("orders", "orders-1"));
        Assert.Null(_rig.View(id).Laggards.Single().Kind);

        _rig.Follow("gateway-1");
        await _rig.AdvanceAsync(10);
        Assert.Equal(IntentKind.Draining, _rig.IntentOf("orders", "orders-1"));
        await _rig.AdvanceAsync(2);
        Assert.Equal(IntentKind.Drained, _rig.IntentOf("orders", "orders-1"));
    }

    [Fact]
    public async Task PostgresAway_WhenItShouldComplete_IsMadeUpForLater()
    {
        _rig.Follow("gateway-1");
        await _rig.ActAsync(new DrainInstance(Target));
        await _rig.AdvanceAsync(5);
        _rig.Registry.TakeAway();
        await _rig.AdvanceAsync(30);
        Assert.Equal(IntentKind.Draining, _rig.IntentOf("orders", "orders-1"));

        _rig.Registry.BringBack();
        await _rig.AdvanceAsync(1);
        Assert.Equal(IntentKind.Drained, _rig.IntentOf("orders", "orders-1"));
    }

    [Fact]
    public async Task Undrain_EndsTheDrainAsCancelled()
    {
        _rig.Follow("gateway-1");
        var id = await _rig.ActAsync(new DrainInstance(Target));
        await _rig.AdvanceAsync(3);
        await _rig.ActAsync(new UndrainInstance(Target));
        await _rig.RoundAsync();

        Assert.Equal(OperationOutcome.Cancelled, _rig.View(id).Operation.Outcome);
        Assert.Null(_rig.View(id).Drain);
        await _rig.AdvanceAsync(15 * 60 + 1);
        Assert.Null(_rig.Tracker.Feed.Current.Find(id));
    }
}
