namespace Dashboard.Core.Health.Leases;

/// <summary>How consoles on one store divide their work.</summary>
public sealed record LeaseOptions
{
    /// <summary>How long a share is held without renewal, 1-60 s (<c>Replica:LeaseSeconds</c>). What a dead console held is taken over within two of it.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often it is renewed.</summary>
    public TimeSpan RenewEvery => Lease / 4;

    /// <summary>How much sooner than in the store it ends here, for clocks that run apart.</summary>
    public TimeSpan Margin => Lease / 10;
}
