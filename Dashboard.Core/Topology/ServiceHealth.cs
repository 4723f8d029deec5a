namespace Dashboard.Core.Topology;

/// <summary>The health of a service in one word: the worst that matters to its callers.</summary>
public enum ServiceHealth
{
    /// <summary>Nobody serves it, since none of its instances was ever judged.</summary>
    Unknown,

    /// <summary>It serves, and no instance that an operator lets take traffic is ill.</summary>
    Healthy,

    /// <summary>It serves, but an instance that an operator lets take traffic is degraded or unhealthy.</summary>
    Degraded,

    /// <summary>Nobody serves it, or health is being ignored (panic).</summary>
    Unhealthy,

    /// <summary>No instance is registered.</summary>
    Empty,
}
