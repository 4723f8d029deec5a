using System.Collections.Immutable;

namespace Dashboard.Core.Attention.Webhooks;

/// <summary>How a webhook wants to be told.</summary>
public enum WebhookFormat
{
    /// <summary>One object with the alerts that began or ended.</summary>
    Json,

    /// <summary>Prometheus Alertmanager's <c>POST /api/v2/alerts</c>, told again and again while they fire.</summary>
    Alertmanager,
}

/// <summary>Somebody outside who is told of alerts.</summary>
/// <param name="Name">As pages, logs and metrics call it.</param>
/// <param name="Url">Where it is told. May hold a secret: <see cref="Address"/> is what is shown.</param>
public sealed record WebhookOptions(string Name, Uri Url, WebhookFormat Format)
{
    /// <summary>Sent with every request, an <c>Authorization</c> perhaps among them. Secret.</summary>
    public ImmutableArray<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>Less urgent alerts are not told.</summary>
    public AlertSeverity MinimumSeverity { get; init; } = AlertSeverity.Warning;

    /// <summary>How often what fires is told again, 10 s to 1 h: Alertmanager alone.</summary>
    public TimeSpan Resend { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long an answer may take, 1-60 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Scheme, host and port: paths and queries of webhooks hold secrets.</summary>
    public string Address => Url.GetLeftPart(UriPartial.Authority) is var authority && Url.UserInfo.Length > 0 ? authority.Replace(Url.UserInfo + "@", "", StringComparison.Ordinal) : Url.GetLeftPart(UriPartial.Authority);

    /// <summary>Says nothing secret.</summary>
    public override string ToString() => $"{Name} ({Address})";
}
