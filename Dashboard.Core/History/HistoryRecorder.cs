using Dashboard.Core.Health.Leases;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dashboard.Core.History;

/// <summary>
/// Writes each minute's roll-ups a few seconds after its end, of the services whose share this console holds: of several consoles one. It keeps nothing of its own: while the store is away the minutes
/// wait in <see cref="TrafficStore"/>, which forgets them after 15 minutes; those are unknown then.
/// </summary>
public sealed partial class HistoryRecorder(IRegistry registry, TrafficStore traffic, HealthShare share, IHistoryStore store, TimeProvider time, ILogger<HistoryRecorder> logger) : BackgroundService
{
    /// <summary>How long after its end a minute is written: what was reported punctually is in it then.</summary>
    public static readonly TimeSpan After = TimeSpan.FromSeconds(12);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private Ownership _held = Ownership.None;
    private DateTimeOffset _next = DateTimeOffset.MinValue;
    private bool _failing;

    /// <summary>Writes every minute that is due.</summary>
    /// <returns>How many rows were handed to the store.</returns>
    internal async Task<int> RecordAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var held = share.Current;
        if (held.Count == 0)
        {
            _held = held;
            return 0;
        }

        // What another console held until now it may not have written; what is there already stays.
        var oldest = Floor(TrafficStore.Reach(now) + Minute);
        if (!held.IsSameShare(_held))
        {
            (_held, _next) = (held, oldest);
        }

        if (traffic.TakeLate() is { } late && late < _next)
        {
            _next = late;
        }

        _next = _next < oldest ? oldest : _next;
        var written = 0;
        for (; _next + Minute + After <= now; _next += Minute)
        {
            var services = registry.Current.Services.Keys.Where(name => held.Owns(HealthShard.Of(name))).ToArray();
            var minutes = traffic.Minute(_next, services).Where(minute => minute.KnownSeconds > 0).ToList();
            if (minutes.Count > 0)
            {
                await store.WriteAsync(_next, minutes, cancellationToken).ConfigureAwait(false);
                written += minutes.Count;
            }
        }

        return written;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                try
                {
                    await RecordAsync(stoppingToken).ConfigureAwait(false);
                    _failing = false;
                }
                catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
                {
                    if (!_failing)
                    {
                        LogFailed(logger, failure.Message);
                    }

                    _failing = true;
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private static DateTimeOffset Floor(DateTimeOffset moment) => DateTimeOffset.FromUnixTimeSeconds(moment.ToUnixTimeSeconds() / 60 * 60);

    [LoggerMessage(LogLevel.Warning, "Traffic's minutes cannot be written now; what is younger than 15 minutes is written when the database is back: {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason);
}
