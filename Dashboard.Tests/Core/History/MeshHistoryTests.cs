using Dashboard.Core.History;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Tests.Core.History;

public sealed class MeshHistoryTests
{
    private static readonly Actor Kim = new("kim", ActorKind.Operator);
    private readonly PastWorld _world = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Before_a_drain_the_instance_serves_with_its_traffic_by_the_second()
    {
        _world.Pass(30);
        var before = _world.Now;
        _world.Pass(5);
        Assert.IsType<CommandResult.Committed>(_world.Registry.Execute(new DrainInstance(PastWorld.O1) { Override = true, Reason = "r" }, Kim));
        _world.Pass(30, requests: 0);

        var past = (await _world.History.AtAsync(before, Cancelled)).Mesh!;

        Assert.Equal(before, past.At);
        Assert.Equal("o-1", Assert.Single(past.Registry.Services["orders"].Serving.Endpoints).Id);
        Assert.Equal(TrafficGrain.Second, past.Grain);
        Assert.Equal(10, past.Traffic.Services["orders"].Figures.Rps);
        Assert.Equal(10, past.Traffic.Instances[PastWorld.O1].Figures.Rps);
        Assert.Equal(20, past.Traffic.Edges[new("web", "orders")].Figures.P95Ms!.Value, 1.0);
        // What was open is known of now alone.
        Assert.False(past.Traffic.Instances[PastWorld.O1].InFlightComplete);
        Assert.Equal(200, past.Window("orders", TimeSpan.FromSeconds(20)).Total.Requests);
        Assert.Empty(_world.Registry.Current.Services["orders"].Serving.Endpoints);
    }

    [Fact]
    public async Task What_memory_has_lost_comes_from_its_minute()
    {
        _world.Pass(120);
        await _world.Recorder.RecordAsync(Cancelled);
        _world.Restart();
        _world.Time.Advance(TimeSpan.FromMinutes(20));

        var past = (await _world.History.AtAsync(PastWorld.Start.AddSeconds(30), Cancelled)).Mesh!;
        Assert.Equal(TrafficGrain.Minute, past.Grain);
        // The first second was told by nobody: the process began with it.
        Assert.Equal(10, past.Traffic.Services["orders"].Figures.Rps, 0.2);
        Assert.Equal(3, past.Traffic.Instances[PastWorld.O1].InFlight);

        var later = (await _world.History.AtAsync(PastWorld.Start.AddMinutes(10), Cancelled)).Mesh!;
        Assert.Equal(TrafficGrain.Unknown, later.Grain);
        Assert.Null(later.Traffic.FiguresOf("orders"));
    }

    [Fact]
    public async Task A_moment_that_cannot_be_shown_says_why()
    {
        _world.Pass(10);

        var future = await _world.History.AtAsync(_world.Now.AddSeconds(2), Cancelled);
        Assert.Equal((PastFault.Future, true), (future.Fault!.Value, future.Mesh is null));
        Assert.Contains("has not come yet", future.Problem, StringComparison.Ordinal);

        var before = await _world.History.AtAsync(PastWorld.Start.AddSeconds(-1), Cancelled);
        Assert.Equal(PastFault.NotKnown, before.Fault);
        Assert.Equal(PastWorld.Start, before.Oldest);
        Assert.NotNull((await _world.History.AtAsync(PastWorld.Start, Cancelled)).Mesh);

        _world.Store.Generation = PastWorld.Start.AddSeconds(5);
        var other = await _world.History.AtAsync(PastWorld.Start.AddSeconds(4), Cancelled);
        Assert.Equal(PastFault.OtherGeneration, other.Fault);
        Assert.Contains("restored", other.Problem, StringComparison.Ordinal);
        Assert.NotNull((await _world.History.AtAsync(PastWorld.Start.AddSeconds(5), Cancelled)).Mesh);

        _world.Store.Away = true;
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => _world.History.AtAsync(PastWorld.Start.AddSeconds(7), Cancelled));
        _world.Store.Away = false;
        Assert.NotNull((await _world.History.AtAsync(PastWorld.Start.AddSeconds(7), Cancelled)).Mesh);
    }

    [Fact]
    public async Task A_line_has_a_gap_where_a_report_was_lost_and_goes_on_from_the_roll_ups()
    {
        _world.Pass(60);
        _world.Pass(5, reported: false);
        _world.Pass(55);
        await _world.Recorder.RecordAsync(Cancelled);
        _world.Pass(60);
        await _world.Recorder.RecordAsync(Cancelled);

        var seconds = await _world.History.LineAsync("orders", null, PastWorld.Start.AddSeconds(50), PastWorld.Start.AddSeconds(80), TimeSpan.FromSeconds(1), Cancelled);
        Assert.Equal(10, seconds[0].Rps);
        Assert.Null(seconds[12].Rps);
        Assert.Equal(10, seconds[^1].Rps);

        _world.Restart();
        _world.Time.Advance(TimeSpan.FromMinutes(30));
        var minutes = await _world.History.LineAsync("orders", null, PastWorld.Start, PastWorld.Start.AddMinutes(5), TimeSpan.FromMinutes(1), Cancelled);
        Assert.Equal(5, minutes.Length);
        // The rate is that of the seconds that are known.
        Assert.Equal(10, minutes[1].Rps!.Value, 0.5);
        Assert.Equal(0.1, minutes[1].ErrorRate!.Value, 0.01);
        Assert.Equal(20, minutes[1].P95Ms!.Value, 1.0);
        Assert.Null(minutes[4].Rps);
        var instance = await _world.History.LineAsync("orders", "o-1", PastWorld.Start, PastWorld.Start.AddMinutes(2), TimeSpan.FromMinutes(1), Cancelled);
        Assert.Equal(10, instance[1].Rps!.Value, 0.5);
    }

    [Fact]
    public async Task A_line_of_one_caller_holds_its_calls_alone()
    {
        _world.Pass(60);
        _world.Pass(90);
        await _world.Recorder.RecordAsync(Cancelled);

        var web = await _world.History.LineAsync("orders", null, PastWorld.Start.AddSeconds(60), PastWorld.Start.AddSeconds(80), TimeSpan.FromSeconds(1), Cancelled, "web");
        Assert.Equal(10, web[^1].Rps);
        var other = await _world.History.LineAsync("orders", null, PastWorld.Start.AddSeconds(60), PastWorld.Start.AddSeconds(80), TimeSpan.FromSeconds(1), Cancelled, "other");
        Assert.All(other, point => Assert.Equal((0, null), (point.Rps, point.P95Ms)));

        _world.Restart();
        _world.Time.Advance(TimeSpan.FromMinutes(30));
        web = await _world.History.LineAsync("orders", null, PastWorld.Start, PastWorld.Start.AddMinutes(4), TimeSpan.FromMinutes(1), Cancelled, "web");
        Assert.Equal((10, 0.1, 20), (Math.Round(web[1].Rps!.Value), Math.Round(web[1].ErrorRate!.Value, 2), Math.Round(web[1].P95Ms!.Value)));
        Assert.Null(web[^1].Rps);
        other = await _world.History.LineAsync("orders", null, PastWorld.Start, PastWorld.Start.AddMinutes(4), TimeSpan.FromMinutes(1), Cancelled, "other");
        Assert.Equal((0, null), (other[1].Rps, other[1].P95Ms));
        Assert.Null(other[^1].Rps);
    }

    [Fact]
    public async Task Plans_are_marked_where_they_start_pause_and_end()
    {
        _world.Pass(10);
        _world.Registry.Execute(new StartPlan(PlanKind.Drain, new() { Service = "orders" }) { Override = true, Reason = "kernel" }, Kim);
        var plan = Assert.Single(_world.Registry.Current.Plans).Key;
        _world.Registry.Execute(new AdvancePlan(plan, 0, 0), Actor.System("operations"));
        _world.Registry.Execute(new PausePlan(plan, "errors rose"), Actor.System("operations"));
        _world.Registry.Execute(new CancelPlan(plan) { Reason = "enough" }, Kim);

        var marks = await _world.History.MarksAsync("orders", PastWorld.Start, _world.Now, Cancelled);
        Assert.Equal(["plan.start", "plan.advance", "plan.pause", "plan.cancel"], marks.Select(mark => mark.Action).SkipWhile(action => action != "plan.start"));
        Assert.Equal(("operations", $"plan:{plan}"), (marks[^2].Actor, marks[^2].Target));
        Assert.Empty(await _world.History.MarksAsync("cart", PastWorld.Start, _world.Now, Cancelled));
    }

    [Fact]
    public async Task What_may_have_moved_traffic_is_told_whoever_did_it_and_by_its_kind()
    {
        var health = Actor.System("health");
        var o2 = new InstanceKey("orders", "o-2");
        _world.Pass(1);
        var from = _world.Now;
        _world.Pass(1);
        _world.Registry.Execute(new RegisterInstance(o2, new() { Address = "10.0.0.2", Port = 80 }), new("o-2", ActorKind.Service));
        // First verdicts and evidence that changes move nothing.
        _world.Registry.Execute(new RecordHealth("orders", [new(o2, new(HealthStatus.Healthy, _world.Now, "ok", 2))]), health);
        _world.Registry.Execute(new RecordHealth("orders", [new(o2, new(HealthStatus.Degraded, _world.Now, "slow", 2))]), health);
        _world.Registry.Execute(new RecordHealth("orders", [new(o2, new(HealthStatus.Unhealthy, _world.Now, "refused", 3))]), health);
        _world.Registry.Execute(new SetBrake("orders", new(_world.Now, 1, 2)), health);
        _world.Registry.Execute(new RecordHealth("orders", [new(o2, new(HealthStatus.Healthy, _world.Now, "ok", 2))]), health);
        _world.Registry.Execute(new RegisterInstance(o2, new() { Address = "10.0.0.2", Port = 80, Version = "v2" }), new("o-2", ActorKind.Service));
        _world.Registry.Execute(new RegisterInstance(o2, new() { Address = "10.0.0.2", Port = 80, Version = "v2", Zone = "a" }), new("o-2", ActorKind.Service));
        _world.Registry.Execute(new DrainInstance(PastWorld.O1) { Override = true, Reason = "look" }, Kim);
        _world.Registry.Execute(new StartPlan(PlanKind.Drain, new() { Service = "orders" }) { Override = true, Reason = "kernel" }, Kim);
        _world.Registry.Execute(new DeregisterInstance(o2), new("o-2", ActorKind.Service));

        var told = await _world.History.NotableAsync(from, _world.Now, Cancelled);
        Assert.Equal([MarkKind.Joined, MarkKind.Lost, MarkKind.Brake, MarkKind.Recovered, MarkKind.Joined, MarkKind.Act, MarkKind.Plan, MarkKind.Left], told.Marks.Select(mark => mark.Kind));
        Assert.Null(told.UnaskedSince);
    }

    [Fact]
    public async Task Of_very_much_that_happened_by_itself_the_newest_is_told_and_since_when()
    {
        _world.Registry.Execute(new DrainInstance(PastWorld.O1) { Override = true, Reason = "look" }, Kim);
        _world.Pass(1);
        for (var i = 0; i <= MeshHistory.MostUnasked; i++)
        {
            if (i % 1000 == 0)
                _world.Pass(1);
            _world.Registry.Execute(new RegisterInstance(new("orders", "o-2"), new() { Address = "10.0.0.2", Port = 80, Version = $"v{i}" }), new("o-2", ActorKind.Service));
        }

        var told = await _world.History.NotableAsync(PastWorld.Start.AddSeconds(-1), _world.Now, Cancelled);
        Assert.Equal((MeshHistory.MostUnasked + 1, MarkKind.Act), (told.Marks.Length, told.Marks[0].Kind));
        Assert.Equal(told.Marks[1].At, told.UnaskedSince);
    }

    [Fact]
    public async Task Marks_are_what_the_log_tells_of_the_service()
    {
        _world.Pass(10);
        _world.Registry.Execute(new DrainInstance(PastWorld.O1) { Override = true, Reason = "look" }, Kim);

        var marks = await _world.History.MarksAsync("orders", PastWorld.Start, _world.Now, Cancelled);
        Assert.Equal("instance.drain", marks[^1].Action);
        Assert.Equal("look", marks[^1].Reason);
        Assert.Equal(["kim"], (await _world.History.MarksAsync(null, PastWorld.Start, _world.Now, Cancelled)).Select(mark => mark.Actor));
        Assert.Empty(await _world.History.MarksAsync("cart", PastWorld.Start, _world.Now, Cancelled));
    }
}
