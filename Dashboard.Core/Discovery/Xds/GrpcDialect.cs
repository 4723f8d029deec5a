using Dashboard.Core.Registry;
using Envoy.Config.Cluster.V3;
using Envoy.Config.Core.V3;
using Envoy.Config.Endpoint.V3;
using Envoy.Config.Listener.V3;
using Envoy.Config.Route.V3;
using Envoy.Extensions.Filters.Http.Router.V3;
using Envoy.Extensions.Filters.Network.HttpConnectionManager.V3;
using Google.Protobuf.WellKnownTypes;
using HealthStatus = Envoy.Config.Core.V3.HealthStatus;

namespace Dashboard.Core.Discovery.Xds;

/// <summary>
/// The registry as gRPC clients without a proxy want it (<c>xds:///orders</c>). They ignore the weights of endpoints, skip localities without a weight and report their load by locality: so each
/// instance is a locality of its own.
/// </summary>
public sealed class GrpcDialect : XdsDialect
{
    internal override FollowerKind Kind => FollowerKind.GrpcXds;

    internal override bool IsByService(XdsType type) => true;

    internal override XdsResource DescribeEndpoints(ServingSet service) => XdsResource.Of(XdsType.Endpoints, service.Service, EndpointsOf(service));

    internal override IEnumerable<XdsResource> DescribeSettings(ServingSet service)
    {
        var name = service.Service;
        yield return XdsResource.Of(XdsType.Cluster, name, ClusterOf(name));
        yield return XdsResource.Of(XdsType.Listener, name, ListenerOf(name));
        yield return XdsResource.Of(XdsType.Route, name, RouteOf(name));
    }

    internal override IEnumerable<XdsResource> DescribeAll(ServingCatalog catalog) => [];

    internal override bool ChangesAll(ServingSet? before, ServingSet? after) => false;

    // Instances are chosen as localities are, at random by weight, under every policy: other policies would choose within a locality, which has one instance.
    private static Cluster ClusterOf(string service) => new()
    {
        Name = service,
        Type = Cluster.Types.DiscoveryType.Eds,
        EdsClusterConfig = new() { EdsConfig = Aggregated() },
        LbPolicy = Cluster.Types.LbPolicy.RoundRobin,
        LrsServer = new() { Self = new() },
    };

    private static ClusterLoadAssignment EndpointsOf(ServingSet service) => new()
    {
        ClusterName = service.Service,
        Endpoints =
        {
            service.Endpoints.Select(endpoint => new LocalityLbEndpoints
            {
                Locality = new() { Zone = endpoint.Zone ?? "", SubZone = endpoint.Id },
                LoadBalancingWeight = service.Policy == BalancingPolicy.RoundRobin ? 1u : (uint)endpoint.Weight,
                LbEndpoints =
                {
                    new LbEndpoint
                    {
                        Endpoint = new() { Address = new() { SocketAddress = new() { Address = endpoint.Address, PortValue = (uint)endpoint.Port } } },
                        HealthStatus = HealthStatus.Healthy,
                    },
                },
            }),
        },
    };

    private static Listener ListenerOf(string service) => new()
    {
        Name = service,
        ApiListener = new()
        {
            ApiListener_ = Any.Pack(new HttpConnectionManager
            {
                StatPrefix = service,
                Rds = new() { ConfigSource = Aggregated(), RouteConfigName = service },
                HttpFilters = { new HttpFilter { Name = "router", TypedConfig = Any.Pack(new Router()) } },
            }),
        },
    };

    private static RouteConfiguration RouteOf(string service) => new()
    {
        Name = service,
        VirtualHosts =
        {
            new VirtualHost
            {
                Name = service,
                // The name was resolved already: whatever authority the client sends, it means this service.
                Domains = { "*" },
                Routes = { new Route { Match = new() { Prefix = "" }, Route_ = new() { Cluster = service } } },
            },
        },
    };
}
