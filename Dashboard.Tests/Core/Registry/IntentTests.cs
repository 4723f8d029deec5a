using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Xunit;

namespace Dashboard.Tests.Core.Registry;

/// <summary>Intents: an instance's own, its node's, what outlives whom, who inherits, and undo.</summary>
public sealed class IntentTests
{
    [Fact]
    public void A_drain_goes_from_draining_to_drained_and_back_and_a_passing_probe_never_undrains()
    {
        var world = World.With(healthy: 4);
        var drain = world.Do(new DrainInstance(World.Key("a")) { Reason = "kernel" });
        world.Health("a", HealthStatus.Unhealthy);
        world.Health("a", HealthStatus.Healthy);
        Assert.Equal(IntentKind.Draining, world.Instance("a").EffectiveIntent.Kind);

        world.Do(new CompleteDrain(drain.Operation!.Value, Forced: false, "idle") { TargetName = "orders/a" }, Actor.System("operations"));
        Assert.Equal(IntentKind.Drained, world.Instance("a").EffectiveIntent.Kind);
        Assert.Equal("kernel", world.Instance("a").EffectiveIntent.Reason);
        Assert.DoesNotContain("a", world.Serving());

        world.Do(new UndrainInstance(World.Key("a")));
        Assert.Contains("a", world.Serving());
    }

    [Fact]
    public void Asked_again_a_drain_keeps_its_operation_and_moves_its_deadline()
    {
        var world = World.With(healthy: 4);
        var first = world.Do(new DrainInstance(World.Key("a"), TimeSpan.FromSeconds(60)));
        world.Time.Advance(TimeSpan.FromSeconds(30));

        var second = world.Do(new DrainInstance(World.Key("a"), TimeSpan.FromSeconds(60), DeadlineAction.Force));

        Assert.Equal(first.Operation, second.Operation);
        Assert.Equal(Gens.Start.AddSeconds(90), world.Now.Operations[first.Operation!.Value].Deadline);
        Assert.Equal((Gens.Start.AddSeconds(90), DeadlineAction.Force), (world.Instance("a").EffectiveIntent.Deadline, world.Instance("a").EffectiveIntent.AtDeadline));
    }

    [Fact]
    public void The_stricter_of_node_and_instance_applies_and_each_is_undone_by_itself()
    {
        var world = World.With(healthy: 4);
        world.Do(new DrainInstance(World.Key("a")));
        world.Do(new DrainNode("n-a"));

        world.Do(new UndrainInstance(World.Key("a")));
        Assert.Equal(IntentKind.Draining, world.Instance("a").EffectiveIntent.Kind);
        Assert.Contains("Undrain the node", world.Refused(new UndrainInstance(World.Key("a"))).Message, StringComparison.Ordinal);

        world.Do(new DrainInstance(World.Key("a")));
        world.Do(new UndrainNode("n-a"));
        Assert.Equal(IntentKind.Draining, world.Instance("a").EffectiveIntent.Kind);
    }

    [Fact]
    public void A_nodes_intent_applies_to_instances_that_register_later_and_outlives_its_last_instance()
    {
        var world = World.With(healthy: 4);
        world.Do(new DrainNode("n-a"));
        world.Do(new DeregisterInstance(World.Key("a")), World.Self);

        world.Register("fresh", 9000, node: "n-a");
        world.Health("fresh", HealthStatus.Healthy);

        Assert.DoesNotContain("fresh", world.Serving());
        Assert.Equal(IntentKind.Draining, world.Instance("fresh").EffectiveIntent.Kind);
    }

    [Fact]
    public void Who_moves_to_another_node_is_under_that_nodes_intent()
    {
        var world = World.With(healthy: 4);
        world.Do(new DrainNode("n-a"));

        world.Register("a", 8000, node: "n-b");

        Assert.True(world.Instance("a").EffectiveIntent.IsActive);
        Assert.Equal(["orders/a", "orders/b"], world.Now.Nodes["n-b"].Instances.Select(key => key.ToString()).Order());
    }

    [Fact]
    public void Intent_and_weight_outlive_deregistration_and_removal()
    {
        var world = World.With(healthy: 4);
        world.Do(new SetWeights("orders", World.Weights(("a", 7))));
        world.Do(new DrainInstance(World.Key("a")));
        world.Do(new DeregisterInstance(World.Key("a")), World.Self);
        Assert.NotNull(world.Now.OperatorStateOf(World.Key("a")).AbsentSince);

        world.Register("a", 8000);
        world.Health("a", HealthStatus.Healthy);

        Assert.Equal((IntentKind.Draining, 7), (world.Instance("a").EffectiveIntent.Kind, world.Instance("a").EffectiveWeight));
        Assert.Null(world.Instance("a").Operator.AbsentSince);
    }

    [Fact]
    public void A_deleted_service_that_comes_back_finds_its_drains_ended_and_its_intents_kept()
    {
        var world = World.With(healthy: 4);
        world.Do(new DrainInstance(World.Key("a")));

        world.Do(new DeleteService("orders") { Override = true, Reason = "renamed" });
        Assert.Empty(world.Now.Operations);
        world.Register("a", 8000);
        world.Health("a", HealthStatus.Healthy);

        Assert.Equal(IntentKind.Drained, world.Instance("a").EffectiveIntent.Kind);
    }

    [Fact]
    public void A_new_id_on_the_same_address_takes_the_place_and_the_intent_of_the_old_one()
    {
        var world = World.With(healthy: 4);
        var drain = world.Do(new DrainInstance(World.Key("a")));
        world.Do(new SetWeights("orders", World.Weights(("a", 7))));

        world.Register("a2", 8000, node: "n-a");

        Assert.Null(world.Now.FindInstance(World.Key("a")));
        Assert.Equal((IntentKind.Draining, 7), (world.Instance("a2").EffectiveIntent.Kind, world.Instance("a2").Operator.Weight));
        Assert.Equal([World.Key("a2")], world.Now.Operations[drain.Operation!.Value].Instances);
        Assert.Equal(HealthStatus.Unknown, world.Instance("a2").HealthStatus);
        Assert.Equal(4, world.Now.InstanceCount);
    }

    [Fact]
    public void An_id_with_an_intent_of_its_own_keeps_it_and_the_replaced_ones_drain_ends()
    {
        var world = World.With(healthy: 6);
        var drain = world.Do(new DrainInstance(World.Key("a")));
        world.Do(new SetMaintenance(World.Key("b")));

        world.Register("b", 8000);

        Assert.Equal(IntentKind.Maintenance, world.Instance("b").EffectiveIntent.Kind);
        Assert.DoesNotContain(drain.Operation!.Value, world.Now.Operations.Keys);
        Assert.Equal(1, world.Now.Operations.Values.Count(operation => operation.Instances.Contains(World.Key("b"))));
    }

    [Fact]
    public void The_same_registration_again_changes_nothing()
    {
        var world = World.With(healthy: 2);
        var revision = world.Now.Revision;

        Assert.Null(Assert.IsType<CommandResult.Committed>(world.Register("a", 8000, node: "n-a")).Change);
        Assert.Equal(revision, world.Now.Revision);
    }

    [Fact]
    public void A_moved_instance_is_unknown_again_and_a_late_verdict_about_its_old_address_is_dropped()
    {
        var world = World.With(healthy: 2);
        var old = world.Instance("a").Registration;
        world.Register("a", 9000, node: "n-a");
        Assert.Equal(HealthStatus.Unknown, world.Instance("a").HealthStatus);

        world.Do(new RecordHealth("orders", [new(World.Key("a"), new(HealthStatus.Healthy, Gens.Start, "late", 2), old)]), World.Monitor);

        Assert.Equal(HealthStatus.Unknown, world.Instance("a").HealthStatus);
    }

    [Fact]
    public void Failover_leaves_who_came_back_in_the_meantime()
    {
        var world = World.With(healthy: 3);
        world.Health("a", HealthStatus.Unhealthy);
        world.Health("b", HealthStatus.Unhealthy);
        world.Health("b", HealthStatus.Healthy);

        world.Do(new RemoveInstances("orders", ["a", "b", "gone"], "silent"), World.Monitor);

        Assert.Equal(["b", "c"], world.Now.Services["orders"].Instances.Keys);
    }

    [Fact]
    public void An_undo_brings_back_what_was_with_fresh_times()
    {
        var world = World.With(healthy: 4);
        world.Do(new SetWeights("orders", World.Weights(("a", 7))));
        var changed = world.Do(new SetWeights("orders", World.Weights(("a", 9), ("b", 1))));

        world.Undo(changed);

        Assert.Equal((7, null), (world.Instance("a").Operator.Weight, world.Instance("b").Operator.Weight));
        Assert.Equal(world.Now.Revision, world.Instance("a").Operator.Revision);
    }

    [Fact]
    public void An_undo_of_an_undrain_drains_again_for_as_long_as_it_was_meant_to()
    {
        var world = World.With(healthy: 4);
        world.Do(new DrainInstance(World.Key("a"), TimeSpan.FromSeconds(100)));
        var undrain = world.Do(new UndrainInstance(World.Key("a")));
        world.Time.Advance(TimeSpan.FromHours(1));

        var undo = world.Undo(undrain);

        Assert.Equal(IntentKind.Draining, world.Instance("a").EffectiveIntent.Kind);
        Assert.Equal(Gens.Start.AddHours(1).AddSeconds(100), world.Instance("a").EffectiveIntent.Deadline);
        Assert.Equal(undrain.Revision, world.Now.Operations[undo.Operation!.Value].Undoes);
    }

    [Fact]
    public void An_undo_of_a_drain_also_works_after_it_was_completed()
    {
        var world = World.With(healthy: 4);
        var drain = world.Do(new DrainInstance(World.Key("a")));
        world.Do(new CompleteDrain(drain.Operation!.Value, Forced: false, "idle") { TargetName = "orders/a" }, Actor.System("operations"));

        world.Undo(drain);

        Assert.Contains("a", world.Serving());
    }

    [Fact]
    public void An_undo_is_bound_by_the_guard()
    {
        var world = World.With(healthy: 2);
        world.Do(new DrainInstance(World.Key("a")));
        var undrain = world.Do(new UndrainInstance(World.Key("a")));
        world.Do(new DrainInstance(World.Key("b")));

        Assert.Equal(RefusalKind.Guard, world.Refused(new UndoChange(undrain.Change!)).Kind);
    }

    [Fact]
    public void An_undo_is_stale_after_another_change_of_the_target_or_a_new_registration()
    {
        var world = World.With(healthy: 6);
        var first = world.Do(new SetWeights("orders", World.Weights(("a", 7))));
        world.Do(new SetWeights("orders", World.Weights(("a", 8))));
        Assert.Equal(RefusalKind.Stale, world.Refused(new UndoChange(first.Change!)).Kind);

        var drain = world.Do(new DrainInstance(World.Key("b")));
        world.Do(new DeregisterInstance(World.Key("b")), World.Self);
        world.Register("b", 8001);
        Assert.Equal(RefusalKind.Stale, world.Refused(new UndoChange(drain.Change!)).Kind);
    }

    [Fact]
    public void A_registration_cannot_be_undone()
    {
        var world = World.With(healthy: 2);
        var registered = Assert.IsType<CommandResult.Committed>(world.Register("x", 9000));

        Assert.Equal(RefusalKind.Conflict, world.Refused(new UndoChange(registered.Change!)).Kind);
    }

    [Fact]
    public void A_ramp_grows_the_weight_step_by_step_and_never_back()
    {
        var world = World.With(healthy: 4);
        world.Do(new DrainInstance(World.Key("a")));
        world.Do(new UndrainInstance(World.Key("a"), RampSeconds: 60));
        Assert.Equal(10, world.Instance("a").EffectiveWeight);

        world.Do(new StepRamp(World.Key("a"), 55), Actor.System("operations"));
        world.Do(new StepRamp(World.Key("a"), 30), Actor.System("operations"));
        Assert.Equal(55, world.Instance("a").EffectiveWeight);

        world.Do(new StepRamp(World.Key("a"), 100), Actor.System("operations"));
        Assert.Equal((100, null), (world.Instance("a").EffectiveWeight, world.Instance("a").Operator.Ramp));
    }

    [Fact]
    public void A_change_that_is_not_the_next_one_is_refused() =>
        Assert.Throws<InvalidOperationException>(() => RegistrySnapshot.Empty(Guid.NewGuid(), Gens.Start).Apply(World.With(healthy: 1).Registry.History[1]));
}
