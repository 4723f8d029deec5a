using System.Collections.Immutable;
using Dashboard.Core.Discovery;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Tests.Core.Operations;

public sealed class StageLineTests : IAsyncLifetime
{
    private readonly OperationRig _rig = new();
    private FakeFollower _gateway = null!;

    public ValueTask InitializeAsync()
    {
        _rig.Seed("orders", 2, ServiceSettings.Default with { MinEligiblePercent = 0 });
        _gateway = _rig.Follow("gateway-1");
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Weights_WhenTheTrafficAgrees_CompletesTheOperation()
    {
        Traffic(50, 50);
        await _rig.AdvanceAsync(5);
        var id = await _rig.ActAsync(Weights(("orders-1", 300), ("orders-2", 100)));
        Traffic(75, 25);
        await _rig.AdvanceAsync(5);

        await _rig.RoundAsync();
        var view = _rig.View(id);
        Assert.Equal(OperationOutcome.Completed, view.Operation.Outcome);
        Assert.Equal([StageKind.Requested, StageKind.Committed, StageKind.Published, StageKind.Acknowledged, StageKind.Observed], view.Stages.Select(stage => stage.Kind));
        Assert.All(view.Stages, stage => Assert.Equal(StageState.Done, stage.State));
        Assert.Contains("the traffic agrees: orders-1 gets 75 % where 75 % is intended", view.Operation.ClosedBecause, StringComparison.Ordinal);
        Assert.False(view.Alarm);
    }

    [Fact]
    public async Task Weights_WithASampleThatProvesLittle_AgreeOnlySoFar()
    {
        var id = await _rig.ActAsync(Weights(("orders-1", 300)));
        await _rig.AdvanceAsync(1);
        Assert.Equal("waits for the first seconds of traffic since the last acknowledgement", _rig.Stage(id, StageKind.Observed).Text);
        Traffic(3, 1);
        await _rig.AdvanceAsync(5);
        Assert.Equal(StageState.Active, _rig.Stage(id, StageKind.Observed).State);
        Assert.StartsWith("agrees so far: orders-1 gets 75 %", _rig.Stage(id, StageKind.Observed).Text, StringComparison.Ordinal);

        await _rig.AdvanceAsync(60);
        Assert.Equal(OperationOutcome.Completed, _rig.View(id).Operation.Outcome);
    }

    [Fact]
    public async Task Weights_WhenTheTrafficDisagreesThreeWindowsRunning_RaisesTheAlarm()
    {
        Traffic(50, 50);
        var id = await _rig.ActAsync(Weights(("orders-1", 300), ("orders-2", 100)));
        await _rig.AdvanceAsync(8);
        Assert.Equal(StageState.Active, _rig.Stage(id, StageKind.Observed).State);
        Assert.StartsWith("not yet", _rig.Stage(id, StageKind.Observed).Text, StringComparison.Ordinal);
        Assert.False(_rig.View(id).Alarm);

        await _rig.AdvanceAsync(12);
        Assert.Equal(StageState.Stalled, _rig.Stage(id, StageKind.Observed).State);
        Assert.True(_rig.View(id).Alarm);

        Traffic(75, 25);
        await _rig.AdvanceAsync(12);
        await _rig.RoundAsync();
        Assert.Equal(OperationOutcome.Completed, _rig.View(id).Operation.Outcome);
        Assert.False(_rig.View(id).Alarm);
    }

    [Fact]
    public async Task Weights_WithoutTraffic_CannotTellAndEndsUnproven()
    {
        var id = await _rig.ActAsync(Weights(("orders-1", 300)));
        await _rig.AdvanceAsync(10);
        Assert.Equal(StageState.Unknown, _rig.Stage(id, StageKind.Observed).State);
        Assert.Equal("cannot tell: no request to orders was reported since the last acknowledgement", _rig.Stage(id, StageKind.Observed).Text);
        Assert.Equal(StageReasons.NoTraffic, _rig.Stage(id, StageKind.Observed).Reasons);

        await _rig.AdvanceAsync(15 * 60);
        Assert.Equal(OperationOutcome.Unproven, _rig.View(id).Operation.Outcome);
    }

    [Fact]
    public async Task Weights_WithTooFewRequests_SaysHowManyAreNeeded()
    {
        var id = await _rig.ActAsync(Weights(("orders-1", 1), ("orders-2", 99)));
        Traffic(0, 1);
        await _rig.AdvanceAsync(10);

        Assert.Contains("1584 are needed", _rig.Stage(id, StageKind.Observed).Text, StringComparison.Ordinal);
        Assert.Equal(StageReasons.TooFewRequests, _rig.Stage(id, StageKind.Observed).Reasons);
    }

    [Fact]
    public async Task Weights_InAServiceThatIsInPanic_SayThatHealthIsIgnored()
    {
        _rig.Register("orders", "orders-3", "n3");
        _rig.Do(new RecordHealth("orders", [Unhealthy("orders-2"), Unhealthy("orders-3")]));
        // What fails at the two that are down is tried at the first.
        Traffic(100, 0);
        var id = await _rig.ActAsync(Weights(("orders-1", 300)));
        await _rig.AdvanceAsync(8);
        var stage = _rig.Stage(id, StageKind.Observed);
        Assert.StartsWith("not yet: orders-1 gets 100 % where 60 % is intended", stage.Text, StringComparison.Ordinal);
        Assert.Equal(StageReasons.Disagrees | StageReasons.Panic, stage.Reasons);

        await _rig.AdvanceAsync(12);
        stage = _rig.Stage(id, StageKind.Observed);
        Assert.Equal(StageState.Stalled, stage.State);
        Assert.EndsWith("; orders is in panic (1 of 3 eligible, below 50 %): health is ignored, so failing instances get their share and what fails there is tried at others", stage.Text, StringComparison.Ordinal);

        _rig.Do(new RecordHealth("orders", [new(new("orders", "orders-2"), new(HealthStatus.Healthy, _rig.Time.GetUtcNow(), "ok", 2))]));
        await _rig.RoundAsync();
        Assert.False(_rig.Stage(id, StageKind.Observed).Reasons.HasFlag(StageReasons.Panic));
    }

    [Fact]
    public async Task Weights_WhileAnotherInstanceRamps_SayThatTheSharesMove()
    {
        await _rig.ActAsync(new DrainInstance(new("orders", "orders-2")));
        await _rig.ActAsync(new UndrainInstance(new("orders", "orders-2"), RampSeconds: 60));
        var id = await _rig.ActAsync(Weights(("orders-1", 300)));
        await _rig.AdvanceAsync(10);

        var stage = _rig.Stage(id, StageKind.Observed);
        Assert.Equal((StageState.Unknown, StageReasons.SlowStart), (stage.State, stage.Reasons));
        Assert.Matches("^cannot tell: the shares move while orders-2 is ramping, at [0-9]+ % of its weight$", stage.Text);
    }

    [Fact]
    public async Task Weights_OfWhatIsOutOfRotation_AreNotProvedByNothing()
    {
        await _rig.ActAsync(new DrainInstance(new("orders", "orders-1")));
        Traffic(0, 100);
        var id = await _rig.ActAsync(Weights(("orders-1", 300)));
        await _rig.AdvanceAsync(30);

        var stage = _rig.Stage(id, StageKind.Observed);
        Assert.Equal((StageState.Unknown, StageReasons.OutOfRotation), (stage.State, stage.Reasons));
        Assert.Matches("^cannot tell: orders-1 is drain(ing|ed), and its weight moves no traffic until it is back$", stage.Text);

        await _rig.ActAsync(new UndrainInstance(new("orders", "orders-1")));
        Traffic(75, 25);
        await _rig.AdvanceAsync(10);
        await _rig.RoundAsync();
        Assert.Equal(OperationOutcome.Completed, _rig.View(id).Operation.Outcome);
    }

    [Fact]
    public async Task Undrain_WithARamp_SaysThatItStartsSlowly()
    {
        await _rig.ActAsync(new DrainInstance(new("orders", "orders-1")));
        Traffic(10, 90);
        var id = await _rig.ActAsync(new UndrainInstance(new("orders", "orders-1"), RampSeconds: 60));
        await _rig.AdvanceAsync(3);

        var stage = _rig.Stage(id, StageKind.Observed);
        Assert.Equal((StageState.Unknown, StageReasons.SlowStart), (stage.State, stage.Reasons));
        Assert.StartsWith("cannot tell: orders-1 is still ramping", stage.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADisagreement_WithClientsThatCannotConfirm_NamesStaleAnswers()
    {
        _rig.Followers.Seen("dns:10.0.0.9", FollowerKind.Dns, null, ["orders"], reports: false, canConfirm: false);
        Traffic(50, 50);
        var id = await _rig.ActAsync(Weights(("orders-1", 300), ("orders-2", 100)));
        await _rig.AdvanceAsync(20);

        var stage = _rig.Stage(id, StageKind.Observed);
        Assert.Equal(StageReasons.Disagrees | StageReasons.StaleDns, stage.Reasons);
        Assert.Contains("1 client that cannot confirm, like DNS, may go by an old answer", stage.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADrain_WithLongLivedConnectionsAlone_NamesThem()
    {
        _gateway.InFlight[new("orders", "orders-1")] = (2, 2);
        var id = await _rig.ActAsync(new DrainInstance(new("orders", "orders-1")));
        await _rig.AdvanceAsync(3);

        var stage = _rig.Stage(id, StageKind.Observed);
        Assert.Equal((StageState.Stalled, StageReasons.LongLived), (stage.State, stage.Reasons));
    }

    [Fact]
    public async Task Weights_UnderAPolicyThatLooksAtRequestsInFlight_AreJudgedByZeroAlone()
    {
        _rig.Do(new PutService("orders", ServiceSettings.Default with { Policy = BalancingPolicy.LeastConnections, MinEligiblePercent = 0 }));
        Traffic(50, 50);
        var even = await _rig.ActAsync(Weights(("orders-1", 300)));
        await _rig.AdvanceAsync(8);
        Assert.Equal(OperationOutcome.Completed, _rig.View(even).Operation.Outcome);

        Assert.Equal("the traffic agrees: orders-1 gets 50 % where some is intended", _rig.View(even).Operation.ClosedBecause);

        var zero = await _rig.ActAsync(Weights(("orders-1", 0)));
        await _rig.AdvanceAsync(25);
        Assert.True(_rig.View(zero).Alarm);
    }

    [Fact]
    public async Task Samples_StartAnew_WhenAnotherChangeMovesTheShares()
    {
        Traffic(75, 25);
        var id = await _rig.ActAsync(Weights(("orders-1", 100), ("orders-2", 300)));
        await _rig.AdvanceAsync(3);
        _rig.Register("orders", "orders-3", "n3");
        Traffic(20, 60);
        _gateway.Rps[new("orders", "orders-3")] = 20;
        await _rig.AdvanceAsync(6);

        await _rig.RoundAsync();
        Assert.Equal(OperationOutcome.Completed, _rig.View(id).Operation.Outcome);
    }

    [Fact]
    public async Task Undrain_OfAnUnhealthyInstance_CannotTellAndSaysWhy()
    {
        _rig.Do(new RecordHealth("orders", [new(new("orders", "orders-1"), new(HealthStatus.Unhealthy, _rig.Time.GetUtcNow(), "refused", 3))]));
        await _rig.ActAsync(new DrainInstance(new("orders", "orders-1")));
        Traffic(0, 100);
        var id = await _rig.ActAsync(new UndrainInstance(new("orders", "orders-1")));
        await _rig.AdvanceAsync(10);

        Assert.Equal(StageState.Unknown, _rig.Stage(id, StageKind.Observed).State);
        Assert.Contains("orders-1 is unhealthy", _rig.Stage(id, StageKind.Observed).Text, StringComparison.Ordinal);
        Assert.Equal(StageReasons.NotHealthy, _rig.Stage(id, StageKind.Observed).Reasons);
    }

    [Fact]
    public async Task Refusal_OfADataPlane_IsShownWithItsReason()
    {
        _gateway.Acknowledges = false;
        var id = await _rig.ActAsync(Weights(("orders-1", 300)));
        _rig.Followers.Refuse("gateway-1", _rig.Current.Revision, "weights must not be above 200");
        await _rig.RoundAsync();

        Assert.True(_rig.View(id).Alarm);
        Assert.Equal("weights must not be above 200", _rig.View(id).Laggards.Single().Refusal);
        Assert.Equal("0 of 1 data plane; waiting for gateway-1; gateway-1 refused: weights must not be above 200", _rig.Stage(id, StageKind.Acknowledged).Text);
        Assert.Equal(StageReasons.NotAcknowledged | StageReasons.Refused, _rig.Stage(id, StageKind.Acknowledged).Reasons);
    }

    [Fact]
    public async Task ALaterChange_SupersedesTheOperation()
    {
        var first = await _rig.ActAsync(Weights(("orders-1", 300)));
        await _rig.ActAsync(Weights(("orders-1", 200)));
        await _rig.RoundAsync();

        Assert.Equal(OperationOutcome.Superseded, _rig.View(first).Operation.Outcome);
        Assert.Contains("replaced by ada", _rig.Stage(first, StageKind.Observed).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Maintenance_ExpiresByItself()
    {
        await _rig.ActAsync(new SetMaintenance(new("orders", "orders-1"), _rig.Time.GetUtcNow() + TimeSpan.FromMinutes(1)));
        await _rig.AdvanceAsync(59);
        Assert.Equal(IntentKind.Maintenance, _rig.IntentOf("orders", "orders-1"));

        await _rig.AdvanceAsync(1);
        Assert.Equal(IntentKind.Active, _rig.IntentOf("orders", "orders-1"));
    }

    [Fact]
    public async Task Ramp_GrowsLinearlyFromTenPercentAndSurvivesARestart()
    {
        await _rig.ActAsync(new DrainInstance(new("orders", "orders-1")));
        await _rig.ActAsync(new UndrainInstance(new("orders", "orders-1"), RampSeconds: 90));
        var weights = new List<int>();
        for (var second = 0; second < 95; second++)
        {
            weights.Add(_rig.Current.FindInstance(new("orders", "orders-1"))!.EffectiveWeight);
            if (second == 40)
                _rig.Restart();

            await _rig.AdvanceAsync(1);
        }

        Assert.Equal(10, weights[0]);
        Assert.Equal(weights.Order(), weights);
        Assert.InRange(weights[45], 50, 55);
        Assert.Equal(95, weights[89]);
        Assert.Equal(100, weights[91]);
        Assert.Null(_rig.Current.OperatorStateOf(new("orders", "orders-1")).Ramp);
        // One revision for each 5 %, not for each second.
        Assert.InRange(_rig.Registry.History.Count(change => change.Action == "instance.ramp"), 10, 19);
    }

    private static SetWeights Weights(params (string Id, int? Weight)[] weights) =>
        new("orders", ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, weights.Select(weight => KeyValuePair.Create(weight.Id, weight.Weight))));

    private HealthTransition Unhealthy(string id) => new(new("orders", id), new(HealthStatus.Unhealthy, _rig.Time.GetUtcNow(), "refused", 3));

    private void Traffic(int first, int second)
    {
        _gateway.Rps[new("orders", "orders-1")] = first;
        _gateway.Rps[new("orders", "orders-2")] = second;
    }
}
