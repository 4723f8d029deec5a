using System.Collections.Immutable;
using Dashboard.Core.Attention.Commands;
using Dashboard.Core.Attention.Rules;
using Dashboard.Core.Discovery;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dashboard.Core.Attention;

/// <summary>Looks at everything once a second, whatever happens in between, and publishes the alerts. Every console does so for itself, from the same registry.</summary>
internal sealed partial class AttentionService(
    IRegistry registry,
    OperationTracker operations,
    FollowerBoard followers,
    TrafficStore traffic,
    AttentionBoard board,
    AttentionOptions options,
    AttentionDuty duty,
    AttentionMetrics metrics,
    TimeProvider time,
    ILogger<AttentionService> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan ClearEvery = TimeSpan.FromSeconds(5);

    /// <summary>How long an alert is gone before its acknowledgement is: what flaps needs no second one.</summary>
    private static readonly TimeSpan KeptAfterAlert = TimeSpan.FromMinutes(5);

    private readonly RuleEvaluator _rules = new(options);
    private readonly AlertLife _life = new(options);
    private readonly TrafficWatch _traffic = new();
    private readonly List<Finding> _findings = [];
    private readonly Dictionary<long, DateTimeOffset> _idle = [];
    private DateTimeOffset _clearAt;

    /// <summary>One look.</summary>
    internal void Look()
    {
        var began = time.GetTimestamp();
        var (now, snapshot) = (time.GetUtcNow(), registry.Current);
        var known = new Known(snapshot, registry.Availability, operations.Feed.Current, followers.Current, _traffic.Step(snapshot, traffic.Feed.Current, now));
        _rules.Evaluate(known, now, _findings);
        if (_life.Step(_findings, snapshot.AlertMarks, board.Feed.Current, now) is { } update)
        {
            board.Feed.Publish(update.Board, update);
            foreach (var alert in update.Changed)
            {
                if (alert.State == AlertState.Firing && alert.FiringSince == now)
                    LogFiring(alert.Finding.Name, alert.Finding.Summary, alert.Finding.Evidence);
                else if (alert.State == AlertState.Resolved && alert.ResolvedAt == now)
                    LogResolved(alert.Finding.Name, (now - alert.Since).TotalSeconds);
            }
        }

        board.Looked(now);
        metrics.Looked(time.GetElapsedTime(began));
    }

    /// <summary>Marks that have had their day.</summary>
    internal ImmutableArray<long> Spent(DateTimeOffset now)
    {
        var spent = ImmutableArray.CreateBuilder<long>();
        var marks = registry.Current.AlertMarks;
        foreach (var gone in _idle.Keys.Where(id => !marks.ContainsKey(id)).ToArray())
            _idle.Remove(gone);

        var present = board.Feed.Current.Alerts.Where(alert => alert.State != AlertState.Resolved).Select(alert => alert.Finding.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var (id, mark) in marks)
        {
            if (mark.Until <= now)
            {
                spent.Add(id);
            }
            else if (mark.Kind == AlertMarkKind.Acknowledgement)
            {
                if (present.Contains(mark.Match.Alert ?? ""))
                    _idle.Remove(id);
                else if (!_idle.TryAdd(id, now) && now - _idle[id] >= KeptAfterAlert)
                    spent.Add(id);
            }
        }

        return spent.ToImmutable();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                try
                {
                    Look();
                    await ClearAsync(stoppingToken).ConfigureAwait(false);
                }
                catch (Exception failure) when (failure is not OperationCanceledException)
                {
                    LogFailure(failure);
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task ClearAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (now < _clearAt)
            return;

        _clearAt = now + ClearEvery;
        var spent = Spent(now);
        if (!spent.IsEmpty && duty.IsMine && registry.Availability.IsAvailable)
            await registry.ExecuteAsync(new ClearAlertMarks(spent), Actor.System("attention"), cancellationToken).ConfigureAwait(false);
    }

    [LoggerMessage(LogLevel.Warning, "{Alert}: {Summary}. {Evidence}")]
    private partial void LogFiring(string alert, string summary, string evidence);

    [LoggerMessage(LogLevel.Information, "{Alert} is resolved after {Seconds:0} s")]
    private partial void LogResolved(string alert, double seconds);

    [LoggerMessage(LogLevel.Error, "Looking for what needs attention failed; the next look tries again")]
    private partial void LogFailure(Exception failure);
}
