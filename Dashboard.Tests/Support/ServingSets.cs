using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Tests.Support;

/// <summary>Serving sets for tests that need no registry.</summary>
internal static class ServingSets
{
    /// <summary>Instances i-0, i-1, ... with these weights, all serving.</summary>
    public static ServingSet Of(params int[] weights) => Of(BalancingPolicy.WeightedRoundRobin, weights);

    public static ServingSet Of(BalancingPolicy policy, params int[] weights) => new()
    {
        Service = "orders",
        Protocol = ServiceProtocol.Http,
        Policy = policy,
        Revision = 1,
        Panic = false,
        Total = weights.Length,
        Endpoints = [.. weights.Select((weight, i) => new ServingEndpoint($"i-{i:D5}", "10.0.0.1", 1 + i, weight, null, null, null))],
        Leaving = [],
    };

    /// <summary>A service with these endpoints, all serving.</summary>
    public static ServingSet Of(string service, params ServingEndpoint[] endpoints) => new()
    {
        Service = service,
        Protocol = ServiceProtocol.Http,
        Policy = BalancingPolicy.WeightedRoundRobin,
        Revision = 1,
        Panic = false,
        Total = endpoints.Length,
        Endpoints = [.. endpoints],
        Leaving = [],
    };

    public static ServingEndpoint Endpoint(string id, string address, int port = 8080, int weight = 100, string? zone = null, string? version = null) =>
        new(id, address, port, weight, zone, null, version);
}
