namespace Dashboard.Core.Registry;

/// <summary>What happens when a drain's deadline passes while requests are still in flight, or while nobody can tell.</summary>
public enum DeadlineAction
{
    /// <summary>Stay draining and raise the alarm.</summary>
    Hold,

    /// <summary>Drained all the same: WebSockets are closed with 1001, the rest is reset.</summary>
    Force,

    /// <summary>Back to active.</summary>
    Undrain,
}

/// <summary>What an operator sets for a whole service.</summary>
public sealed record ServiceSettings
{
    public static readonly ServiceSettings Default = new();

    public ServiceProtocol Protocol { get; init; } = ServiceProtocol.Http;

    public BalancingPolicy Policy { get; init; } = BalancingPolicy.WeightedRoundRobin;

    public CheckSettings Check { get; init; } = CheckSettings.Default;

    /// <summary>How long a drain waits for requests in flight: 0-3600 s.</summary>
    public TimeSpan DrainDeadline { get; init; } = TimeSpan.FromSeconds(300);

    public DeadlineAction AtDeadline { get; init; } = DeadlineAction.Hold;

    /// <summary>Serving instances that an operator's act must leave, 0-10000.</summary>
    public int MinEligible { get; init; } = 1;

    /// <summary>The same as a percentage of the instances that are not in maintenance, rounded up, 0-100.</summary>
    public int MinEligiblePercent { get; init; } = 50;

    /// <summary>Below this percentage of eligible instances health is ignored, 0-100; 0 = never.</summary>
    public int PanicThreshold { get; init; } = 50;

    /// <summary>How long an instance may stay unhealthy or silent before it is removed; zero = never.</summary>
    public TimeSpan RemoveAfter { get; init; } = TimeSpan.FromMinutes(30);
}
