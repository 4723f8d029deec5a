using Dashboard.Core.Registry;

namespace Dashboard.Core.Traffic;

/// <summary>The series of every instance and edge, and what they come to over a span of seconds. Guarded by the store's lock.</summary>
internal sealed class TrafficTable(int maximumInstances, int maximumEdges)
{
    private readonly LatencySum _sum = new();
    private long _dropped;

    public Dictionary<InstanceKey, TrafficSeries> Instances { get; } = [];

    public Dictionary<EdgeKey, TrafficSeries> Edges { get; } = [];

    /// <summary>Rows that were dropped, since the start. Read without the lock.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Notes rows that are not counted.</summary>
    public void Drop(int rows) => Interlocked.Add(ref _dropped, rows);

    /// <summary>Counts a row, spread evenly over the seconds that it covers.</summary>
    /// <param name="first">The first second that is still kept.</param>
    public void Count(TrafficRow row, long first, SecondSpan span)
    {
        var edge = Series(Edges, new(row.Source, row.Service), maximumEdges);
        var instance = Series(Instances, new(row.Service, row.Instance), maximumInstances);
        for (var second = first; second <= span.Last; second++)
        {
            Add(edge, instance, row, second, span.Fractions(second));
        }
    }

    /// <summary>Forgets the series that were last seen before <paramref name="expired"/>, and before <paramref name="ghosts"/> those of what has left the registry.</summary>
    public void Prune(RegistrySnapshot registry, long expired, long ghosts)
    {
        foreach (var (key, series) in Instances)
        {
            if (series.LastSeen < expired || (series.LastSeen < ghosts && registry.FindInstance(key) is null))
            {
                Instances.Remove(key);
            }
        }

        foreach (var (key, series) in Edges)
        {
            if (series.LastSeen < expired || (series.LastSeen < ghosts && !registry.Services.ContainsKey(key.Target)))
            {
                Edges.Remove(key);
            }
        }
    }

    /// <summary>What some series come to together.</summary>
    /// <param name="from">Counts are of the seconds from here to before <paramref name="until"/>.</param>
    /// <param name="latenciesFrom">Latencies are of the seconds from here.</param>
    /// <param name="latest">The second that is running.</param>
    public TrafficFigures Figures(ReadOnlySpan<TrafficSeries> all, long from, long until, long latenciesFrom, long latest)
    {
        _sum.Clear();
        var (requests, completed, failures) = (0L, 0L, 0L);
        foreach (var series in all)
        {
            if (series.LastSeen < Math.Min(from, latenciesFrom))
            {
                continue;
            }

            var counts = series.Counts(from, until);
            requests += counts.Requests;
            completed += counts.Completed;
            failures += counts.Failures;
            series.AddLatencies(_sum, latenciesFrom, until, latest);
        }

        return new(
            requests,
            completed,
            failures,
            until > from ? (double)requests / (until - from) : 0,
            _sum.Quantile(0.5)?.TotalMilliseconds,
            _sum.Quantile(0.95)?.TotalMilliseconds,
            _sum.Quantile(0.99)?.TotalMilliseconds);
    }

    public static InstanceTraffic Describe(InstanceKey key, TrafficSeries? series, TrafficFigures figures, OpenCount open) =>
        new(key, figures, open.Requests, open.LongLived, !open.Silent, series is { LastBegun: > 0 } ? TrafficStore.At(series.LastBegun) : null);

    private TrafficSeries? Series<TKey>(Dictionary<TKey, TrafficSeries> all, TKey key, int maximum)
        where TKey : struct
    {
        if (all.TryGetValue(key, out var series))
        {
            return series;
        }

        if (all.Count >= maximum)
        {
            Drop(1);
            return null;
        }

        return all[key] = new();
    }

    private static void Add(TrafficSeries? edge, TrafficSeries? instance, TrafficRow row, long second, (double From, double To) part)
    {
        var requests = LatencyHistogram.PartOf(row.Requests, part.From, part.To);
        var completed = LatencyHistogram.PartOf(row.Completed, part.From, part.To);
        var failures = LatencyHistogram.PartOf(row.Failures, part.From, part.To);
        var latency = row.Latency.Part(part.From, part.To);
        edge?.Add(second, requests, completed, failures, latency);
        instance?.Add(second, requests, completed, failures, latency);
    }
}
