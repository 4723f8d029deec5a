using System.Collections.Immutable;
using Dashboard.Core.Operations;
using Dashboard.Core.Operations.Plans;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Tests.Core.Operations.Plans;

/// <summary>Plans in time: on a clock that only the test moves, with data planes that say what the test lets them say.</summary>
public sealed class PlanLifeTests : IAsyncDisposable
{
    private readonly OperationRig _rig = new();
    private readonly FakeFollower _gateway;

    public PlanLifeTests()
    {
        _rig.Seed("orders", 8);
        _gateway = _rig.Follow("gateway-1");
        _gateway.SendsOnlyToServing = true;
        for (var number = 1; number <= 8; number++)
            _gateway.Rps[Key(number)] = 20;
    }

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task A_drain_in_waves_waits_until_each_wave_is_drained_and_watched()
    {
        var id = await _rig.StartAsync(Drain(4, 2));
        _gateway.InFlight[Key(1)] = (3, 0);
        await _rig.AdvanceAsync(60);

        Assert.Equal("Draining,Drained,Active,Active", Intents(4));
        Assert.Contains("wave 1 waits for orders/orders-1", _rig.Plan(id).Status, StringComparison.Ordinal);
        Assert.Equal((1, 4), (_rig.Plan(id).Done, _rig.Plan(id).Total));

        _gateway.InFlight.Clear();
        await UntilAsync(() => Intents(2) == "Drained,Drained");
        await _rig.AdvanceAsync(3);
        Assert.Equal("Drained,Drained,Active,Active", Intents(4));
        Assert.Contains("watched for 5 s", _rig.Plan(id).Status, StringComparison.Ordinal);
        await _rig.AdvanceAsync(4);
        Assert.Equal("Drained,Drained,Draining,Draining", Intents(4));

        await UntilAsync(() => _rig.Current.Plans.IsEmpty);
        Assert.Equal((PlanState.Completed, "all 2 waves are through", 4), (_rig.Plan(id).Plan.State, _rig.Plan(id).Status, _rig.Plan(id).Done));
        Assert.Equal("Drained,Drained,Drained,Drained,Active", Intents(5));
    }

    [Fact]
    public async Task Errors_above_the_baseline_pause_it_and_a_resume_looks_at_fresh_traffic_alone()
    {
        _gateway.Failures[Key(8)] = 1;
        await _rig.AdvanceAsync(60);
        var id = await _rig.StartAsync(Drain(4, 1));
        await _rig.AdvanceAsync(8);
        Assert.Equal(PlanState.Running, _rig.Current.Plans[id].State);
        Assert.Equal(1.0 / 160, _rig.Current.Plans[id].Baselines.Single().ErrorRate, 0.001);

        _gateway.Failures[Key(7)] = 10;
        await UntilAsync(() => _rig.Current.Plans[id].State == PlanState.Paused);

        Assert.Matches("^orders fails [0-9.]+ % of [0-9]+ requests; before the plan it failed 0.6 %, and up to 1.6 % is put up with.$", _rig.Plan(id).Status);
        Assert.True(_rig.Plan(id).Alarm);
        // The live figure stays beside its limit while somebody decides.
        Assert.InRange(_rig.Plan(id).Readings.Single(reading => reading.Figure == WatchedFigure.Errors).Sample, 1000, 10_000);
        Assert.Equal(StageState.Stalled, _rig.Plan(id).Waves[0].State);
        await _rig.AdvanceAsync(60);
        Assert.Equal("Drained,Active", Intents(2));

        _gateway.Failures[Key(7)] = 0;
        await _rig.SteerAsync(new ResumePlan(id));
        await UntilAsync(() => _rig.IntentOf("orders", "orders-2") == IntentKind.Draining);
        Assert.Equal(PlanState.Running, _rig.Current.Plans[id].State);
    }

    [Fact]
    public async Task A_plan_that_paused_is_rolled_back_and_nothing_else()
    {
        await _rig.AdvanceAsync(10);
        await _rig.ActAsync(new DrainInstance(Key(8)) { Reason = "mine" });
        var id = await _rig.StartAsync(Drain(3, 3));
        await UntilAsync(() => Intents(3) == "Drained,Drained,Drained");
        _gateway.Failures[Key(7)] = 20;
        await UntilAsync(() => _rig.Current.Plans[id].State == PlanState.Paused);

        await _rig.SteerAsync(new RollBackPlan(_rig.Current.Plans[id]) { Reason = "errors" });

        Assert.Equal("Active,Active,Active", Intents(3));
        Assert.NotEqual(IntentKind.Active, _rig.IntentOf("orders", "orders-8"));
        Assert.Equal(PlanState.RolledBack, _rig.Plan(id).Plan.State);
        var undrain = _rig.Current.Operations.Values.Single(operation => operation.Undoes == id);
        Assert.Equal((3, "instance.undrain"), (undrain.Instances.Length, undrain.Action));
    }

    [Fact]
    public async Task Too_few_requests_pause_nothing_whatever_they_say()
    {
        foreach (var key in _gateway.Rps.Keys.ToArray())
            _gateway.Rps[key] = 0;
        _gateway.Rps[Key(7)] = 3;
        await _rig.AdvanceAsync(30);
        _gateway.Failures[Key(7)] = 3;
        var id = await _rig.StartAsync(Drain(4, 1));

        await _rig.AdvanceAsync(34);

        var errors = _rig.Plan(id).Readings.Single(reading => reading.Figure == WatchedFigure.Errors);
        Assert.Equal((WatchVerdict.TooFew, 1.0, 100L), (errors.Verdict, errors.Live, errors.Needed));
        Assert.InRange(errors.Sample, 80, 99);
        Assert.Equal(PlanState.Running, _rig.Current.Plans[id].State);
    }

    [Fact]
    public async Task A_p95_above_the_baselines_pauses_it()
    {
        for (var number = 1; number <= 8; number++)
            _gateway.Latencies[Key(number)] = [20];
        await _rig.AdvanceAsync(40);
        var id = await _rig.StartAsync(Drain(4, 1));
        await _rig.AdvanceAsync(5);
        Assert.Equal(PlanState.Running, _rig.Current.Plans[id].State);
        for (var number = 2; number <= 8; number++)
            _gateway.Latencies[Key(number)] = [20, 20, 20, 90];

        await UntilAsync(() => _rig.Current.Plans[id].State == PlanState.Paused);

        Assert.Matches("^orders has a p95 of (8|9)[0-9.]* ms over [0-9]+ requests; before the plan it was (19|20)[0-9.]* ms, and up to (29|30|31)[0-9.]* ms is put up with.$", _rig.Plan(id).Status);
    }

    [Fact]
    public async Task A_restart_in_mid_plan_goes_on_where_it_was_and_does_nothing_twice()
    {
        var id = await _rig.StartAsync(Drain(4, 2));
        await _rig.AdvanceAsync(5);
        _rig.Restart();
        var again = _rig.Follow("gateway-1");
        again.SendsOnlyToServing = true;
        foreach (var (key, rate) in _gateway.Rps)
            again.Rps[key] = rate;

        await UntilAsync(() => _rig.Current.Plans.IsEmpty);

        var acts = _rig.Registry.History.Where(change => change.Action == "plan.advance").ToArray();
        Assert.Equal(4, acts.Length);
        Assert.Equal(4, acts.SelectMany(change => change.Changes.OfType<OperatorChange>()).Select(change => change.Key).Distinct().Count());
        Assert.Equal("Drained,Drained,Drained,Drained,Active", Intents(5));
        Assert.Equal(id, _rig.Plan(id).Id);
    }

    [Fact]
    public async Task An_instance_that_somebody_puts_back_pauses_it_once()
    {
        var id = await _rig.StartAsync(Drain(4, 2));
        await _rig.AdvanceAsync(2);
        await _rig.SteerAsync(new UndrainInstance(Key(1)));
        await _rig.AdvanceAsync(1);

        Assert.Equal("orders/orders-1 of wave 1 was put back into service.", _rig.Plan(id).Status);
        await _rig.SteerAsync(new ResumePlan(id));
        await UntilAsync(() => _rig.Current.Plans.IsEmpty);
        Assert.Equal("Active,Drained,Drained,Drained", Intents(4));
    }

    [Fact]
    public async Task An_undrain_in_waves_waits_for_the_data_planes_to_take_each()
    {
        for (var number = 1; number <= 2; number++)
        {
            var drain = await _rig.ActAsync(new DrainInstance(Key(number)));
            await _rig.SteerAsync(new CompleteDrain(drain, Forced: true, "test") { TargetName = "t" });
        }

        await _rig.AdvanceAsync(2);
        _gateway.Acknowledges = false;
        var id = await _rig.StartAsync(new(PlanKind.Undrain, new() { Service = "orders" }) { Pace = new() { WaveSize = 1, Settle = TimeSpan.Zero } });
        await _rig.AdvanceAsync(30);
        Assert.Equal("Active,Drained", Intents(2));
        Assert.Contains("gateway-1", _rig.Plan(id).Status, StringComparison.Ordinal);

        _gateway.Acknowledges = true;
        await UntilAsync(() => _rig.Current.Plans.IsEmpty);
        Assert.Equal("Active,Active", Intents(2));
    }

    [Fact]
    public async Task A_scheduled_plan_begins_at_its_time_with_the_baseline_of_then()
    {
        var id = await _rig.StartAsync(Drain(1, 1) with { StartAt = _rig.Time.GetUtcNow().AddSeconds(30) });
        await _rig.AdvanceAsync(29);
        Assert.Equal((PlanState.Scheduled, "Active"), (_rig.Current.Plans[id].State, Intents(1)));
        Assert.Equal("waits for its time", _rig.Plan(id).Status);

        await _rig.AdvanceAsync(1);

        Assert.Equal((PlanState.Running, "Draining"), (_rig.Current.Plans[id].State, Intents(1)));
        Assert.InRange(_rig.Current.Plans[id].Baselines.Single().Completed, 3000, 5000);
    }

    [Fact]
    public async Task A_shift_goes_up_step_by_step_while_the_new_version_does_as_well()
    {
        Versions();
        await _rig.AdvanceAsync(10);
        var id = await _rig.StartAsync(Shift());
        List<int?> seen = [];
        for (var second = 0; second < 120 && !_rig.Current.Plans.IsEmpty; second++)
        {
            await _rig.AdvanceAsync(1);
            if (_rig.Current.Plans.GetValueOrDefault(id) is { } plan && plan.Asked.Waves[plan.Wave].Percent is var percent && seen.LastOrDefault() != percent)
                seen.Add(percent);
        }

        await _rig.RoundAsync();
        Assert.Equal([5, 25, 50, 100], seen);
        Assert.Equal((PlanState.Completed, "100 % of the traffic goes to v2"), (_rig.Plan(id).Plan.State, _rig.Plan(id).Status));
        Assert.Equal(["cart-3", "cart-4"], _rig.Current.Services["cart"].Serving.Endpoints.Select(endpoint => endpoint.Id));
    }

    [Fact]
    public async Task A_shift_returns_by_itself_when_the_new_version_fails_more_by_its_margin()
    {
        Versions();
        _rig.Do(new SetWeights("cart", new Dictionary<string, int?> { ["cart-1"] = 70 }.ToImmutableSortedDictionary(StringComparer.Ordinal)));
        await _rig.AdvanceAsync(10);
        var id = await _rig.StartAsync(Shift());
        await _rig.AdvanceAsync(3);
        Assert.NotEqual(70, _rig.Current.OperatorStateOf(new("cart", "cart-1")).Weight);
        _gateway.Failures[new("cart", "cart-3")] = 6;

        await UntilAsync(() => _rig.Current.Plans.IsEmpty);

        Assert.Equal(PlanState.RolledBack, _rig.Plan(id).Plan.State);
        Assert.Matches("^Returned by itself: v2 fails [0-9.]+ % of [0-9]+ requests, v1 0.0 % of [0-9]+; up to 1 point more is put up with.$", _rig.Plan(id).Status);
        Assert.Equal([70, null, null, null], Enumerable.Range(1, 4).Select(number => _rig.Current.OperatorStateOf(new("cart", $"cart-{number}")).Weight));
    }

    [Fact]
    public async Task A_shift_returns_when_the_new_version_is_slower_than_the_old_ones_p95()
    {
        Versions();
        for (var number = 1; number <= 4; number++)
            _gateway.Latencies[new("cart", $"cart-{number}")] = number <= 2 ? [10, 10, 12, 12] : [10, 10, 10, 60];
        await _rig.AdvanceAsync(10);
        var id = await _rig.StartAsync(Shift());

        await UntilAsync(() => _rig.Current.Plans.IsEmpty);

        Assert.Matches("^Returned by itself: 25.0 % of [0-9]+ requests to v2 take longer than [0-9.]+ ms, the p95 of v1, where 0.0 % of its own do; up to 5 points more is put up with.$", _rig.Plan(id).Status);
    }

    [Fact]
    public async Task Errors_that_both_versions_have_return_nothing()
    {
        Versions();
        foreach (var key in Enumerable.Range(1, 4).Select(number => new InstanceKey("cart", $"cart-{number}")))
            _gateway.Failures[key] = 2;
        await _rig.AdvanceAsync(10);
        var id = await _rig.StartAsync(Shift() with { Steps = [50] });

        await UntilAsync(() => _rig.Current.Plans.IsEmpty);

        Assert.Equal(PlanState.Completed, _rig.Plan(id).Plan.State);
    }

    [Fact]
    public async Task Where_nobody_reports_latencies_errors_alone_decide()
    {
        Versions();
        _gateway.Latencies.Clear();
        await _rig.AdvanceAsync(10);
        var id = await _rig.StartAsync(Shift() with { Steps = [50] });

        await UntilAsync(() => _rig.Current.Plans.IsEmpty);

        Assert.Equal(PlanState.Completed, _rig.Plan(id).Plan.State);
    }

    [Fact]
    public async Task A_shift_without_traffic_to_judge_by_is_held_for_longer_and_then_pauses()
    {
        Versions();
        _gateway.Rps[new("cart", "cart-3")] = _gateway.Rps[new("cart", "cart-4")] = 0;
        await _rig.AdvanceAsync(10);
        var id = await _rig.StartAsync(Shift());
        await _rig.AdvanceAsync(60);
        Assert.StartsWith("held for longer: 0 requests to v2", _rig.Plan(id).Status, StringComparison.Ordinal);

        await UntilAsync(() => _rig.Current.Plans[id].State == PlanState.Paused);
        Assert.StartsWith("Too little traffic to judge v2 at 5 %", _rig.Plan(id).Status, StringComparison.Ordinal);
        await _rig.SteerAsync(new ResumePlan(id));
        await _rig.AdvanceAsync(2);

        Assert.Equal(25, _rig.Current.Plans[id].Asked.Waves[_rig.Current.Plans[id].Wave].Percent);
    }

    [Fact]
    public async Task A_weight_that_somebody_else_sets_during_a_shift_pauses_it()
    {
        Versions();
        await _rig.AdvanceAsync(10);
        var id = await _rig.StartAsync(Shift());
        await _rig.AdvanceAsync(1);
        await _rig.ActAsync(new SetWeights("cart", new Dictionary<string, int?> { ["cart-1"] = 1 }.ToImmutableSortedDictionary(StringComparer.Ordinal)));
        await _rig.AdvanceAsync(1);

        Assert.StartsWith("The weight of cart/cart-1 was changed by somebody else", _rig.Plan(id).Status, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_preview_says_the_waves_the_peak_and_what_is_to_spare()
    {
        await _rig.AdvanceAsync(30);
        foreach (var key in _gateway.Rps.Keys.ToArray())
            _gateway.Rps[key] = 10;
        await _rig.AdvanceAsync(30);
        var other = await _rig.ActAsync(new DrainInstance(Key(8)));

        var preview = _rig.Preview(Drain(3, 2));

        var impact = preview.Services.Single();
        Assert.Equal((7, 4, 4, 0, 0), (impact.ServingBefore, impact.ServingAfter, impact.Floor, impact.SpareBeforeFloor, impact.SpareBeforePanic - 2));
        // The peak of the last minutes, not what it carries now.
        Assert.Equal(160, impact.RpsPeak!.Value, 1.0);
        Assert.Equal(40, impact.Instances.Single(instance => instance.Id == "orders-4").PeakAfter!.Value, 1.0);
        Assert.Equal([(1, 5), (2, 4)], preview.Waves.Select(wave => (wave.Number, wave.Services.Single().Serving)));
        Assert.Equal(0.75, preview.Waves[1].Growth!.Value, 0.01);
        Assert.Equal([other], preview.Collisions.Select(collision => collision.Id));
        Assert.StartsWith("3 instances of 1 service in 2 waves. At the end: ", preview.Summary, StringComparison.Ordinal);
        Assert.Null(preview.Refusal);
        Assert.Equal(RefusalKind.Guard, _rig.Preview(Drain(4, 2)).Refusal!.Kind);
    }

    private static InstanceKey Key(int number) => new("orders", $"orders-{number}");

    private static StartPlan Drain(int instances, int size) => new(PlanKind.Drain, new() { Instances = [.. Enumerable.Range(1, instances).Select(Key)] })
    {
        Pace = new() { WaveSize = size, WavePercent = 100, Settle = TimeSpan.FromSeconds(5) },
        Reason = "test",
    };

    private static StartPlan Shift() => new(PlanKind.WeightShift, new() { Service = "cart" })
    {
        Shift = new() { From = "v1", To = "v2", Hold = TimeSpan.FromSeconds(20) },
    };

    private void Versions()
    {
        for (var number = 1; number <= 4; number++)
        {
            var key = new InstanceKey("cart", $"cart-{number}");
            _rig.Do(new RegisterInstance(key, new() { Address = "10.0.0.2", Port = 9000 + number, Version = number <= 2 ? "v1" : "v2" }));
            _rig.Do(new RecordHealth("cart", [new(key, new(HealthStatus.Healthy, _rig.Time.GetUtcNow(), "ok", 2))]));
            _gateway.Rps[key] = 20;
            _gateway.Latencies[key] = [10, 12];
        }
    }

    private string Intents(int count) => string.Join(',', Enumerable.Range(1, count).Select(number => _rig.IntentOf("orders", $"orders-{number}")));

    private async Task UntilAsync(Func<bool> condition)
    {
        for (var second = 0; second < 600 && !condition(); second++)
            await _rig.AdvanceAsync(1);

        // The board shows what the last round did with the next look.
        await _rig.RoundAsync();
        Assert.True(condition(), "not within ten minutes of the rig's clock");
    }
}
