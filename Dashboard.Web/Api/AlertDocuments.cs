using Dashboard.Core.Attention;
using Dashboard.Core.Attention.Webhooks;
using Dashboard.Core.Registry;

namespace Dashboard.Web.Api;

/// <summary>What needs attention, the most urgent first.</summary>
/// <param name="Loud">Alerts that fire and are neither acknowledged nor silenced; of the whole board, whatever was asked for.</param>
/// <param name="Omitted">Conditions that are not kept as alerts because there are too many.</param>
/// <param name="Webhooks">How telling others goes, in the order of the configuration.</param>
internal sealed record AlertListDocument(int Firing, int Loud, int LoudCritical, int Omitted, IReadOnlyList<AlertDocument> Alerts, IReadOnlyList<WebhookDocument> Webhooks)
{
    public static AlertListDocument From(AlertBoard board, IEnumerable<Alert> alerts, WebhookStates webhooks) => new(
        board.Firing,
        board.Loud,
        board.LoudCritical,
        board.Omitted,
        [.. alerts.Select(AlertDocument.From)],
        [.. webhooks.States.Select(WebhookDocument.From)]);
}

/// <param name="Id">The same for every firing of this rule on this target, in every console.</param>
/// <param name="Target">service, service/instance, node:name, follower:id, operation:id, plan:id or registry:</param>
/// <param name="Since">Since when its condition holds.</param>
/// <param name="FiringSince">Null while it is pending.</param>
/// <param name="Link">The console's page where one acts.</param>
internal sealed record AlertDocument(
    string Id,
    AlertRule Rule,
    AlertSeverity Severity,
    AlertState State,
    string Target,
    string? Service,
    string? Instance,
    string? Node,
    string Summary,
    string Evidence,
    DateTimeOffset Since,
    DateTimeOffset? FiringSince,
    DateTimeOffset? ResolvedAt,
    MarkDocument? Acknowledgement,
    MarkDocument? Silence,
    string Link)
{
    public static AlertDocument From(Alert alert) => new(
        alert.Id,
        alert.Key.Rule,
        alert.Severity,
        alert.State,
        alert.Key.Target,
        alert.Finding.Service,
        alert.Finding.Instance,
        alert.Finding.Node,
        alert.Finding.Summary,
        alert.Finding.Evidence,
        alert.Since,
        alert.FiringSince,
        alert.ResolvedAt,
        MarkDocument.From(alert.Acknowledgement),
        MarkDocument.From(alert.Silence),
        alert.Finding.Place);
}

/// <summary>An acknowledgement or a silence.</summary>
/// <param name="Alert">Acknowledgements: rule and target of the alert.</param>
internal sealed record MarkDocument(long Id, AlertMarkKind Kind, string? Alert, string? Rule, string? Service, string? Instance, string? Node, DateTimeOffset At, DateTimeOffset Until, string Actor, string? Reason)
{
    public static MarkDocument? From(AlertMark? mark) => mark is null ? null : new(
        mark.Id, mark.Kind, mark.Match.Alert, mark.Match.Rule, mark.Match.Service, mark.Match.Instance, mark.Match.Node, mark.At, mark.Until, mark.Actor, mark.Reason);
}

internal sealed record SilenceListDocument(IReadOnlyList<MarkDocument> Silences);

/// <param name="Address">Scheme, host and port alone: the rest may be secret.</param>
/// <param name="Ours">Told by this console; of several on one registry one tells.</param>
internal sealed record WebhookDocument(
    string Name,
    string Address,
    WebhookFormat Format,
    bool Ours,
    int Waiting,
    long Delivered,
    DateTimeOffset? LastSuccess,
    string? LastFailure,
    DateTimeOffset? FailingSince,
    DateTimeOffset? NextAttempt)
{
    public static WebhookDocument From(WebhookState state) =>
        new(state.Name, state.Address, state.Format, state.IsOurs, state.Waiting, state.Delivered, state.LastSuccess, state.LastFailure, state.FailingSince, state.NextAttempt);
}

/// <summary>Either of the two says when it ends; neither: after 24 hours. It ends with the alert in any case.</summary>
internal sealed record AcknowledgeRequest(string? Reason = null, double? ForSeconds = null, DateTimeOffset? Until = null);

/// <summary>Which alerts, by everything that is given; and until when, by one of the two.</summary>
internal sealed record SilenceRequest(string Reason, string? Rule = null, string? Service = null, string? Instance = null, string? Node = null, double? ForSeconds = null, DateTimeOffset? Until = null);
