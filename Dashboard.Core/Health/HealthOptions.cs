namespace Dashboard.Core.Health;

/// <summary>How the console observes health.</summary>
public sealed record HealthOptions
{
    /// <summary>Where probes may go (<c>Health:AllowedNetworks</c>).</summary>
    public AllowedNetworks AllowedNetworks { get; init; } = AllowedNetworks.Default(withLoopback: true);

    /// <summary>Probes that may be under way at once, 1-65536 (<c>Health:MaxConcurrentProbes</c>). An instance that answers nothing holds one for its whole timeout.</summary>
    public int MaxConcurrentProbes { get; init; } = 4096;
}
