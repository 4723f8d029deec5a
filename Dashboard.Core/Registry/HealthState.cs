namespace Dashboard.Core.Registry;

/// <summary>What was observed of an instance.</summary>
public enum HealthStatus
{
    /// <summary>Never judged yet.</summary>
    Unknown,
    Healthy,
    Degraded,
    Unhealthy,
}

/// <summary>An instance's observed health with the evidence of its last transition.</summary>
/// <param name="Status">The verdict.</param>
/// <param name="Since">Since when it holds.</param>
/// <param name="Output">What the deciding probe or heartbeat said, at most 512 characters.</param>
/// <param name="Consecutive">How many results in a row decided it.</param>
public sealed record HealthState(HealthStatus Status, DateTimeOffset Since, string? Output, int Consecutive)
{
    public const int MaxOutputLength = 512;
}
