using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Xunit;

namespace Dashboard.Tests.Core.Registry;

/// <summary>The guard and staleness: what an operator may not do, and what nobody else is kept from.</summary>
public sealed class GuardTests
{
    [Fact]
    public void A_drain_to_the_floor_is_allowed_and_one_below_is_refused_with_the_numbers()
    {
        var world = World.With(healthy: 4);
        world.Do(new DrainInstance(World.Key("a")));
        world.Do(new DrainInstance(World.Key("b")));

        var refusal = world.Refused(new DrainInstance(World.Key("c")));

        Assert.Equal(RefusalKind.Guard, refusal.Kind);
        Assert.Equal(("orders", 2, 1, 2), ((string)refusal.Facts["service"]!, (int)refusal.Facts["servingBefore"]!, (int)refusal.Facts["servingAfter"]!, (int)refusal.Facts["floor"]!));
        Assert.Equal(["c", "d"], world.Serving());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("  ")]
    public void An_override_needs_a_typed_reason(string? reason)
    {
        var world = World.With(healthy: 1);

        Assert.Contains("needs a reason", world.Refused(new DrainInstance(World.Key("a")) { Override = true, Reason = reason }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_override_with_a_reason_is_carried_out_and_marked()
    {
        var world = World.With(healthy: 1);

        var done = world.Do(new DrainInstance(World.Key("a")) { Override = true, Reason = "data centre on fire" });

        Assert.True(world.Now.Operations[done.Operation!.Value].Overridden);
        Assert.Equal("data centre on fire", done.Change!.Reason);
        Assert.Empty(world.Serving());
    }

    [Fact]
    public void An_override_that_was_not_needed_is_not_marked()
    {
        var world = World.With(healthy: 4);

        var done = world.Do(new DrainInstance(World.Key("a")) { Override = true, Reason = "habit" });

        Assert.False(world.Now.Operations[done.Operation!.Value].Overridden);
    }

    [Fact]
    public void What_is_not_serving_can_always_be_taken_out()
    {
        var world = World.With(healthy: 2);
        world.Register("sick", 9000);
        world.Health("sick", HealthStatus.Unhealthy);
        world.Register("new", 9001);

        world.Do(new DrainInstance(World.Key("sick")));
        world.Do(new SetMaintenance(World.Key("new")));
    }

    [Fact]
    public void A_drain_that_would_bring_panic_about_does_not_count_the_unhealthy_that_panic_lets_in()
    {
        var world = World.With(healthy: 4);
        world.Health("c", HealthStatus.Unhealthy);
        world.Health("d", HealthStatus.Unhealthy);
        Assert.False(world.Now.Services["orders"].Serving.Panic);

        var refusal = world.Refused(new DrainInstance(World.Key("a")));

        Assert.Equal(RefusalKind.Guard, refusal.Kind);
        Assert.Equal(1, refusal.Facts["servingAfter"]);
    }

    [Fact]
    public void Weights_deletion_and_a_nodes_drain_are_bound_too()
    {
        var world = World.With(healthy: 1);

        Assert.Equal(RefusalKind.Guard, world.Refused(new SetWeights("orders", World.Weights(("a", 0)))).Kind);
        Assert.Equal(RefusalKind.Guard, world.Refused(new SetMaintenance(World.Key("a"))).Kind);
        Assert.Equal(RefusalKind.Guard, world.Refused(new DeregisterInstance(World.Key("a"))).Kind);
        Assert.Equal(RefusalKind.Guard, world.Refused(new DeleteService("orders")).Kind);
        Assert.Equal(RefusalKind.Guard, world.Refused(new DrainNode("n-a")).Kind);
    }

    [Fact]
    public void An_instance_that_leaves_by_itself_is_never_kept()
    {
        var world = World.With(healthy: 1);

        world.Do(new DeregisterInstance(World.Key("a")), World.Self);

        Assert.Empty(world.Serving());
    }

    [Fact]
    public void A_nodes_drain_is_refused_when_any_service_on_it_would_be_hurt_and_names_that_service()
    {
        var world = World.With(healthy: 4);
        world.Do(new PutService("billing", ServiceSettings.Default));
        world.Register("x", 8000, node: "n-a", service: "billing");
        world.Health("x", HealthStatus.Healthy, service: "billing");

        Assert.Equal("billing", world.Refused(new DrainNode("n-a")).Facts["service"]);
    }

    [Theory]
    [InlineData(1, 0, 10, 9)]
    [InlineData(3, 0, 4, 1)]
    [InlineData(0, 50, 5, 2)]
    [InlineData(1, 50, 1, 0)]
    [InlineData(0, 0, 2, 2)]
    public void The_floor_is_the_larger_of_number_and_percentage_rounded_up(int minEligible, int percent, int healthy, int canGo)
    {
        var world = World.With(healthy, ServiceSettings.Default with { MinEligible = minEligible, MinEligiblePercent = percent });
        for (var i = 0; i < canGo; i++)
        {
            world.Do(new DrainInstance(World.Key(((char)('a' + i)).ToString())));
        }

        if (canGo < healthy)
        {
            Assert.Equal(RefusalKind.Guard, world.Refused(new DrainInstance(World.Key(((char)('a' + canGo)).ToString()))).Kind);
        }
    }

    [Fact]
    public void A_click_is_stale_when_another_operator_changed_the_target_since()
    {
        var world = World.With(healthy: 4);
        var seen = world.Now.Revision;
        world.Do(new SetWeights("orders", World.Weights(("a", 50))));

        var refusal = world.Refused(new DrainInstance(World.Key("a")) { ExpectedRevision = seen });

        Assert.Equal(RefusalKind.Stale, refusal.Kind);
        Assert.Equal((seen, seen + 1), ((long)refusal.Facts["expectedRevision"]!, (long)refusal.Facts["changedRevision"]!));
        world.Do(new DrainInstance(World.Key("a")) { ExpectedRevision = seen + 1 });
    }

    [Fact]
    public void A_probe_another_instance_or_another_service_never_makes_a_click_stale()
    {
        var world = World.With(healthy: 6);
        var seen = world.Now.Revision;
        world.Health("a", HealthStatus.Degraded);
        world.Register("a", 8000, weight: 7, node: "n-a");
        world.Do(new SetWeights("orders", World.Weights(("b", 50))));
        world.Register("x", 8000, service: "billing");

        world.Do(new DrainInstance(World.Key("a")) { ExpectedRevision = seen });
    }

    [Fact]
    public void A_click_is_stale_when_the_instance_was_registered_anew_since()
    {
        var world = World.With(healthy: 4);
        var seen = world.Now.Revision;
        world.Do(new DeregisterInstance(World.Key("a")), World.Self);
        world.Register("a", 8000);

        Assert.Equal(RefusalKind.Stale, world.Refused(new DrainInstance(World.Key("a")) { ExpectedRevision = seen }).Kind);
    }

    [Fact]
    public void Weights_are_set_all_or_nothing()
    {
        var world = World.With(healthy: 4);

        var refusal = world.Refused(new SetWeights("orders", World.Weights(("a", 50), ("gone", 10))));

        Assert.Equal(RefusalKind.NotFound, refusal.Kind);
        Assert.Null(world.Instance("a").Operator.Weight);
    }
}
