using System.Collections.Immutable;

namespace Dashboard.Core.Traffic;

// What was, as far as memory reaches back.
public sealed partial class TrafficStore
{
    private const int MinuteSeconds = 60;
    private const int ServicesAtOnce = 50;

    // Reports that come later than this tell of minutes that are written already.
    private static readonly TimeSpan LateAfter = TimeSpan.FromSeconds(20);

    private long _late = long.MaxValue;

    /// <summary>The earliest second that can be asked for at a time.</summary>
    public static DateTimeOffset Reach(DateTimeOffset now) => At(now.ToUnixTimeSeconds() - (TrafficSeries.Seconds - 2) + (long)FrameLatencyWindow.TotalSeconds);

    /// <summary>The last second that is reported in full.</summary>
    public static DateTimeOffset ReportedUntil(DateTimeOffset now) => At(Until(now));

    /// <summary>The frame as it would have been at a moment, but for what was open: that is known of now alone. Null when some of its seconds are unknown, or no longer kept.</summary>
    public TrafficFrame? FrameAt(DateTimeOffset at)
    {
        var now = _time.GetUtcNow();
        lock (_gate)
        {
            return _frames.At(at, now);
        }
    }

    /// <summary>A service's traffic in the seconds before a moment.</summary>
    /// <param name="window">1 s to <see cref="Retention"/>; cut to whole seconds.</param>
    public TrafficWindow Query(string service, TimeSpan window, DateTimeOffset at)
    {
        var until = Math.Min(Until(at), Until(_time.GetUtcNow()));
        var query = Query(service, until - (long)Math.Clamp(window.TotalSeconds, 1, TrafficSeries.Seconds - 2), until);
        return query with { Instances = [.. query.Instances.Select(instance => instance with { InFlight = 0, LongLived = 0, InFlightComplete = false })] };
    }

    /// <summary>A line of points between two moments, oldest first, each a whole step; seconds before <see cref="Reach"/> are unknown.</summary>
    /// <param name="instance">One of its instances; null = the whole service.</param>
    /// <param name="step">Whole seconds; steps start at multiples of it.</param>
    /// <param name="source">Only what this caller sent; null = everybody. Not together with an instance: calls are counted for a service.</param>
    public ImmutableArray<TrafficPoint> Chart(string service, string? instance, DateTimeOffset from, DateTimeOffset to, TimeSpan step, string? source = null)
    {
        var now = _time.GetUtcNow();
        var latest = now.ToUnixTimeSeconds();
        var until = Math.Min(Until(now), to.ToUnixTimeSeconds());
        var seconds = Math.Max(1, (long)step.TotalSeconds);
        var first = from.ToUnixTimeSeconds() / seconds * seconds;
        var reach = latest - (TrafficSeries.Seconds - 2);
        var points = ImmutableArray.CreateBuilder<TrafficPoint>();
        lock (_gate)
        {
            var series = instance is null
                ? [.. _table.Edges.Where(edge => edge.Key.Target == service && (source is null || edge.Key.Source == source)).Select(edge => edge.Value)]
                : _table.Instances.TryGetValue(new(service, instance), out var found) ? [found] : Array.Empty<TrafficSeries>();
            for (var start = first; start + seconds <= until; start += seconds)
            {
                if (start < reach || _lost.Untold(start, start + seconds) > 0)
                {
                    points.Add(new(At(start), null, null, null, null, null));
                    continue;
                }

                var figures = _table.Figures(series, start, start + seconds, start, latest);
                points.Add(new(At(start), figures.Rps, figures.ErrorRate, figures.P50Ms, figures.P95Ms, figures.P99Ms));
            }
        }

        return points.ToImmutable();
    }

    /// <summary>
    /// Each service's roll-up of a minute that is over. A service without traffic gets an empty one: what has none was not looked at. The lock is held for a few services at a time, so that
    /// reports need not wait for all.
    /// </summary>
    /// <param name="minute">The start of a minute.</param>
    public IReadOnlyList<ServiceMinute> Minute(DateTimeOffset minute, IReadOnlyCollection<string> services)
    {
        ArgumentNullException.ThrowIfNull(services);
        var from = minute.ToUnixTimeSeconds() / MinuteSeconds * MinuteSeconds;
        ILookup<string, (EdgeKey Key, TrafficSeries Series)> callers;
        ILookup<string, (Registry.InstanceKey Key, TrafficSeries Series)> instances;
        Dictionary<Registry.InstanceKey, OpenCount> open;
        int unknown;
        lock (_gate)
        {
            callers = _table.Edges.Select(edge => (edge.Key, Series: edge.Value)).ToLookup(edge => edge.Key.Target, StringComparer.Ordinal);
            instances = _table.Instances.Select(instance => (instance.Key, Series: instance.Value)).ToLookup(instance => instance.Key.Service, StringComparer.Ordinal);
            open = _reporters.Open(_time.GetUtcNow());
            unknown = _lost.Untold(from, from + MinuteSeconds);
        }

        var minutes = new List<ServiceMinute>(services.Count);
        foreach (var slice in services.Chunk(ServicesAtOnce))
        {
            lock (_gate)
            {
                var latest = _time.GetUtcNow().ToUnixTimeSeconds();
                foreach (var service in slice)
                {
                    minutes.Add(Roll(service, from, unknown, latest, callers[service], instances[service], open));
                }
            }
        }

        return minutes;
    }

    /// <summary>The earliest minute that a late report has told of since this was last asked; null = none.</summary>
    public DateTimeOffset? TakeLate()
    {
        lock (_gate)
        {
            var late = _late;
            _late = long.MaxValue;
            return late == long.MaxValue ? null : At(late / MinuteSeconds * MinuteSeconds);
        }
    }

    private void NoteLate(long first, DateTimeOffset now)
    {
        if (first < (now - LateAfter).ToUnixTimeSeconds())
        {
            _late = Math.Min(_late, first);
        }
    }

    private ServiceMinute Roll(
        string service, long from, int unknown, long latest,
        IEnumerable<(EdgeKey Key, TrafficSeries Series)> callers, IEnumerable<(Registry.InstanceKey Key, TrafficSeries Series)> instances,
        Dictionary<Registry.InstanceKey, OpenCount> open)
    {
        var (until, known) = (from + MinuteSeconds, MinuteSeconds - unknown);
        var edges = callers
            .Select(edge => new EdgeTraffic(edge.Key, PerKnown(_table.Figures([edge.Series], from, until, from, latest), known), At(until)))
            .Where(edge => edge.Figures.Requests > 0 || edge.Figures.Completed > 0)
            .OrderBy(edge => edge.Key.Source, StringComparer.Ordinal).ToImmutableArray();
        _sum.Clear();
        foreach (var (_, series) in callers)
        {
            series.AddLatencies(_sum, from, until, latest);
        }

        return new()
        {
            Service = service,
            Minute = At(from),
            UnknownSeconds = unknown,
            Requests = edges.Sum(edge => edge.Figures.Requests),
            Completed = edges.Sum(edge => edge.Figures.Completed),
            Failures = edges.Sum(edge => edge.Figures.Failures),
            Latency = _sum.Count == 0 ? LatencyHistogram.Empty : _sum.ToHistogram(),
            Callers = edges,
            Instances =
            [
                .. instances.Select(instance => TrafficTable.Describe(instance.Key, null, PerKnown(_table.Figures([instance.Series], from, until, from, latest), known), open.GetValueOrDefault(instance.Key)))
                    .Where(instance => instance.Figures.Requests > 0 || instance.Figures.Completed > 0 || instance.InFlight > 0)
                    .OrderBy(instance => instance.Key.Id, StringComparer.Ordinal),
            ],
        };
    }

    private static TrafficFigures PerKnown(TrafficFigures figures, int known) => figures with { Rps = ServiceMinute.Rate(figures.Requests, known) };
}
