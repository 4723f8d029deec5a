using System.Collections.Immutable;
using CsCheck;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Tests.Core.Registry;

/// <summary>Plans as decisions: which waves they make, what each act does, and what is taken back.</summary>
public sealed class PlanTests
{
    private static readonly PlanSelection All = new() { Service = "orders" };

    [Fact]
    public void Waves_take_a_part_of_each_service_and_never_more_than_its_guard_can_spare()
    {
        var world = World.With(8, new() { MinEligiblePercent = 75 });

        var plan = Start(world, new StartPlan(PlanKind.Drain, new() { Instances = [World.Key("a"), World.Key("b")] }) { Pace = new() { WavePercent = 100 } });

        Assert.Equal(["a,b"], Waves(plan));
        Assert.Equal(["a", "b"], Waves(Start(World.With(8), new StartPlan(PlanKind.Drain, new() { Instances = [World.Key("a"), World.Key("b")] }) { Pace = new() { WavePercent = 10 } })));
        Assert.Equal(["a,b,c,d"], Waves(Start(World.With(8), new StartPlan(PlanKind.Drain, Named("abcd")) { Pace = new() { WavePercent = 60 } })));
        Assert.Equal(["a,b,c", "d"], Waves(Start(World.With(8), new StartPlan(PlanKind.Drain, Named("abcd")) { Pace = new() { WavePercent = 60, WaveSize = 3 } })));
        // Overridden, only one at a time: the guard could spare none.
        Assert.Equal(["a", "b", "c"], Waves(Start(World.With(3, new() { MinEligible = 3 }), new StartPlan(PlanKind.Drain, All) { Pace = new() { WavePercent = 100 }, Override = true, Reason = "the rack burns" })));
    }

    [Fact]
    public void Waves_finish_one_zone_before_the_next_unless_they_are_to_be_spread()
    {
        var world = new World();
        foreach (var (id, zone, port) in new[] { ("a", "z1", 1), ("b", "z2", 2), ("c", "z1", 3), ("d", "z2", 4) })
        {
            foreach (var service in new[] { "orders", "cart" })
            {
                world.Do(new RegisterInstance(new(service, id), new() { Address = "10.0.0.1", Port = port, Zone = zone }), World.Self);
                world.Health(id, HealthStatus.Healthy, service);
            }
        }

        var pace = new PlanPace { WaveSize = 2, WavePercent = 100 };
        var select = new PlanSelection { Instances = [.. "abcd".SelectMany(id => new[] { new InstanceKey("orders", $"{id}"), new InstanceKey("cart", $"{id}") })] };

        Assert.Equal(["a,a", "c,c", "b,b", "d,d"], Waves(Start(world, new StartPlan(PlanKind.Drain, select) { Pace = pace, Override = true, Reason = "r" })));
        world.Do(new CancelPlan(world.Now.Plans.Keys.Single()));
        Assert.Equal(["a,a", "b,b", "c,c", "d,d"], Waves(Start(world, new StartPlan(PlanKind.Drain, select) { Pace = pace with { Order = PlanOrder.Spread }, Override = true, Reason = "r" })));
    }

    [Fact]
    public void A_plan_that_ends_below_the_floor_is_refused_before_it_begins()
    {
        var world = World.With(4);

        var refusal = world.Refused(new StartPlan(PlanKind.Drain, Named("abc")));

        Assert.Equal((RefusalKind.Guard, 1), (refusal.Kind, (int)refusal.Facts["servingAfter"]!));
        Assert.Empty(world.Now.Plans);
        Assert.Equal(RefusalKind.NotFound, world.Refused(new StartPlan(PlanKind.Drain, Named("xy"))).Kind);
        Assert.Equal(RefusalKind.Conflict, world.Refused(new StartPlan(PlanKind.Undrain, All)).Kind);
        Assert.Equal(RefusalKind.Conflict, world.Refused(new StartPlan(PlanKind.Drain, Named("a")) { StartAt = Gens.Start }).Kind);
    }

    [Fact]
    public void An_act_is_done_once_however_often_it_is_asked_for()
    {
        var world = World.With(6);
        var plan = Start(world, new StartPlan(PlanKind.Drain, Named("abc")) { Pace = new() { WaveSize = 2, WavePercent = 100 } });

        world.Do(new AdvancePlan(plan.Id, 0, 0), World.Monitor);
        var again = world.Do(new AdvancePlan(plan.Id, 0, 0), World.Monitor);
        var early = world.Do(new AdvancePlan(plan.Id, 1, 0), World.Monitor);

        Assert.Null(again.Change);
        Assert.Null(early.Change);
        Assert.Equal((0, 1), (world.Now.Plans[plan.Id].Wave, world.Now.Plans[plan.Id].Position));
        Assert.Equal(["b", "c", "d", "e", "f"], world.Serving());
        var drain = world.Now.Operations.Values.Single();
        Assert.Equal(("ann", plan.Id, "instance.drain"), (drain.Actor, drain.Plan!.Value, drain.Action));
    }

    [Fact]
    public void An_act_that_the_guard_refuses_pauses_the_plan_with_its_facts_and_goes_on_when_overridden()
    {
        var world = World.With(6);
        var plan = Start(world, new StartPlan(PlanKind.Drain, Named("abc")) { Pace = new() { WaveSize = 3, WavePercent = 100 } });
        world.Health("f", HealthStatus.Unhealthy);

        world.Do(World.Next(plan), World.Monitor);

        var paused = world.Now.Plans[plan.Id];
        Assert.Equal((PlanState.Paused, 0, 0), (paused.State, paused.Wave, paused.Position));
        Assert.Contains("orders would be left with 2 serving of 5; at least 3 must remain", paused.Because, StringComparison.Ordinal);
        Assert.Equal(5, world.Serving().Count());
        Assert.Equal(RefusalKind.Guard, world.Refused(new ResumePlan(plan.Id)).Kind);
        world.Do(new ResumePlan(plan.Id) { Override = true, Reason = "f is gone for good" });
        Advance(world, plan.Id);
        Assert.Equal(["d", "e"], world.Serving());
    }

    [Fact]
    public void What_somebody_else_decided_meanwhile_is_left_alone_by_the_waves_and_by_the_rollback()
    {
        var world = World.With(8);
        var plan = Start(world, new StartPlan(PlanKind.Drain, Named("abcd")) { Pace = new() { WaveSize = 2, WavePercent = 100 } });
        world.Do(new SetMaintenance(World.Key("c")) { Reason = "mine" });
        Advance(world, plan.Id);
        world.Do(new UndrainInstance(World.Key("a")));
        world.Do(new DrainInstance(World.Key("a")) { Reason = "mine too" });

        world.Do(new RollBackPlan(plan));

        Assert.Equal(["b", "d", "e", "f", "g", "h"], world.Serving());
        Assert.Equal((IntentKind.Draining, IntentKind.Maintenance), (world.Instance("a").Operator.Intent.Kind, world.Instance("c").Operator.Intent.Kind));
        Assert.Empty(world.Now.Plans);
        Assert.Equal(RefusalKind.Conflict, world.Refused(new RollBackPlan(world.Registry.History[^1].Changes.OfType<PlanChange>().Single().After!)).Kind);
    }

    [Fact]
    public void A_plan_that_has_ended_can_be_rolled_back()
    {
        var world = World.With(6);
        var plan = Start(world, new StartPlan(PlanKind.Maintenance, Named("ab")));
        Advance(world, plan.Id);
        var through = world.Now.Plans[plan.Id];
        var ended = world.Do(new CompletePlan(plan.Id, "done", through.Revision), World.Monitor).Change!.Changes.OfType<PlanChange>().Single().After!;
        // Seen before it ended: look again.
        Assert.Equal(RefusalKind.Conflict, world.Refused(new RollBackPlan(through)).Kind);

        world.Do(new RollBackPlan(ended));

        Assert.Equal(6, world.Serving().Count());
        Assert.Equal("instance.undrain", world.Now.Operations.Values.Single().Action);
        Assert.Equal(2, world.Now.Operations.Values.Single().Instances.Length);
    }

    [Fact]
    public void The_drain_of_a_host_ends_with_the_hosts_own_intent_so_that_its_undrain_brings_everything_back()
    {
        var world = new World();
        for (var number = 0; number < 4; number++)
        {
            world.Register($"i{number}", 8000 + number, node: number < 2 ? "n1" : "n2");
            world.Health($"i{number}", HealthStatus.Healthy);
        }

        var plan = Start(world, new StartPlan(PlanKind.Drain, new() { Node = "n1" }));
        Assert.Equal(["i0", "i1", ""], Waves(plan));
        Advance(world, plan.Id);

        Assert.Equal(IntentKind.Draining, world.Now.Nodes["n1"].Intent.Kind);
        Assert.All(["i0", "i1"], id => Assert.True(world.Instance(id).Operator.Intent.IsActive));
        Assert.Equal("node.drain", world.Now.Operations.Values.Single().Action);
        Assert.Equal(["i2", "i3"], world.Serving());
        world.Do(new RollBackPlan(plan));
        Assert.Equal(4, world.Serving().Count());
        Assert.True(world.Now.Nodes["n1"].Intent.IsActive);
    }

    [Fact]
    public void An_undrain_in_waves_is_rolled_back_to_what_was_and_guarded_then()
    {
        var world = World.With(4, new() { MinEligiblePercent = 75 });
        world.Do(new DrainInstance(World.Key("a")) { Override = true, Reason = "r" });
        world.Do(new CompleteDrain(world.Now.Operations.Keys.Single(), Forced: false, "idle") { TargetName = "t" });
        var before = world.Instance("a").Operator.Intent;
        var plan = Start(world, new StartPlan(PlanKind.Undrain, All));
        Advance(world, plan.Id);
        Assert.Equal(4, world.Serving().Count());
        world.Health("d", HealthStatus.Unhealthy);

        Assert.Equal(RefusalKind.Guard, world.Refused(new RollBackPlan(plan)).Kind);
        world.Health("d", HealthStatus.Healthy);
        world.Do(new RollBackPlan(plan));

        Assert.Equal(before, world.Instance("a").Operator.Intent);
    }

    [Fact]
    public void Two_plans_about_the_same_instance_are_refused_by_name()
    {
        var world = World.With(6);
        var plan = Start(world, new StartPlan(PlanKind.Drain, Named("ab")) { StartAt = Gens.Start.AddHours(1) });

        var refusal = world.Refused(new StartPlan(PlanKind.Maintenance, Named("bc")));

        Assert.Equal((RefusalKind.Conflict, plan.Id), (refusal.Kind, (long)refusal.Facts["plan"]!));
    }

    [Fact]
    public void A_scheduled_plan_does_nothing_before_its_time()
    {
        var world = World.With(6);
        var plan = Start(world, new StartPlan(PlanKind.Drain, Named("ab")) { StartAt = Gens.Start.AddHours(1) });
        world.Time.Advance(TimeSpan.FromHours(1) - TimeSpan.FromTicks(10));
        Assert.Null(world.Do(World.Next(plan), World.Monitor).Change);

        world.Time.Advance(TimeSpan.FromTicks(10));
        world.Do(World.Next(plan), World.Monitor);

        Assert.Equal((PlanState.Running, 1), (world.Now.Plans[plan.Id].State, world.Now.Plans[plan.Id].Position));
    }

    [Fact]
    public void A_shift_splits_by_the_versions_totals_and_keeps_the_proportions_within_each()
    {
        var world = Versions(old: [100, 300], next: [100, 100, 50]);
        var plan = Start(world, Shift());
        int[] expected = [5, 25, 50, 100];

        foreach (var percent in expected)
        {
            world.Do(World.Next(world.Now.Plans[plan.Id]), World.Monitor);

            var shares = world.Now.Services["orders"].Serving.Endpoints;
            double Total(string version) => shares.Where(endpoint => endpoint.Version == version).Sum(endpoint => endpoint.Weight);
            Assert.Equal(percent / 100.0, Total("v1") / (Total("v0") + Total("v1")), 0.005);
            Assert.Equal(2.0, (double)Weight(world, "n0") / Weight(world, "n2"), 0.02);
            if (percent < 100)
                Assert.Equal(3.0, (double)Weight(world, "o1") / Weight(world, "o0"), 0.02);
        }

        // At the end the new version has the weights that it registered with, and the old one none.
        Assert.Equal([0, 0], new[] { "o0", "o1" }.Select(id => Weight(world, id)));
        Assert.Equal([100, 100, 50], new[] { "n0", "n1", "n2" }.Select(id => Weight(world, id)));
    }

    [Fact]
    public void A_shift_that_is_taken_back_restores_the_operators_weights()
    {
        var world = Versions(old: [100, 100], next: [100, 100]);
        world.Do(new SetWeights("orders", World.Weights(("o0", 250), ("n0", 0), ("n1", 0))));
        var plan = Start(world, Shift());
        world.Do(World.Next(plan), World.Monitor);
        world.Do(World.Next(world.Now.Plans[plan.Id]), World.Monitor);
        world.Do(new SetWeights("orders", World.Weights(("o1", 777))));

        world.Do(new RollBackPlan(world.Now.Plans[plan.Id]));

        // What somebody else set meanwhile stays.
        Assert.Equal([250, 777, 0, 0], new[] { "o0", "o1", "n0", "n1" }.Select(id => world.Now.OperatorStateOf(World.Key(id)).Weight));
    }

    [Fact]
    public void An_instance_that_registers_during_a_shift_gets_its_part_of_the_step()
    {
        var world = Versions(old: [100, 100], next: [100, 100]);
        var plan = Start(world, Shift());
        world.Do(World.Next(plan), World.Monitor);
        world.Do(new RegisterInstance(World.Key("n9"), new() { Address = "10.0.0.9", Port = 9, Version = "v1" }), World.Self);
        world.Health("n9", HealthStatus.Healthy);

        world.Do(new BalancePlan(plan.Id, 0), World.Monitor);

        var endpoints = world.Now.Services["orders"].Serving.Endpoints;
        Assert.Equal(0.05, endpoints.Where(endpoint => endpoint.Version == "v1").Sum(endpoint => endpoint.Weight) / (double)endpoints.Sum(endpoint => endpoint.Weight), 0.005);
        Assert.Null(world.Do(new BalancePlan(plan.Id, 0), World.Monitor).Change);
    }

    [Fact]
    public void A_shift_is_refused_where_it_could_do_nothing()
    {
        var world = Versions(old: [100], next: [100]);

        Assert.Contains("there are v0, v1", world.Refused(Shift("v1", "v7")).Message, StringComparison.Ordinal);
        Assert.Contains("must differ", world.Refused(Shift("v1", "v1")).Message, StringComparison.Ordinal);
        Start(world, Shift());
        Assert.Equal(RefusalKind.Conflict, world.Refused(Shift()).Kind);
        world.Do(new CancelPlan(world.Now.Plans.Keys.Single()));
        world.Do(new PutService("orders", new() { Policy = BalancingPolicy.RoundRobin }));
        Assert.Contains("ignores weights", world.Refused(Shift()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rollback_restores_exactly_what_was_there_before_the_plan() => Gen.Select(Gens.Steps, Gens.Plan, Gen.Int[0, 12]).Sample((steps, start, acts) =>
    {
        var world = new World();
        foreach (var step in steps)
            world.Take(step);
        foreach (var other in world.Now.Plans.Keys)
            world.Do(new CancelPlan(other));
        var before = Decided(world.Now);
        if (world.Registry.Execute(start, World.Ann) is not CommandResult.Committed { Change: not null } || world.Now.Plans.Values.SingleOrDefault() is not { } plan)
            return;

        for (var act = 0; act < acts && world.Now.Plans[plan.Id] is { IsThrough: false } next; act++)
        {
            world.Do(World.Next(next), World.Monitor);
            if (world.Now.Operations.Values.Where(operation => operation.Plan == plan.Id && operation.Action == "instance.drain").MinBy(operation => operation.Id) is { } drain && act % 2 == 0)
                world.Do(new CompleteDrain(drain.Id, Forced: false, "idle") { TargetName = "t" }, World.Monitor);
        }

        world.Do(new RollBackPlan(world.Now.Plans[plan.Id]) { Override = true, Reason = "r" });

        Assert.Equal(before, Decided(world.Now));
        Assert.Empty(world.Now.Plans);
    });

    private static string[] Decided(RegistrySnapshot snapshot) =>
    [
        .. snapshot.OperatorStates
            .Where(pair => pair.Value is not { Intent.IsActive: true, Weight: null })
            .Select(pair => $"{pair.Key} {pair.Value.Weight} {pair.Value.Intent with { Plan = null }}").Order(StringComparer.Ordinal),
        .. snapshot.Nodes.Values.Where(node => !node.Intent.IsActive).Select(node => $"{node.Name} {node.Intent with { Plan = null }}").Order(StringComparer.Ordinal),
    ];

    private static void Advance(World world, long id)
    {
        for (var acts = 0; acts < 50 && world.Now.Plans[id] is { IsThrough: false } plan; acts++)
            world.Do(World.Next(plan), World.Monitor);
    }

    private static Plan Start(World world, StartPlan command) => world.Do(command).Change!.Changes.OfType<PlanChange>().Single().After!;

    private static PlanSelection Named(string ids) => new() { Instances = [.. ids.Select(id => World.Key($"{id}"))] };

    private static string[] Waves(Plan plan) => [.. plan.Asked.Waves.Select(wave => string.Join(',', wave.Targets.Select(target => target.Key.Id)))];

    private static int Weight(World world, string id) => world.Instance(id).EffectiveWeight;

    private static StartPlan Shift(string from = "v0", string to = "v1") => new(PlanKind.WeightShift, All) { Shift = new() { From = from, To = to } };

    private static World Versions(int[] old, int[] next)
    {
        var world = new World();
        foreach (var (id, weight, version) in old.Select((weight, index) => ($"o{index}", weight, "v0")).Concat(next.Select((weight, index) => ($"n{index}", weight, "v1"))))
        {
            world.Do(new RegisterInstance(World.Key(id), new() { Address = "10.0.0.1", Port = 7000 + world.Now.InstanceCount, Weight = weight, Version = version }), World.Self);
            world.Health(id, HealthStatus.Healthy);
        }

        return world;
    }
}
