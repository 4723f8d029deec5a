using Dashboard.Core.Registry;
using Envoy.Config.Cluster.V3;
using Envoy.Config.Core.V3;
using Envoy.Config.Endpoint.V3;
using Envoy.Config.Listener.V3;
using Envoy.Config.Route.V3;
using Envoy.Extensions.Filters.Http.Router.V3;
using Envoy.Extensions.Filters.Network.HttpConnectionManager.V3;
using Envoy.Extensions.Upstreams.Http.V3;
using Envoy.Type.V3;
using Google.Protobuf.WellKnownTypes;
using Filter = Envoy.Config.Listener.V3.Filter;
using HealthStatus = Envoy.Config.Core.V3.HealthStatus;
using RetryPolicy = Envoy.Config.Route.V3.RetryPolicy;
using HttpProtocolOptions = Envoy.Extensions.Upstreams.Http.V3.HttpProtocolOptions;

namespace Dashboard.Core.Discovery.Xds;

/// <summary>
/// The registry as Envoy wants it: zones are localities, weights are on endpoints, one listener takes the requests to all services and routes by host.
/// </summary>
public sealed class EnvoyDialect(XdsOptions options) : XdsDialect
{
    /// <summary>The name of the listener and of its routes.</summary>
    public const string Egress = "egress";

    private const string ProtocolOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    private const string PreviousHosts = "envoy.retry_host_predicates.previous_hosts";
    private const string PreviousHostsType = "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate";

    // leastConnections wants the fewest of all: Envoy compares as many as this, powerOfTwoChoices as its name says.
    private const uint ManyChoices = 10;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

    internal override FollowerKind Kind => FollowerKind.Xds;

    internal override bool IsByService(XdsType type) => type is XdsType.Cluster or XdsType.Endpoints;

    internal override XdsResource DescribeEndpoints(ServingSet service) => XdsResource.Of(XdsType.Endpoints, service.Service, EndpointsOf(service));

    internal override IEnumerable<XdsResource> DescribeSettings(ServingSet service) => [XdsResource.Of(XdsType.Cluster, service.Service, ClusterOf(service))];

    internal override IEnumerable<XdsResource> DescribeAll(ServingCatalog catalog)
    {
        if (options.Egress is null)
            yield break;

        yield return XdsResource.Of(XdsType.Listener, Egress, EgressListener(options.Egress));
        yield return XdsResource.Of(XdsType.Route, Egress, RoutesTo(catalog.Services.Values.Where(IsRouted).Select(set => set.Service).Order(StringComparer.Ordinal)));
    }

    internal override bool ChangesAll(ServingSet? before, ServingSet? after) => (before is not null && IsRouted(before)) != (after is not null && IsRouted(after));

    private static bool IsRouted(ServingSet service) => service.Protocol != ServiceProtocol.Tcp;

    private static Cluster ClusterOf(ServingSet service)
    {
        var cluster = new Cluster
        {
            Name = service.Service,
            Type = Cluster.Types.DiscoveryType.Eds,
            EdsClusterConfig = new() { EdsConfig = Aggregated() },
            ConnectTimeout = ConnectTimeout.ToDuration(),
            // Panic is decided here and told by the serving set; Envoy's own would send to instances that are left out.
            CommonLbConfig = new() { HealthyPanicThreshold = new Percent { Value = 0 } },
        };
        switch (service.Policy)
        {
            case BalancingPolicy.Random:
                cluster.LbPolicy = Cluster.Types.LbPolicy.Random;
                break;
            case BalancingPolicy.LeastConnections:
                cluster.LbPolicy = Cluster.Types.LbPolicy.LeastRequest;
                cluster.LeastRequestLbConfig = new() { ChoiceCount = ManyChoices };
                break;
            case BalancingPolicy.PowerOfTwoChoices:
                cluster.LbPolicy = Cluster.Types.LbPolicy.LeastRequest;
                cluster.LeastRequestLbConfig = new() { ChoiceCount = 2 };
                break;
            default:
                cluster.LbPolicy = Cluster.Types.LbPolicy.RoundRobin;
                break;
        }

        if (service.Protocol is ServiceProtocol.Http2 or ServiceProtocol.Grpc)
            cluster.TypedExtensionProtocolOptions[ProtocolOptions] = Any.Pack(new HttpProtocolOptions { ExplicitHttpConfig = new() { Http2ProtocolOptions = new() } });

        return cluster;
    }

    private static ClusterLoadAssignment EndpointsOf(ServingSet service)
    {
        var serving = service.Endpoints.Select(endpoint => (endpoint.Id, endpoint.Zone, Endpoint: EndpointOf(endpoint.Address, endpoint.Port, HealthStatus.Healthy, WeightOf(service, endpoint))));
        // What drains keeps its requests and gets no more; what else an operator took out is not named at all.
        var draining = service.Leaving.Where(leaving => leaving.Intent == IntentKind.Draining)
            .Select(leaving => (leaving.Id, leaving.Zone, Endpoint: EndpointOf(leaving.Address, leaving.Port, HealthStatus.Draining, weight: null)));
        return new()
        {
            ClusterName = service.Service,
            Endpoints =
            {
                serving.Concat(draining)
                    .GroupBy(one => one.Zone ?? "", StringComparer.Ordinal)
                    .OrderBy(zone => zone.Key, StringComparer.Ordinal)
                    .Select(zone => new LocalityLbEndpoints
                    {
                        Locality = new() { Zone = zone.Key },
                        LbEndpoints = { zone.OrderBy(one => one.Id, StringComparer.Ordinal).Select(one => one.Endpoint) },
                    }),
            },
        };
    }

    // roundRobin gives each its turn, whatever it weighs.
    private static uint? WeightOf(ServingSet service, ServingEndpoint endpoint) => service.Policy == BalancingPolicy.RoundRobin ? null : (uint)endpoint.Weight;

    private static LbEndpoint EndpointOf(string address, int port, HealthStatus health, uint? weight) => new()
    {
        Endpoint = new() { Address = new() { SocketAddress = new() { Address = address, PortValue = (uint)port } } },
        HealthStatus = health,
        LoadBalancingWeight = weight,
    };

    private static Listener EgressListener(System.Net.IPEndPoint endpoint) => new()
    {
        Name = Egress,
        Address = new() { SocketAddress = new() { Address = endpoint.Address.ToString(), PortValue = (uint)endpoint.Port } },
        TrafficDirection = TrafficDirection.Outbound,
        FilterChains =
        {
            new FilterChain
            {
                Filters =
                {
                    new Filter
                    {
                        Name = "envoy.filters.network.http_connection_manager",
                        TypedConfig = Any.Pack(new HttpConnectionManager
                        {
                            StatPrefix = Egress,
                            Rds = new() { ConfigSource = Aggregated(), RouteConfigName = Egress },
                            HttpFilters = { new HttpFilter { Name = "envoy.filters.http.router", TypedConfig = Any.Pack(new Router()) } },
                            UpgradeConfigs = { new HttpConnectionManager.Types.UpgradeConfig { UpgradeType = "websocket" } },
                            // orders:8080 means the same as orders.
                            StripAnyHostPort = true,
                        }),
                    },
                },
            },
        },
    };

    private RouteConfiguration RoutesTo(IEnumerable<string> services) => new()
    {
        Name = Egress,
        VirtualHosts =
        {
            services.Select(service => new VirtualHost
            {
                Name = service,
                Domains = { options.Zone.Length == 0 ? [service] : [service, $"{service}.{options.Zone}"] },
                Routes =
                {
                    new Route
                    {
                        Match = new() { Prefix = "/" },
                        Route_ = new()
                        {
                            Cluster = service,
                            // Streams and long polls last as long as they like.
                            Timeout = TimeSpan.Zero.ToDuration(),
                            RetryPolicy = RetryOfConnects(),
                        },
                    },
                },
            }),
        },
    };

    // Where nothing was sent another instance may have it, as the gateway does.
    private static RetryPolicy RetryOfConnects() => new()
    {
        RetryOn = "connect-failure,refused-stream",
        NumRetries = 2,
        RetryHostPredicate = { new RetryPolicy.Types.RetryHostPredicate { Name = PreviousHosts, TypedConfig = new Any { TypeUrl = PreviousHostsType } } },
        HostSelectionRetryMaxAttempts = 3,
    };
}
