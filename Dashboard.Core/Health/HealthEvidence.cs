using Dashboard.Core.Registry;

namespace Dashboard.Core.Health;

/// <summary>The last look at an instance, newer than the last transition that the registry keeps.</summary>
public sealed record HealthEvidence
{
    public required CheckKind Kind { get; init; }

    /// <summary>The present verdict of rise and fall; the registry follows it.</summary>
    public required HealthStatus Verdict { get; init; }

    /// <summary>What the last result said; null while there was none.</summary>
    public CheckOutcome? Outcome { get; init; }

    /// <summary>What was seen last, or why nothing is looked at.</summary>
    public string Output { get; init; } = "";

    /// <summary>When the last result came.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>How long the last probe took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Passes in a row.</summary>
    public int Passes { get; init; }

    /// <summary>Failures in a row.</summary>
    public int Failures { get; init; }

    /// <summary>When it is looked at next; for a ttl check when its lease ends. Null = not planned.</summary>
    public DateTimeOffset? Next { get; init; }
}
