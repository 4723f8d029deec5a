using System.Collections.Immutable;

namespace Dashboard.Web.Demo;

/// <summary>What one service of the demo is and does.</summary>
internal sealed record DemoService(string Name)
{
    /// <summary>As in the HTTP API: <c>http</c> or <c>http2</c>.</summary>
    public string Protocol { get; init; } = "http";

    public string Policy { get; init; } = "weightedRoundRobin";

    /// <summary>Check kind: <c>http</c>, <c>tcp</c>, <c>grpc</c> or <c>ttl</c>.</summary>
    public string Check { get; init; } = "tcp";

    /// <summary>The typical time an answer takes, without what it waits for from other services.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>Part of the answers that are errors, 0-1.</summary>
    public double ErrorRate { get; init; }

    public ImmutableArray<DemoRoute> Routes { get; init; } = [];

    public required ImmutableArray<DemoInstance> Instances { get; init; }
}

/// <summary>One instance: what it registers.</summary>
internal sealed record DemoInstance(string Id, string Node, string Version = "v1", int Weight = 100)
{
    /// <summary>Nodes are named after their zone: <c>node-a1</c> stands in <c>zone-a</c>.</summary>
    public string Zone => $"zone-{Node[5]}";
}

/// <summary>What a path of a service asks of other services, all at the same time or one after the other.</summary>
internal sealed record DemoRoute(string Path, bool Together, params ImmutableArray<DemoCall> Calls);

/// <summary>A call to another service.</summary>
/// <param name="Chance">How often it is made, 0-1.</param>
/// <param name="Required">When it fails, so does the caller.</param>
internal sealed record DemoCall(string Service, string Path, string Method = "GET", double Chance = 1, bool Required = true);
