using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace Dashboard.Core.Attention.Webhooks;

/// <summary>Tells one webhook, while this console is the one that tells. What it has to be told is what the board says beside what it was told, so nothing piles up while it cannot be reached.</summary>
internal sealed partial class WebhookSender(
    int index,
    WebhookOptions options,
    AttentionBoard alerts,
    WebhookBoard board,
    AttentionDuty duty,
    INoticeStore store,
    AttentionMetrics metrics,
    HttpClient client,
    Func<Uri> console,
    Random random,
    TimeProvider time,
    ILogger logger)
{
    /// <summary>Where nothing happens it looks this often: whether the duty is its own, and what is to be told again.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(5);

    private readonly WebhookLedger _ledger = new(options);
    private bool _began;
    private int _failures;
    private DateTimeOffset _notBefore;

    // What could not be noted in the store yet.
    private readonly Dictionary<string, AlertNotice> _unnoted = new(StringComparer.Ordinal);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                using var subscription = alerts.Feed.Subscribe(64);
                while (true)
                {
                    await RoundAsync(cancellationToken).ConfigureAwait(false);
                    using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                    var changed = subscription.WaitToReadAsync(timer.Token).AsTask();
                    var tick = Task.Delay(Rest, time, timer.Token);
                    await Task.WhenAny(changed, tick).ConfigureAwait(false);
                    var over = changed.IsCompletedSuccessfully && !await changed.ConfigureAwait(false);
                    await timer.CancelAsync().ConfigureAwait(false);
                    await ((Task)changed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    cancellationToken.ThrowIfCancellationRequested();
                    if (over)
                        break;
                    while (subscription.TryRead(out _))
                    {
                    }
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                LogBroken(options.Name, failure);
                await Task.Delay(Rest, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>One look at what is to be told, and the telling of it.</summary>
    internal async Task RoundAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (!duty.IsMine)
        {
            _began = false;
            board.Set(index, state => state with { IsOurs = false, Waiting = 0, NextAttempt = null });
            return;
        }

        if (!_began)
        {
            _ledger.Begin(await ReadAsync(cancellationToken).ConfigureAwait(false), now);
            _began = true;
        }

        await NoteAsync(cancellationToken).ConfigureAwait(false);
        var due = _ledger.Due(alerts.Feed.Current, now);
        board.Set(index, state => state with { IsOurs = true, Waiting = due.Length, NextAttempt = due.IsEmpty ? null : state.NextAttempt });
        while (!due.IsEmpty && now >= _notBefore)
        {
            var batch = due.Length > WebhookLedger.Batch ? due[..WebhookLedger.Batch] : due;
            if (!await SendAsync(batch, now, cancellationToken).ConfigureAwait(false))
                return;

            due = due.RemoveRange(0, batch.Length);
            now = time.GetUtcNow();
        }
    }

    private async Task<bool> SendAsync(ImmutableArray<AlertNotice> batch, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var body = options.Format == WebhookFormat.Alertmanager ? WebhookBody.Alertmanager(batch, console(), options.Resend, now) : WebhookBody.Json(batch, console(), now);
        var attempt = await WebhookAttempt.SendAsync(client, options, body, now, time, cancellationToken).ConfigureAwait(false);
        now = time.GetUtcNow();
        if (attempt.Failure is { } failure && !attempt.IsFinal)
        {
            metrics.Sent(options.Name, "failed");
            _notBefore = now + (attempt.RetryAfter ?? Backoff(_failures));
            if (_failures++ == 0)
                LogFailed(options.ToString(), failure, batch.Length);
            board.Set(index, state => state with { LastFailure = failure, FailingSince = state.FailingSince ?? now, NextAttempt = _notBefore });
            return false;
        }

        if (_failures > 0 && attempt.Failure is null)
            LogBack(options.ToString(), _failures);
        _failures = 0;
        _notBefore = now;
        // What is told again every minute is noted once.
        var news = batch.Where(notice => !notice.IsFiring || !_ledger.WasTold(notice.Fingerprint)).ToArray();
        _ledger.Note(batch, now);
        if (attempt.Failure is { } refused)
        {
            metrics.Sent(options.Name, "refused");
            LogRefused(options.ToString(), batch.Length, refused);
            board.Set(index, state => state with { LastFailure = $"{refused}: not tried again", FailingSince = state.FailingSince ?? now, NextAttempt = null, Waiting = Math.Max(0, state.Waiting - batch.Length) });
            return true;
        }

        metrics.Sent(options.Name, "delivered");
        foreach (var notice in news)
            _unnoted[notice.Fingerprint] = notice;
        await NoteAsync(cancellationToken).ConfigureAwait(false);
        board.Set(index, state => state with
        {
            LastFailure = null,
            FailingSince = null,
            NextAttempt = null,
            LastSuccess = now,
            Delivered = state.Delivered + batch.Length,
            Waiting = Math.Max(0, state.Waiting - batch.Length),
        });
        return true;
    }

    /// <summary>1 s, doubled with each failure up to 5 minutes, less up to a half: what failed together shall not come back together.</summary>
    private TimeSpan Backoff(int failures)
    {
        var full = Math.Min(LongestRetry.TotalSeconds, FirstRetry.TotalSeconds * Math.Pow(2, Math.Min(failures, 16)));
        return TimeSpan.FromSeconds(full * (1 - random.NextDouble() / 2));
    }

    private async Task<ImmutableArray<AlertNotice>> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await store.ReadAsync(options.Name, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // Postgres is away, which is among what is to be told: better told twice than not at all.
            LogUnread(options.Name, failure.Message);
            return [];
        }
    }

    private async Task NoteAsync(CancellationToken cancellationToken)
    {
        if (_unnoted.Count == 0)
            return;

        try
        {
            await store.WriteAsync(options.Name, _unnoted.Values, cancellationToken).ConfigureAwait(false);
            _unnoted.Clear();
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // Kept, and tried again with the next look.
            LogUnnoted(options.Name, failure.Message);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The webhook {Webhook} cannot be told of {Alerts} alert(s): {Failure}. Trying again, ever more rarely, until it is told")]
    private partial void LogFailed(string webhook, string failure, int alerts);

    [LoggerMessage(LogLevel.Information, "The webhook {Webhook} is told again, after {Failures} failed attempt(s)")]
    private partial void LogBack(string webhook, int failures);

    [LoggerMessage(LogLevel.Error, "The webhook {Webhook} does not want {Alerts} alert(s): {Failure}. They are not told again; check its address, token and format")]
    private partial void LogRefused(string webhook, int alerts, string failure);

    [LoggerMessage(LogLevel.Warning, "What the webhook {Webhook} was told before cannot be read, so it may be told again: {Reason}")]
    private partial void LogUnread(string webhook, string reason);

    [LoggerMessage(LogLevel.Debug, "What the webhook {Webhook} was told cannot be noted yet: {Reason}")]
    private partial void LogUnnoted(string webhook, string reason);

    [LoggerMessage(LogLevel.Error, "Telling the webhook {Webhook} failed; the next look tries again")]
    private partial void LogBroken(string webhook, Exception failure);
}
