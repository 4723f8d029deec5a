using System.Collections.Immutable;

namespace Dashboard.Core.Discovery;

/// <summary>What kind of data plane follows.</summary>
public enum FollowerKind
{
    Gateway,
    Http,
    Watch,
    Xds,
    GrpcXds,
    AgentCheck,
    Dns,
}

/// <summary>A data plane that follows the registry, and how far it has come.</summary>
public sealed record Follower
{
    /// <summary>The name it gave itself, or kind and address.</summary>
    public required string Id { get; init; }

    public required FollowerKind Kind { get; init; }

    public string? Address { get; init; }

    /// <summary>The services it follows; null = all.</summary>
    public ImmutableHashSet<string>? Services { get; init; }

    /// <summary>It reports its traffic, so that its requests in flight can be known.</summary>
    public bool Reports { get; init; }

    public bool Connected { get; init; }

    public required DateTimeOffset Since { get; init; }

    public required DateTimeOffset LastSeen { get; init; }

    public Guid Generation { get; init; }

    /// <summary>The last revision it said it has taken; 0 = none yet.</summary>
    public long Acknowledged { get; init; }

    public DateTimeOffset? AcknowledgedAt { get; init; }

    /// <summary>What it refused last, with its revision; null = nothing.</summary>
    public string? LastRefusal { get; init; }

    public long? RefusedRevision { get; init; }

    /// <summary>When its last report came.</summary>
    public DateTimeOffset? LastReport { get; init; }

    public bool Follows(string service) => Services is null || Services.Contains(service);
}
