using Dashboard.Core.Registry;

namespace Dashboard.Core.Traffic;

/// <summary>Makes frames: rates and errors of the last <see cref="TrafficStore.FrameRateWindow"/>, latencies of the last <see cref="TrafficStore.FrameLatencyWindow"/>. Guarded by the store's lock.</summary>
internal sealed class TrafficFrames(TrafficTable table, ReporterTable reporters, LostTraffic lost)
{
    private static readonly long RateSeconds = (long)TrafficStore.FrameRateWindow.TotalSeconds;
    private static readonly long LatencySeconds = (long)TrafficStore.FrameLatencyWindow.TotalSeconds;

    /// <summary>The frame of now.</summary>
    public TrafficFrame Next(long sequence, DateTimeOffset now)
    {
        var until = TrafficStore.Until(now);
        var latest = now.ToUnixTimeSeconds();
        var rates = until - RateSeconds;
        var latencies = until - LatencySeconds;
        var open = reporters.Open(now);
        var instances = new Dictionary<InstanceKey, InstanceTraffic>(table.Instances.Count);
        foreach (var (key, series) in table.Instances)
        {
            instances[key] = TrafficTable.Describe(key, series, table.Figures([series], rates, until, latencies, latest), open.GetValueOrDefault(key));
        }

        foreach (var (key, count) in open)
        {
            instances.TryAdd(key, TrafficTable.Describe(key, series: null, default, count));
        }

        return new()
        {
            Sequence = sequence,
            At = now,
            Until = TrafficStore.At(until),
            Edges = table.Edges.ToDictionary(edge => edge.Key, edge => new EdgeTraffic(edge.Key, table.Figures([edge.Value], rates, until, latencies, latest), TrafficStore.At(edge.Value.LastSeen))),
            Instances = instances,
            Services = Services(instances.Values, rates, until, latencies, latest),
        };
    }

    /// <summary>The frame as it would have been at a moment, but for what was open: that is known of now alone. Null when some of its seconds are unknown, or no longer kept.</summary>
    public TrafficFrame? At(DateTimeOffset at, DateTimeOffset now)
    {
        var latest = now.ToUnixTimeSeconds();
        var until = Math.Min(TrafficStore.Until(at), TrafficStore.Until(now));
        var rates = until - RateSeconds;
        var latencies = until - LatencySeconds;
        if (latencies < latest - (TrafficSeries.Seconds - 2) || lost.Untold(rates, until) > 0)
        {
            return null;
        }

        var quiet = latest - until < TrafficStore.GhostFor.TotalSeconds ? 0 : until - TrafficSeries.Seconds;
        var instances = new Dictionary<InstanceKey, InstanceTraffic>(table.Instances.Count);
        foreach (var (key, series) in table.Instances)
        {
            if (series.LastSeen >= quiet)
            {
                instances[key] = TrafficTable.Describe(key, series, table.Figures([series], rates, until, latencies, latest), new(0, 0, Silent: true));
            }
        }

        return new()
        {
            Sequence = 1,
            At = at,
            Until = TrafficStore.At(until),
            Edges = table.Edges.Select(edge => new EdgeTraffic(edge.Key, table.Figures([edge.Value], rates, until, latencies, latest), TrafficStore.At(edge.Value.LastSeen)))
                .Where(edge => edge.Figures.Requests > 0 || edge.Figures.Completed > 0).ToDictionary(edge => edge.Key),
            Instances = instances,
            Services = Services(instances.Values, rates, until, latencies, latest),
        };
    }

    private Dictionary<string, ServiceTraffic> Services(IEnumerable<InstanceTraffic> instances, long rates, long until, long latencies, long latest)
    {
        var edges = table.Edges.ToLookup(edge => edge.Key.Target, edge => edge.Value, StringComparer.Ordinal);
        var open = instances.ToLookup(instance => instance.Key.Service, StringComparer.Ordinal);
        return edges.Select(edge => edge.Key).Union(open.Select(service => service.Key)).ToDictionary(
            service => service,
            service =>
            {
                TrafficSeries[] callers = [.. edges[service]];
                var lastSeen = callers.Length == 0 ? 0 : callers.Max(series => series.LastSeen);
                return new ServiceTraffic(
                    service,
                    table.Figures(callers, rates, until, latencies, latest),
                    open[service].Sum(instance => instance.InFlight),
                    open[service].Sum(instance => instance.LongLived),
                    open[service].All(instance => instance.InFlightComplete),
                    lastSeen == 0 ? null : TrafficStore.At(lastSeen));
            },
            StringComparer.Ordinal);
    }
}
