namespace Dashboard.Core.Registry;

/// <summary>
/// What operators decided about an instance. Keyed by service and instance id, and outlives deregistration, removal and restarts.
/// </summary>
public sealed record OperatorState
{
    public static readonly OperatorState None = new();

    public Intent Intent { get; init; } = Intent.Active;

    /// <summary>Operator weight, 0-10000; null = the registered weight counts.</summary>
    public int? Weight { get; init; }

    /// <summary>A ramped undrain under way; null = full weight.</summary>
    public Ramp? Ramp { get; init; }

    /// <summary>The revision that last changed it; 0 = never.</summary>
    public long Revision { get; init; }

    /// <summary>Since when the instance is not registered; null while it is. The state is forgotten 30 days later.</summary>
    public DateTimeOffset? AbsentSince { get; init; }

    /// <summary>True when it says nothing that is worth keeping.</summary>
    public bool IsDefault => Intent.IsActive && Weight is null && Ramp is null;
}

/// <summary>Weight that grows back after an undrain.</summary>
/// <param name="StartedAt">When it began.</param>
/// <param name="Seconds">How long it takes, 1-3600 s.</param>
/// <param name="Percent">What part of the weight counts now, 10-100.</param>
public sealed record Ramp(DateTimeOffset StartedAt, int Seconds, int Percent);
