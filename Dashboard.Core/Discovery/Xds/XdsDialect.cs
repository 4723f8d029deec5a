using Dashboard.Core.Registry;
using Envoy.Config.Core.V3;

namespace Dashboard.Core.Discovery.Xds;

/// <summary>How a family of clients wants the registry put: the same registry makes different resources for Envoy and for gRPC.</summary>
public abstract class XdsDialect
{
    /// <summary>What the <c>user_agent_name</c> of gRPC's own xDS clients begins with.</summary>
    private const string GrpcUserAgent = "gRPC";

    private const string SilentUserAgent = "gRPC C-core";

    internal abstract FollowerKind Kind { get; }

    /// <summary>True when resources of this type bear services' names: who refuses one refuses that service alone.</summary>
    internal abstract bool IsByService(XdsType type);

    /// <summary>The instances of one service.</summary>
    internal abstract XdsResource DescribeEndpoints(ServingSet service);

    /// <summary>The other resources of one service. They say nothing but its name, its protocol and its policy.</summary>
    internal abstract IEnumerable<XdsResource> DescribeSettings(ServingSet service);

    /// <summary>The resources of one service that may be other than before: nearly always its instances alone.</summary>
    /// <param name="before">What was described last; null = nothing.</param>
    internal IEnumerable<XdsResource> Describe(ServingSet? before, ServingSet service) =>
        before is not null && (before.Protocol, before.Policy) == (service.Protocol, service.Policy) ? [DescribeEndpoints(service)] : [.. DescribeSettings(service), DescribeEndpoints(service)];

    /// <summary>The resources that are about many services at once.</summary>
    internal abstract IEnumerable<XdsResource> DescribeAll(ServingCatalog catalog);

    /// <summary>True when this step of a service changes what <see cref="DescribeAll"/> says. Null: it is not there.</summary>
    internal abstract bool ChangesAll(ServingSet? before, ServingSet? after);

    /// <summary>True for a gRPC client without a proxy, by what it calls itself.</summary>
    public static bool IsGrpc(Node? node) => node?.UserAgentName.StartsWith(GrpcUserAgent, StringComparison.Ordinal) == true;

    /// <summary>True for a client that leaves out load reports for as long as it sends nothing: gRPC's C core, which C++, Python, Ruby and PHP use. Its connection's pings tell that it lives.</summary>
    public static bool IsSilentWhenIdle(Node? node) => node?.UserAgentName.StartsWith(SilentUserAgent, StringComparison.Ordinal) == true;

    // Everything comes over the one aggregated stream.
    private protected static ConfigSource Aggregated() => new() { Ads = new(), ResourceApiVersion = ApiVersion.V3 };
}
