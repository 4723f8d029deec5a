using System.Data.Common;
using Dashboard.Core.Registry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dashboard.Core.Health;

/// <summary>
/// Writes down once a second who was heard: one statement a second and console, however many instances renew. Heartbeats are judged in memory and wait for none of this; while the store is
/// away the newest of each instance waits here.
/// </summary>
public sealed partial class HeartbeatJournal(Heartbeats heartbeats, HealthBoard board, IRegistry registry, IHeartbeatStore store, TimeProvider time, ILogger<HeartbeatJournal> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan UpkeepEvery = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ForgetAfter = TimeSpan.FromDays(7);

    private readonly Lock _gate = new();

    // Bounded by the instances that are registered: Heartbeats takes no others.
    private Dictionary<InstanceKey, long> _heard = [];
    private Dictionary<InstanceKey, long> _spare = [];
    private bool _away;

    /// <summary>Statements that were carried out, since the start.</summary>
    public long Statements { get; private set; }

    /// <summary>Heartbeats that they wrote down, since the start.</summary>
    public long Recorded { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        heartbeats.Beaten += Note;
        try
        {
            using var timer = new PeriodicTimer(Interval, time);
            long? upkeep = null;
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                await WriteAsync(stoppingToken).ConfigureAwait(false);
                if (registry.Availability.IsAvailable && (upkeep is not { } last || time.GetElapsedTime(last) >= UpkeepEvery))
                {
                    upkeep = time.GetTimestamp();
                    await KeepUpAsync(stoppingToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The console stops; the last second's heartbeats are not worth its time.
        }
        finally
        {
            heartbeats.Beaten -= Note;
        }
    }

    /// <summary>Writes down what was heard since the last time.</summary>
    internal async Task WriteAsync(CancellationToken cancellationToken)
    {
        if (!registry.Availability.IsAvailable)
            return;

        Dictionary<InstanceKey, long> heard;
        lock (_gate)
        {
            if (_heard.Count == 0)
                return;
            (heard, _heard, _spare) = (_heard, _spare, []);
        }

        var now = time.GetTimestamp();
        var batch = new List<(InstanceKey Key, TimeSpan Age)>(heard.Count);
        foreach (var (key, at) in heard)
            batch.Add((key, time.GetElapsedTime(at, now)));

        // Two consoles that write the same rows in different orders would wait for each other.
        batch.Sort(static (one, other) => string.CompareOrdinal(one.Key.Service, other.Key.Service) is not 0 and var services ? services : string.CompareOrdinal(one.Key.Id, other.Key.Id));
        try
        {
            await store.RecordAsync(batch, cancellationToken).ConfigureAwait(false);
            Statements++;
            Recorded += batch.Count;
            _away = false;
            heard.Clear();
            _spare = heard;
        }
        catch (Exception failure) when (failure is DbException or TimeoutException)
        {
            if (!_away)
                LogAway(failure);
            _away = true;
            lock (_gate)
            {
                foreach (var (key, at) in heard)
                    _heard.TryAdd(key, at);
            }
        }
    }

    internal void Note(InstanceKey key, CheckOutcome outcome, string output)
    {
        var now = time.GetTimestamp();
        lock (_gate)
            _heard[key] = now;
    }

    // Who was heard by another console, or by the run before this one, is shown with that until it is heard here.
    private async Task KeepUpAsync(CancellationToken cancellationToken)
    {
        try
        {
            await store.ForgetAsync(ForgetAfter, cancellationToken).ConfigureAwait(false);
            foreach (var (key, seen) in await store.ReadAsync(cancellationToken).ConfigureAwait(false))
                board.Recall(key, seen);
        }
        catch (Exception failure) when (failure is DbException or TimeoutException)
        {
            LogAway(failure);
        }
    }

    [LoggerMessage(LogLevel.Warning, "When instances were last heard cannot be written down now; they are judged in memory as before, and it is tried again every second")]
    private partial void LogAway(Exception failure);
}
