using Dashboard.Core.Attention;
using Dashboard.Core.Attention.Webhooks;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Console.State;

namespace Dashboard.Web.Console.Attention;

/// <summary>Alerts in an operator's words, and the groups that the page shows them in.</summary>
internal static class AlertWords
{
    public const string Address = "/alerts";

    public static string Severity(AlertSeverity severity) => severity == AlertSeverity.Critical ? "Critical" : "Warning";

    /// <summary>The severity's shape: the same as of what is unhealthy and degraded.</summary>
    public static MeshState Mark(AlertSeverity severity) => severity == AlertSeverity.Critical ? MeshState.Unhealthy : MeshState.Degraded;

    public static AlertGroup GroupOf(Alert alert) => alert.State switch
    {
        AlertState.Pending => AlertGroup.Pending,
        AlertState.Resolved => AlertGroup.Resolved,
        _ => alert.Silence is not null ? AlertGroup.Silenced : alert.Acknowledgement is not null ? AlertGroup.Acknowledged : AlertGroup.Firing,
    };

    public static string Title(AlertGroup group) => group switch
    {
        AlertGroup.Firing => "Firing",
        AlertGroup.Acknowledged => "Acknowledged",
        AlertGroup.Silenced => "Silenced",
        AlertGroup.Pending => "About to fire",
        _ => "Lately resolved",
    };

    public static MeshState Mark(AlertGroup group) => group switch
    {
        AlertGroup.Firing => MeshState.Unhealthy,
        AlertGroup.Acknowledged => MeshState.UnderWay,
        AlertGroup.Silenced => MeshState.Ended,
        AlertGroup.Pending => MeshState.Stale,
        _ => MeshState.Healthy,
    };

    /// <summary>What an alert is about that is about no service and no host.</summary>
    public static string Where(Alert alert) => alert.Key.Target == WithholdRegistry.Registry ? "the registry" : ChangeWords.TargetText(alert.Key.Target);

    public static string Rule(AlertRule rule) => RuleBook.Of(rule).Title;

    /// <summary>A rule by the name that matches and marks hold; as it is when it is none.</summary>
    public static string Rule(string name) => RuleBook.All.FirstOrDefault(rule => AlertKey.NameOf(rule.Rule) == name)?.Title ?? name;

    /// <summary>What a mark is about: <c>“Instance unhealthy”, service orders</c>.</summary>
    public static string What(AlertMatch match)
    {
        if (match.Alert is { } alert)
            return Named(alert);

        var parts = new List<string>();
        if (match.Rule is { } rule)
            parts.Add($"“{Rule(rule)}”");
        if (match.Service is { } service)
            parts.Add($"service {service}");
        if (match.Instance is { } instance)
            parts.Add($"instance {instance}");
        if (match.Node is { } node)
            parts.Add($"host {node}");
        return parts.Count == 0 ? "every alert" : string.Join(", ", parts);
    }

    /// <summary>A key as text: <c>“Instance unhealthy” of orders/orders-1</c>.</summary>
    public static string Named(string key)
    {
        var colon = key.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? key : key[(colon + 1)..] is "registry:" ? $"“{Rule(key[..colon])}”" : $"“{Rule(key[..colon])}” of {ChangeWords.TargetText(key[(colon + 1)..])}";
    }

    public static string Format(WebhookFormat format) => format == WebhookFormat.Alertmanager ? "Alertmanager" : "JSON";
}

/// <summary>How the page groups alerts, in its order.</summary>
public enum AlertGroup
{
    Firing,
    Acknowledged,
    Silenced,
    Pending,
    Resolved,
}
