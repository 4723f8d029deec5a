using CsCheck;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Topology;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dashboard.Tests.Core.Topology;

public sealed class TopologyGraphTests
{
    private readonly FakeTimeProvider _time = new();

    private DateTimeOffset Now => _time.GetUtcNow();

    [Fact]
    public void A_delta_applied_to_the_graph_before_gives_the_graph_after() =>
        Gen.Select(Meshes.AnyCommand, Meshes.AnyTraffic).Array[1, 30].Sample(steps =>
        {
            var registry = new InMemoryRegistry(_time);
            var graph = TopologyGraph.Empty;
            var followed = TopologyGraph.Empty;
            foreach (var (command, traffic) in steps)
            {
                registry.Apply(command);
                var next = graph.Next(registry.Current, traffic, Now);

                followed = followed.Apply(TopologyDelta.Between(graph, next));
                graph = next;

                Assert.True(followed.ShowsTheSameAs(graph));
                Assert.True(graph.ShowsTheSameAs(followed));
            }
        });

    [Fact]
    public void Step_by_step_it_shows_what_a_fresh_derivation_shows_but_for_ghosts() =>
        Gen.Select(Meshes.AnyCommand, Meshes.AnyTraffic).Array[1, 30].Sample(steps =>
        {
            var registry = new InMemoryRegistry(_time);
            var graph = TopologyGraph.Empty;
            foreach (var (command, traffic) in steps)
            {
                registry.Apply(command);
                graph = graph.Next(registry.Current, traffic, Now);
                var fresh = TopologyGraph.Derive(registry.Current, traffic, Now);

                var delta = TopologyDelta.Between(graph, fresh) with { Ghosts = null };
                Assert.True(delta.IsEmpty);
                Assert.All(graph.Ghosts, ghost => Assert.False(graph.Nodes.ContainsKey(ghost.Name)));
            }
        });

    [Fact]
    public void A_service_that_did_not_change_keeps_its_node()
    {
        var registry = Mesh("cart", "orders");
        var before = TopologyGraph.Derive(registry.Current, TrafficFrame.Empty, Now);

        registry.Apply(new DeregisterInstance(new("orders", "i-0")) { Override = true, Reason = "test" });
        var after = before.Next(registry.Current, TrafficFrame.Empty, Now);

        Assert.Same(before.Nodes["cart"], after.Nodes["cart"]);
        Assert.NotEqual(before.Nodes["orders"], after.Nodes["orders"]);
    }

    [Fact]
    public void A_service_that_left_stays_as_a_ghost_for_five_minutes()
    {
        var registry = Mesh("cart", "orders");
        var graph = TopologyGraph.Derive(registry.Current, TrafficFrame.Empty, Now);
        registry.Apply(new DeleteService("orders") { Override = true, Reason = "test" });

        graph = graph.Next(registry.Current, TrafficFrame.Empty, Now);
        _time.Advance(Ghost.ShownFor - TimeSpan.FromTicks(1));
        var justBefore = graph.WithTraffic(TrafficFrame.Empty, Now);
        _time.Advance(TimeSpan.FromTicks(1));
        var then = graph.WithTraffic(TrafficFrame.Empty, Now);

        Assert.Equal("orders", Assert.Single(justBefore.Ghosts).Name);
        Assert.Empty(then.Ghosts);
    }

    [Fact]
    public void A_service_that_comes_back_is_no_ghost()
    {
        var registry = Mesh("cart", "orders");
        var graph = TopologyGraph.Derive(registry.Current, TrafficFrame.Empty, Now);
        registry.Apply(new DeleteService("orders") { Override = true, Reason = "test" });
        graph = graph.Next(registry.Current, TrafficFrame.Empty, Now);

        Register(registry, "orders");
        graph = graph.Next(registry.Current, TrafficFrame.Empty, Now);

        Assert.Empty(graph.Ghosts);
        Assert.Contains("orders", graph.Nodes.Keys);
    }

    [Fact]
    public void Another_generation_leaves_no_ghosts_of_the_old_one()
    {
        var graph = TopologyGraph.Derive(Mesh("cart").Current, TrafficFrame.Empty, Now);

        graph = graph.Next(Mesh("orders").Current, TrafficFrame.Empty, Now);

        Assert.Empty(graph.Ghosts);
        Assert.Equal(["orders"], graph.Nodes.Keys);
    }

    [Fact]
    public void A_caller_outside_the_registry_is_an_edge_and_no_node()
    {
        var key = new EdgeKey(TrafficSource.External, "cart");
        var traffic = new TrafficFrame { Edges = new Dictionary<EdgeKey, EdgeTraffic> { [key] = new(key, Meshes.Figures(10), Now) } };

        var graph = TopologyGraph.Derive(Mesh("cart").Current, traffic, Now);

        Assert.Equal(2, graph.Edges[key].Rps);
        Assert.Equal(["cart"], graph.Nodes.Keys);
    }

    [Theory]
    [InlineData(ServiceHealth.Unknown, "unknown unknown")]
    [InlineData(ServiceHealth.Healthy, "healthy healthy")]
    [InlineData(ServiceHealth.Healthy, "healthy unknown")]
    [InlineData(ServiceHealth.Degraded, "healthy unhealthy")]
    [InlineData(ServiceHealth.Degraded, "healthy degraded")]
    [InlineData(ServiceHealth.Unhealthy, "unhealthy unhealthy healthy")]
    [InlineData(ServiceHealth.Healthy, "healthy healthy unhealthy-drained")]
    [InlineData(ServiceHealth.Unhealthy, "healthy-drained")]
    public void Health_is_the_worst_that_callers_notice(ServiceHealth expected, string instances)
    {
        var registry = new InMemoryRegistry(_time);
        foreach (var (what, i) in instances.Split(' ').Select((what, i) => (what, i)))
        {
            var key = new InstanceKey("cart", $"i-{i}");
            registry.Apply(new RegisterInstance(key, new() { Address = "10.0.0.1", Port = 8000 + i, Zone = "zone-a" }));
            var health = Enum.Parse<HealthStatus>(what.Split('-')[0], ignoreCase: true);
            if (health != HealthStatus.Unknown)
            {
                registry.Apply(new RecordHealth("cart", [new(key, new(health, Now, null, 1))]));
            }

            if (what.EndsWith("-drained", StringComparison.Ordinal))
            {
                registry.Apply(new DrainInstance(key) { Override = true, Reason = "test" });
            }
        }

        var node = TopologyNode.From(registry.Current.Services["cart"]);

        Assert.Equal(expected, node.Health);
        Assert.Equal(node.Total, node.Healthy + node.Degraded + node.Unhealthy + node.Unknown);
        Assert.Equal([new ZoneCount("zone-a", node.Total, node.Serving)], node.Zones);
    }

    private InMemoryRegistry Mesh(params string[] services)
    {
        var registry = new InMemoryRegistry(_time);
        foreach (var service in services)
        {
            Register(registry, service);
        }

        return registry;
    }

    private static void Register(InMemoryRegistry registry, string service) =>
        registry.Apply(new RegisterInstance(new(service, "i-0"), new() { Address = "10.0.0.1", Port = 8000 }));
}
