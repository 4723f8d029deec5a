using System.Collections.Immutable;
using Dashboard.Core.Discovery;
using Dashboard.Core.Feeds;
using Dashboard.Core.Operations.Plans;
using Dashboard.Core.Registry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dashboard.Core.Operations;

/// <summary>
/// Keeps operations going: looks once a second, after every change of the registry and after every acknowledgement that somebody waits for, and carries out what is due.
/// All that must survive is in the registry, so after a restart it goes on where it was.
/// </summary>
internal sealed partial class OperationService(
    IRegistry registry,
    OperationTracker tracker,
    PlanTracker plans,
    TimedIntents timed,
    OperatorDesk desk,
    FollowerTable followers,
    TimeProvider time,
    ILogger<OperationService> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    // Many changes and acknowledgements in a row are looked at together.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private static readonly Actor Self = Actor.System(Plan.OwnHand);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!stoppingToken.IsCancellationRequested)
                await FollowAsync(stoppingToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>One round: look, and do what is due. True when something was done.</summary>
    internal async Task<bool> RoundAsync(CancellationToken cancellationToken)
    {
        var due = tracker.Step().AddRange(timed.Due(registry.Current)).AddRange(plans.Step());
        foreach (var command in due)
        {
            var result = await desk.ExecuteAsync(command, Self, cancellationToken).ConfigureAwait(false);
            if (result is CommandResult.Unavailable)
                // Everything else would fail too; the next round tries again.
                return false;

            // Not found or stale: another console, or an operator, was faster.
            if (result is CommandResult.Refused { Refusal.Kind: not (RefusalKind.NotFound or RefusalKind.Stale) } refused)
                LogRefused(command.Action, command.Target, refused.Refusal.Message);
        }

        return !due.IsEmpty;
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        using var subscription = registry.Feed.Subscribe(4096);
        var changed = subscription.WaitToReadAsync(cancellationToken).AsTask();
        while (true)
        {
            // Taken before the look, so that none between the two is missed.
            var acknowledged = followers.NextAcknowledgement();
            try
            {
                await RoundAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                LogFailure(failure);
            }

            using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var tick = Task.Delay(Every, time, timer.Token);
            await (tracker.WaitsForAcknowledgements ? Task.WhenAny(changed, tick, acknowledged) : Task.WhenAny(changed, tick)).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (!tick.IsCompleted)
            {
                await timer.CancelAsync().ConfigureAwait(false);
                await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
            }

            if (!changed.IsCompleted)
                continue;

            if (!await changed.ConfigureAwait(false))
                return;

            while (subscription.TryRead(out var update))
            {
                tracker.Note(update!);
                plans.Note(update!);
            }

            changed = subscription.WaitToReadAsync(cancellationToken).AsTask();
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Action} of {Target} was refused: {Message}")]
    private partial void LogRefused(string action, string target, string message);

    [LoggerMessage(LogLevel.Error, "Looking after operations failed; the next round tries again")]
    private partial void LogFailure(Exception failure);
}
