namespace Dashboard.Core.Registry;

/// <summary>One endpoint of a service with everything that decides about its traffic. Immutable.</summary>
public sealed record Instance
{
    public required InstanceKey Key { get; init; }

    public required InstanceEntry Entry { get; init; }

    public OperatorState Operator { get; init; } = OperatorState.None;

    /// <summary>The intent of the node that it runs on.</summary>
    public Intent NodeIntent { get; init; } = Intent.Active;

    /// <summary>Null: never judged yet.</summary>
    public HealthState? Health { get; init; }

    public string Id => Key.Id;

    public Registration Registration => Entry.Registration;

    public HealthStatus HealthStatus => Health?.Status ?? HealthStatus.Unknown;

    /// <summary>The stricter of its own intent and its node's.</summary>
    public Intent EffectiveIntent => Intent.Stricter(Operator.Intent, NodeIntent);

    /// <summary>Operator weight, else registered weight; while ramping the part of it that counts now (at least 1).</summary>
    public int EffectiveWeight
    {
        get
        {
            var weight = Operator.Weight ?? Registration.Weight;
            return Operator.Ramp is { } ramp && weight > 0 ? Math.Max(1, weight * ramp.Percent / 100) : weight;
        }
    }

    /// <summary>An operator lets it take traffic: intent active and weight above 0, whatever its health.</summary>
    public bool IsWanted => EffectiveIntent.IsActive && EffectiveWeight > 0;

    /// <summary>Intent active, weight above 0, health Healthy or Degraded.</summary>
    public bool IsEligible => IsWanted && HealthStatus is HealthStatus.Healthy or HealthStatus.Degraded;
}
