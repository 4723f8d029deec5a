using System.Net;

namespace Dashboard.Core.Discovery.Xds;

/// <summary>What xDS clients are told beyond the registry; section <c>Xds</c> of the configuration.</summary>
public sealed record XdsOptions
{
    public const string Section = "Xds";

    /// <summary>Where Envoy listens for requests to services; null: no listener is served, only clusters and their endpoints.</summary>
    public IPEndPoint? Egress { get; init; } = new(IPAddress.Loopback, 15001);

    /// <summary>Beside its bare name a service is known to Envoy as <c>{service}.{Zone}</c>; empty: not.</summary>
    public string Zone { get; init; } = "mesh";

    /// <summary>How often clients report their load.</summary>
    public TimeSpan LoadReportInterval { get; init; } = TimeSpan.FromSeconds(1);
}
