namespace Dashboard.Core.Topology;

/// <summary>The health of a service in one word: the worst that matters to its callers.</summary>
public enum ServiceHealth
{
    /// <summary>None of its instances was ever judged.</summary>
    Unknown,

    /// <summary>Every instance that an operator lets take traffic is healthy.</summary>
    Healthy,

    /// <summary>It answers, but an instance is degraded, unhealthy or not judged yet.</summary>
    Degraded,

    /// <summary>Nobody serves it, or health is being ignored (panic).</summary>
    Unhealthy,

    /// <summary>No instance is registered.</summary>
    Empty,
}
