using Dashboard.Core.Registry;

namespace Dashboard.Core.Attention;

/// <summary>Where an alert is in its life.</summary>
public enum AlertState
{
    /// <summary>The condition holds, but not for long enough.</summary>
    Pending,

    Firing,

    /// <summary>The condition is gone.</summary>
    Resolved,
}

/// <summary>One thing that needs attention, from the first look that found it until some minutes after the last. Immutable; compares by value.</summary>
/// <param name="Since">Since when the condition holds; the same for the whole of this firing, in every console that can read it from the registry.</param>
public sealed record Alert(Finding Finding, AlertSeverity Severity, AlertState State, DateTimeOffset Since)
{
    public AlertKey Key => Finding.Key;

    /// <summary>Stands for the key in addresses.</summary>
    public string Id { get; } = Finding.Key.Fingerprint;

    /// <summary>When it began to fire; null while it is pending.</summary>
    public DateTimeOffset? FiringSince { get; init; }

    public DateTimeOffset? ResolvedAt { get; init; }

    /// <summary>Who looks after it; null = nobody said so.</summary>
    public AlertMark? Acknowledgement { get; init; }

    /// <summary>The silence that covers it and lasts longest; null = none does.</summary>
    public AlertMark? Silence { get; init; }

    /// <summary>It fires, and nobody has said that they know.</summary>
    public bool IsLoud => State == AlertState.Firing && Acknowledgement is null && Silence is null;

    /// <summary>Whether a mark is about this alert.</summary>
    public static bool Covers(AlertMatch match, Finding finding) => match.Alert is { } alert
        ? alert == finding.Name
        : (match.Rule is null || match.Rule == finding.Key.RuleName)
            && (match.Service is null || match.Service == finding.Service)
            && (match.Instance is null || match.Instance == finding.Instance)
            && (match.Node is null || match.Node == finding.Node);
}
