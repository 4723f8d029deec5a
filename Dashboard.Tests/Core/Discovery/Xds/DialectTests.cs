using Dashboard.Core.Discovery.Xds;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;
using Envoy.Config.Cluster.V3;
using Envoy.Config.Core.V3;
using Envoy.Config.Endpoint.V3;
using Envoy.Config.Listener.V3;
using Envoy.Config.Route.V3;
using Envoy.Extensions.Filters.Network.HttpConnectionManager.V3;
using Google.Protobuf;

namespace Dashboard.Tests.Core.Discovery.Xds;

public sealed class DialectTests
{
    private static readonly ServingSet Orders = ServingSets.Of(
        "orders",
        ServingSets.Endpoint("o-1", "10.0.0.1", 8080, 300, "zone-a"),
        ServingSets.Endpoint("o-2", "10.0.0.2", 8080, 100, "zone-b"),
        ServingSets.Endpoint("o-3", "fd00::3", 8080, 1, "zone-a")) with
    {
        Total = 7,
        Leaving =
        [
            new("o-4", "10.0.0.4", 8080, IntentKind.Draining, Forced: false, "zone-b"),
            new("o-5", "10.0.0.5", 8080, IntentKind.Drained, Forced: false, "zone-b"),
            new("o-6", "10.0.0.6", 8080, IntentKind.Maintenance, Forced: false, "zone-b"),
        ],
    };

    [Fact]
    public void Envoy_gets_zones_as_localities_weights_on_endpoints_and_what_drains_as_draining()
    {
        var assignment = Of<ClusterLoadAssignment>(Envoy(Orders), XdsType.Endpoints, "orders");

        Assert.Equal(["zone-a", "zone-b"], assignment.Endpoints.Select(locality => locality.Locality.Zone));
        Assert.All(assignment.Endpoints, locality => Assert.Null(locality.LoadBalancingWeight));
        Assert.Equal(
            ["10.0.0.1 Healthy 300", "fd00::3 Healthy 1", "10.0.0.2 Healthy 100", "10.0.0.4 Draining "],
            assignment.Endpoints.SelectMany(locality => locality.LbEndpoints).Select(one => $"{one.Endpoint.Address.SocketAddress.Address} {one.HealthStatus} {one.LoadBalancingWeight}"));
        Assert.Null(Of<Cluster>(Envoy(Orders), XdsType.Cluster, "orders").CommonLbConfig.LocalityWeightedLbConfig);
    }

    [Fact]
    public void Grpc_gets_a_locality_with_the_weight_for_each_serving_instance_and_no_other()
    {
        var assignment = Of<ClusterLoadAssignment>(Grpc(Orders), XdsType.Endpoints, "orders");

        Assert.Equal(
            ["zone-a/o-1 300 10.0.0.1", "zone-b/o-2 100 10.0.0.2", "zone-a/o-3 1 fd00::3"],
            assignment.Endpoints.Select(locality => $"{locality.Locality.Zone}/{locality.Locality.SubZone} {locality.LoadBalancingWeight} {Assert.Single(locality.LbEndpoints).Endpoint.Address.SocketAddress.Address}"));
        Assert.NotNull(Of<Cluster>(Grpc(Orders), XdsType.Cluster, "orders").LrsServer.Self);
    }

    [Theory]
    [InlineData(BalancingPolicy.RoundRobin, Cluster.Types.LbPolicy.RoundRobin, null)]
    [InlineData(BalancingPolicy.WeightedRoundRobin, Cluster.Types.LbPolicy.RoundRobin, 300u)]
    [InlineData(BalancingPolicy.Random, Cluster.Types.LbPolicy.Random, 300u)]
    [InlineData(BalancingPolicy.LeastConnections, Cluster.Types.LbPolicy.LeastRequest, 300u)]
    [InlineData(BalancingPolicy.PowerOfTwoChoices, Cluster.Types.LbPolicy.LeastRequest, 300u)]
    public void The_services_policy_is_Envoys(BalancingPolicy policy, Cluster.Types.LbPolicy expected, uint? weight)
    {
        var view = Envoy(Orders with { Policy = policy });

        var cluster = Of<Cluster>(view, XdsType.Cluster, "orders");
        Assert.Equal(expected, cluster.LbPolicy);
        Assert.Equal(0, cluster.CommonLbConfig.HealthyPanicThreshold.Value);
        Assert.Equal(weight, Of<ClusterLoadAssignment>(view, XdsType.Endpoints, "orders").Endpoints[0].LbEndpoints[0].LoadBalancingWeight);
        // gRPC chooses among localities, whatever the policy; where weights do not count they are equal.
        var grpc = Grpc(Orders with { Policy = policy });
        Assert.Equal(Cluster.Types.LbPolicy.RoundRobin, Of<Cluster>(grpc, XdsType.Cluster, "orders").LbPolicy);
        Assert.Equal(policy == BalancingPolicy.RoundRobin ? 1u : 300u, Of<ClusterLoadAssignment>(grpc, XdsType.Endpoints, "orders").Endpoints[0].LoadBalancingWeight);
    }

    [Fact]
    public void Envoy_routes_by_host_to_every_service_but_those_of_plain_tcp()
    {
        var view = Envoy(Orders, ServingSets.Of("db") with { Service = "db", Protocol = ServiceProtocol.Tcp });

        var routes = Of<RouteConfiguration>(view, XdsType.Route, EnvoyDialect.Egress);
        Assert.Equal(["orders", "orders.mesh"], Assert.Single(routes.VirtualHosts).Domains);
        Assert.NotNull(view.Find(XdsType.Cluster, "db"));
        var listener = Of<Listener>(view, XdsType.Listener, EnvoyDialect.Egress);
        Assert.Equal(("127.0.0.1", 15001u), (listener.Address.SocketAddress.Address, listener.Address.SocketAddress.PortValue));
        Assert.Equal(EnvoyDialect.Egress, listener.FilterChains[0].Filters[0].TypedConfig.Unpack<HttpConnectionManager>().Rds.RouteConfigName);
    }

    [Theory]
    [InlineData(ServiceProtocol.Http, false)]
    [InlineData(ServiceProtocol.Http2, true)]
    [InlineData(ServiceProtocol.Grpc, true)]
    public void Envoy_speaks_http2_to_those_who_do(ServiceProtocol protocol, bool http2) =>
        Assert.Equal(http2, Of<Cluster>(Envoy(Orders with { Protocol = protocol }), XdsType.Cluster, "orders").TypedExtensionProtocolOptions.Count == 1);

    [Fact]
    public void Every_resource_keeps_the_rules_of_its_proto()
    {
        foreach (var policy in Enum.GetValues<BalancingPolicy>())
        {
            foreach (var protocol in Enum.GetValues<ServiceProtocol>())
            {
                foreach (var view in new[] { Envoy(Orders with { Policy = policy, Protocol = protocol }), Grpc(Orders with { Policy = policy, Protocol = protocol }), Envoy(), Grpc() })
                {
                    Assert.Empty(view.All(XdsType.Cluster).Values.SelectMany(one => ValidateRules.Faults(one.Any.Unpack<Cluster>())));
                    Assert.Empty(view.All(XdsType.Endpoints).Values.SelectMany(one => ValidateRules.Faults(one.Any.Unpack<ClusterLoadAssignment>())));
                    Assert.Empty(view.All(XdsType.Listener).Values.SelectMany(one => ValidateRules.Faults(one.Any.Unpack<Listener>())));
                    Assert.Empty(view.All(XdsType.Route).Values.SelectMany(one => ValidateRules.Faults(one.Any.Unpack<RouteConfiguration>())));
                }
            }
        }
    }

    [Fact]
    public void The_rules_find_what_is_wrong()
    {
        var faults = string.Join('\n', ValidateRules.Faults(new LocalityLbEndpoints
        {
            LoadBalancingWeight = 0,
            LbEndpoints = { new LbEndpoint { Endpoint = new() { Address = new() { SocketAddress = new SocketAddress { PortValue = 99_999 } } } } },
        }));

        Assert.Contains("load_balancing_weight: is 0", faults, StringComparison.Ordinal);
        Assert.Contains("socket_address.address: has 0 characters", faults, StringComparison.Ordinal);
        Assert.Contains("port_value: is 99999", faults, StringComparison.Ordinal);
        Assert.Contains("one of port_specifier is required", string.Join('\n', ValidateRules.Faults(new SocketAddress { Address = "10.0.0.1" })), StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_shares_what_did_not_change_with_the_view_before()
    {
        var world = new XdsWorld(new EnvoyDialect(new()), XdsWorld.Service("orders", 1), XdsWorld.Service("cart", 1));
        var before = world.View;

        var (after, changed) = before.Next(before.Catalog with { Revision = 2, Services = before.Catalog.Services.SetItem("orders", XdsWorld.Service("orders", 2)) }, ["orders", "cart"]);

        Assert.Equal([new XdsKey(XdsType.Endpoints, "orders")], changed);
        Assert.Same(before.Find(XdsType.Cluster, "orders"), after.Find(XdsType.Cluster, "orders"));
        Assert.Same(before.Find(XdsType.Endpoints, "cart"), after.Find(XdsType.Endpoints, "cart"));
        Assert.Same(before.Find(XdsType.Route, "egress"), after.Find(XdsType.Route, "egress"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_a_service_whose_instances_changed_nothing_else_is_described(bool grpc)
    {
        XdsDialect dialect = grpc ? new GrpcDialect() : new EnvoyDialect(new());

        Assert.Equal([XdsType.Endpoints], dialect.Describe(Orders, Orders with { Leaving = [] }).Select(resource => resource.Type));
        Assert.Contains(XdsType.Cluster, dialect.Describe(Orders, Orders with { Policy = BalancingPolicy.Random }).Select(resource => resource.Type));
        Assert.Contains(XdsType.Cluster, dialect.Describe(Orders, Orders with { Protocol = ServiceProtocol.Grpc }).Select(resource => resource.Type));
        Assert.Contains(XdsType.Cluster, dialect.Describe(null, Orders).Select(resource => resource.Type));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void After_any_steps_the_resources_are_those_of_a_catalog_that_is_described_anew(bool grpc)
    {
        XdsDialect dialect = grpc ? new GrpcDialect() : new EnvoyDialect(new());
        var world = new XdsWorld(dialect, Orders, XdsWorld.Service("cart", 1));
        Action[] steps =
        [
            () => world.Put(XdsWorld.Service("cart", 2, 3)),
            () => world.Put(Orders with { Policy = BalancingPolicy.LeastConnections }),
            () => world.Put(Orders with { Protocol = ServiceProtocol.Tcp }),
            () => world.Put(Orders with { Protocol = ServiceProtocol.Grpc, Leaving = [] }, XdsWorld.Service("new", 1)),
            () => world.Remove("cart"),
            () => world.Put(XdsWorld.Service("cart", 5) with { Policy = BalancingPolicy.Random }),
            () => world.Tick(),
        ];
        foreach (var step in steps)
        {
            step();
            var anew = XdsView.Of(dialect, world.View.Catalog);
            Assert.All(Enum.GetValues<XdsType>(), type => Assert.Equal(Versions(anew, type), Versions(world.View, type)));
        }

        static IEnumerable<string> Versions(XdsView view, XdsType type) => view.All(type).Values.Select(one => $"{one.Name} {one.Version}").Order(StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("gRPC C-core linux", true)]
    [InlineData("gRPC Node Pure JS", true)]
    [InlineData("envoy", false)]
    [InlineData("", false)]
    public void Clients_are_known_by_what_they_call_themselves(string agent, bool grpc) => Assert.Equal(grpc, XdsDialect.IsGrpc(new() { UserAgentName = agent }));

    private static XdsView Envoy(params ServingSet[] services) => new XdsWorld(new EnvoyDialect(new()), services).View;

    private static XdsView Grpc(params ServingSet[] services) => new XdsWorld(new GrpcDialect(), services).View;

    private static T Of<T>(XdsView view, XdsType type, string name)
        where T : IMessage, new() => view.Find(type, name)!.Any.Unpack<T>();
}
