using System.Text.Json.Serialization;

namespace Dashboard.Core.Attention.Webhooks;

/// <summary>An alert as a webhook is told of it.</summary>
/// <param name="Fingerprint">The same for every firing of the same rule and target, in every console and after every restart.</param>
/// <param name="StartsAt">Since when the condition holds. With the fingerprint it names one firing: a receiver that has seen both has seen this.</param>
/// <param name="EndsAt">When it was resolved; null while it fires.</param>
public sealed record AlertNotice(
    string Fingerprint,
    string Rule,
    AlertSeverity Severity,
    string Target,
    string? Service,
    string? Instance,
    string? Node,
    string Summary,
    string Evidence,
    string Place,
    DateTimeOffset StartsAt,
    DateTimeOffset? EndsAt)
{
    [JsonIgnore]
    public bool IsFiring => EndsAt is null;

    public static AlertNotice From(Alert alert) => new(
        alert.Id,
        alert.Key.RuleName,
        alert.Severity,
        alert.Key.Target,
        alert.Finding.Service,
        alert.Finding.Instance,
        alert.Finding.Node,
        alert.Finding.Summary,
        alert.Finding.Evidence,
        alert.Finding.Place,
        alert.Since,
        alert.ResolvedAt);
}
