using System.Diagnostics.Metrics;
using Dashboard.Core.Attention.Webhooks;

namespace Dashboard.Core.Attention;

/// <summary>Alerts and what became of telling them: meter <c>Dashboard.Attention</c>. Labels are rules, severities and the configured webhooks: their number is bounded.</summary>
public sealed class AttentionMetrics : IDisposable
{
    public const string MeterName = "Dashboard.Attention";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _deliveries;
    private readonly Histogram<double> _look;

    public AttentionMetrics(AttentionBoard board, WebhookBoard webhooks, AttentionOptions options)
    {
        ArgumentNullException.ThrowIfNull(board);
        ArgumentNullException.ThrowIfNull(webhooks);
        ArgumentNullException.ThrowIfNull(options);
        _meter.CreateObservableGauge("mesh.alerts.firing", () => Count(board.Feed.Current, options), description: "Alerts that fire, acknowledged and silenced ones among them, by rule and severity.");
        _meter.CreateObservableGauge("mesh.alerts.loud", () => board.Feed.Current.Loud, description: "Alerts that fire and are neither acknowledged nor silenced.");
        _meter.CreateObservableGauge("mesh.alerts.omitted", () => board.Feed.Current.Omitted, description: "Conditions that are not kept as alerts because there are too many.");
        _meter.CreateObservableGauge("mesh.webhook.waiting", () => webhooks.Feed.Current.States.Select(state => new Measurement<int>(state.Waiting, Label(state.Name))), description: "Alerts that a webhook has not been told of yet.");
        _meter.CreateObservableGauge(
            "mesh.webhook.failing", () => webhooks.Feed.Current.States.Select(state => new Measurement<int>(state.LastFailure is null ? 0 : 1, Label(state.Name))), description: "Whether the last attempt to tell a webhook failed: 1 or 0.");
        _deliveries = _meter.CreateCounter<long>("mesh.webhook.deliveries", description: "Requests to webhooks by what became of them: delivered, failed (and tried again) or refused.");
        _look = _meter.CreateHistogram(
            "mesh.attention.look", unit: "s", description: "How long one look at all rules took.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5] });
    }

    public void Dispose() => _meter.Dispose();

    internal void Looked(TimeSpan took) => _look.Record(took.TotalSeconds);

    internal void Sent(string webhook, string outcome) => _deliveries.Add(1, Label(webhook), new("outcome", outcome));

    private static KeyValuePair<string, object?> Label(string webhook) => new("webhook", webhook);

    // Every rule, also with 0: what has never been seen cannot be alerted on.
    private static IEnumerable<Measurement<int>> Count(AlertBoard board, AttentionOptions options)
    {
        foreach (var described in RuleBook.All)
        {
            var firing = board.Alerts.Count(alert => alert.State == AlertState.Firing && alert.Key.Rule == described.Rule);
            yield return new(firing, new("rule", AlertKey.NameOf(described.Rule)), new("severity", options.Of(described.Rule).Severity.ToString().ToLowerInvariant()));
        }
    }
}
