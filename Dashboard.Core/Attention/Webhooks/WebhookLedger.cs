using System.Collections.Immutable;

namespace Dashboard.Core.Attention.Webhooks;

/// <summary>
/// What a webhook was told, and so what it has yet to be told: never more than one notice for each alert, however long it cannot be reached. Pure but for its own memory; for one caller at a time.
/// </summary>
internal sealed class WebhookLedger(WebhookOptions options)
{
    /// <summary>What was told by another process and does not fire here is told to have ended only after this: rules need a while to find again what they had found.</summary>
    public static readonly TimeSpan Settle = TimeSpan.FromSeconds(90);

    /// <summary>Most notices in one request.</summary>
    public const int Batch = 100;

    private readonly Dictionary<string, AlertNotice> _told = new(StringComparer.Ordinal);
    private readonly HashSet<(string Fingerprint, DateTimeOffset StartsAt)> _ended = [];
    private DateTimeOffset _began;
    private DateTimeOffset? _toldAt;

    /// <summary>Starts to tell: nothing but what is noted as told was told.</summary>
    public void Begin(IEnumerable<AlertNotice> told, DateTimeOffset now)
    {
        _told.Clear();
        _ended.Clear();
        foreach (var notice in told)
            _told[notice.Fingerprint] = notice;
        (_began, _toldAt) = (now, null);
    }

    /// <summary>It was told that this fires.</summary>
    public bool WasTold(string fingerprint) => _told.ContainsKey(fingerprint);

    /// <summary>What is to be told now, the most urgent first.</summary>
    public ImmutableArray<AlertNotice> Due(AlertBoard board, DateTimeOffset now)
    {
        var due = ImmutableArray.CreateBuilder<AlertNotice>();
        var present = new HashSet<string>(StringComparer.Ordinal);
        var again = options.Format == WebhookFormat.Alertmanager && now - _toldAt >= options.Resend;
        foreach (var alert in board.Alerts)
        {
            if (alert.Severity < options.MinimumSeverity)
                continue;

            var told = _told.GetValueOrDefault(alert.Id);
            if (alert.State == AlertState.Resolved)
            {
                // One that began and ended while the webhook could not be reached is told as well.
                if (told is not null || (alert.FiringSince >= _began && alert.Silence is null && !_ended.Contains((alert.Id, alert.Since))))
                    due.Add(AlertNotice.From(alert) with { StartsAt = told?.StartsAt ?? alert.Since });
                present.Add(alert.Id);
            }
            else if (alert.State == AlertState.Firing && alert.Silence is null)
            {
                if (told is null || again)
                    due.Add(AlertNotice.From(alert) with { StartsAt = told?.StartsAt ?? alert.Since });
                present.Add(alert.Id);
            }
            else if (alert.State == AlertState.Pending)
            {
                present.Add(alert.Id);
            }
        }

        foreach (var told in _told.Values)
        {
            if (present.Contains(told.Fingerprint))
                continue;

            // Silenced after it was told, or gone while nobody looked: for the receiver it is over.
            var silenced = board.Find(told.Fingerprint) is { State: AlertState.Firing };
            if (silenced || now - _began >= Settle)
                due.Add(told with { EndsAt = now });
        }

        return due.ToImmutable();
    }

    /// <summary>Notes what has been told.</summary>
    public void Note(IEnumerable<AlertNotice> notices, DateTimeOffset now)
    {
        foreach (var notice in notices)
        {
            if (notice.IsFiring)
            {
                _told[notice.Fingerprint] = notice;
            }
            else
            {
                _told.Remove(notice.Fingerprint);
                _ended.Add((notice.Fingerprint, notice.StartsAt));
            }
        }

        // The board forgets what ended long before this is reached.
        if (_ended.Count > 10 * AlertLife.Maximum)
            _ended.Clear();
        _toldAt = now;
    }
}
