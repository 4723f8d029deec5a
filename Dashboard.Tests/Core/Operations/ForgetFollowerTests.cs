using Dashboard.Core.Discovery;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Tests.Core.Operations;

public sealed class ForgetFollowerTests : IAsyncDisposable
{
    private static readonly InstanceKey Target = new("orders", "orders-1");

    private readonly OperationRig _rig = new();

    public ForgetFollowerTests() => _rig.Seed("orders", 4);

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task OneThatIsGone_IsForgottenAndKeptInTheAudit_AlsoWhenNothingWaits()
    {
        _rig.Follow("gateway-2").Speaks = false;
        _rig.Followers.Disconnected("gateway-2");

        var result = await _rig.ExecuteAsync(new ForgetFollower("gateway-2") { Reason = "host scrapped" });

        var change = Assert.IsType<CommandResult.Committed>(result).Change!;
        Assert.Equal(("follower.forget", "follower:gateway-2", "host scrapped", "ada"), (change.Action, change.Target, change.Reason, change.Actor.Name));
        var entity = Assert.IsType<FollowerChange>(Assert.Single(change.Changes));
        Assert.Equal(("Gateway", false), (entity.Before!.Kind, entity.Before.Connected));
        Assert.Null(entity.After);
        Assert.Null(_rig.Followers.Find("gateway-2"));
    }

    [Fact]
    public async Task OneThatIsConnected_NeedsAnOverride()
    {
        _rig.Follow("gateway-1");

        var refused = Assert.IsType<CommandResult.Refused>(await _rig.ExecuteAsync(new ForgetFollower("gateway-1") { Reason = "stuck" }));
        Assert.Equal(RefusalKind.Guard, refused.Refusal.Kind);
        Assert.NotNull(_rig.Followers.Find("gateway-1"));

        var done = Assert.IsType<CommandResult.Committed>(await _rig.ExecuteAsync(new ForgetFollower("gateway-1") { Reason = "stuck", Override = true }));
        Assert.True(Assert.IsType<FollowerChange>(done.Change!.Changes[0]).Before!.Connected);
        Assert.Null(_rig.Followers.Find("gateway-1"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(" ")]
    public async Task WithoutAReason_IsRefused(string? reason)
    {
        _rig.Follow("gateway-2").Speaks = false;
        _rig.Followers.Disconnected("gateway-2");

        var refused = Assert.IsType<CommandResult.Refused>(await _rig.ExecuteAsync(new ForgetFollower("gateway-2") { Reason = reason }));

        Assert.Equal(RefusalKind.Conflict, refused.Refusal.Kind);
        Assert.NotNull(_rig.Followers.Find("gateway-2"));
    }

    [Fact]
    public async Task OneThatNobodyKnows_IsNotFound() =>
        Assert.Equal(RefusalKind.NotFound, Assert.IsType<CommandResult.Refused>(await _rig.ExecuteAsync(new ForgetFollower("nobody") { Reason = "typo" })).Refusal.Kind);

    [Fact]
    public async Task ADrainThatWaitedForIt_GoesOn()
    {
        _rig.Follow("gateway-1");
        _rig.Follow("gateway-2").Speaks = false;
        var id = await _rig.ActAsync(new DrainInstance(Target));
        await _rig.AdvanceAsync(30);
        Assert.Equal(IntentKind.Draining, _rig.IntentOf("orders", "orders-1"));
        Assert.Contains("gateway-2", _rig.Stage(id, StageKind.Acknowledged).Text, StringComparison.Ordinal);

        _rig.Followers.Disconnected("gateway-2");
        Assert.IsType<CommandResult.Committed>(await _rig.ExecuteAsync(new ForgetFollower("gateway-2") { Reason = "host scrapped" }));
        await _rig.AdvanceAsync(12);

        Assert.Equal(IntentKind.Drained, _rig.IntentOf("orders", "orders-1"));
        Assert.Equal(1, _rig.View(id).Followers);
    }

    [Fact]
    public async Task ADrainThatWaitedForItAlone_IsKnownToHaveNothingInFlight()
    {
        _rig.Follow("gateway-2").Speaks = false;
        var id = await _rig.ActAsync(new DrainInstance(Target));
        await _rig.AdvanceAsync(15);
        Assert.Equal(IntentKind.Draining, _rig.IntentOf("orders", "orders-1"));

        _rig.Followers.Disconnected("gateway-2");
        Assert.IsType<CommandResult.Committed>(await _rig.ExecuteAsync(new ForgetFollower("gateway-2") { Reason = "host scrapped" }));
        await _rig.AdvanceAsync(1);
        Assert.Equal("nobody has to; gateway-2 was forgotten", _rig.Stage(id, StageKind.Acknowledged).Text);
        Assert.Equal("to 1 data plane", _rig.Stage(id, StageKind.Published).Text);
        Assert.Equal("idle; drained after 10 s of it", _rig.Stage(id, StageKind.Observed).Text);

        await _rig.AdvanceAsync(12);
        Assert.Equal(IntentKind.Drained, _rig.IntentOf("orders", "orders-1"));
    }

    [Fact]
    public async Task ItsChange_CannotBeUndone_AndItCountsAgainWhenItComesBack()
    {
        _rig.Follow("gateway-2").Speaks = false;
        _rig.Followers.Disconnected("gateway-2");
        var change = Assert.IsType<CommandResult.Committed>(await _rig.ExecuteAsync(new ForgetFollower("gateway-2") { Reason = "host scrapped" })).Change!;

        Assert.Equal(RefusalKind.Conflict, Assert.IsType<CommandResult.Refused>(await _rig.ExecuteAsync(new UndoChange(change) { Reason = "oops" })).Refusal.Kind);

        _rig.Follow("gateway-2");
        Assert.Equal(["gateway-2"], _rig.Followers.FollowersOf(["orders"]));
    }

    [Fact]
    public async Task ClientsThatCannotConfirm_StandBesideNOfM()
    {
        _rig.Follow("gateway-1");
        _rig.Followers.Seen("dns:10.0.0.9", FollowerKind.Dns, "10.0.0.9", ["orders"], reports: false);
        _rig.Followers.Seen("dns:10.0.0.8", FollowerKind.Dns, "10.0.0.8", ["cart"], reports: false);

        var id = await _rig.ActAsync(new SetWeights("orders", System.Collections.Immutable.ImmutableSortedDictionary<string, int?>.Empty.Add("orders-1", 50)));
        await _rig.AdvanceAsync(1);

        Assert.Equal((1, 1), (_rig.View(id).Followers, _rig.View(id).CannotConfirm));
        Assert.Equal("1 of 1 data plane; beside it 1 client that cannot confirm", _rig.Stage(id, StageKind.Acknowledged).Text);
    }
}
