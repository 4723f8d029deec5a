using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;
using Envoy.Config.Endpoint.V3;
using Envoy.Service.LoadStats.V3;

namespace Dashboard.Web.Discovery.Xds;

/// <summary>Turns the load reports of one stream into traffic reports. Not safe for several threads.</summary>
internal sealed class LoadReporter(LoadReportDesk desk, LoadReportNode node, string source, bool isGrpc, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan ShortestPeriod = TimeSpan.FromMilliseconds(1);

    // A gRPC client leaves out what neither began nor ended since its last report, also where something is still open there: what it said last still holds.
    private readonly Dictionary<InstanceKey, int> _open = [];
    private long _last = time.GetTimestamp();

    public void Take(LoadStatsRequest request)
    {
        var now = time.GetTimestamp();
        var elapsed = time.GetElapsedTime(_last, now);
        _last = now;
        var rows = new Dictionary<InstanceKey, TrafficRow>();
        if (!isGrpc)
            _open.Clear();

        var period = TimeSpan.Zero;
        foreach (var cluster in request.ClusterStats)
        {
            if (cluster.LoadReportInterval is { } interval && interval.ToTimeSpan() is var said && said > period)
                period = said;

            foreach (var locality in cluster.UpstreamLocalityStats)
                Read(cluster.ClusterName, locality, rows);
        }

        period = period > ShortestPeriod ? period : elapsed > ShortestPeriod ? elapsed : ShortestPeriod;
        desk.Accept(
            this,
            node,
            period < TrafficStore.Retention ? period : TrafficStore.Retention,
            [.. rows.Values],
            [.. _open.Where(open => open.Value > 0).Select(open => new InFlightRow(open.Key.Service, open.Key.Id, open.Value, LongLived: 0))]);
    }

    public void Dispose() => desk.Close(this, node);

    /// <summary>The client said nothing, as one does that has nothing to say. It counts as such only if nothing was open: what was open is unknown.</summary>
    public void TakeSilence()
    {
        if (_open.Values.All(open => open == 0))
            Take(new());
    }

    private void Read(string service, UpstreamLocalityStats locality, Dictionary<InstanceKey, TrafficRow> rows)
    {
        if (isGrpc)
        {
            // Each instance is a locality of its own.
            if (locality.Locality?.SubZone is { Length: > 0 and <= 128 } instance && desk.IsRegistered(service))
                Add(new(service, instance), locality.TotalIssuedRequests, locality.TotalSuccessfulRequests, locality.TotalErrorRequests, locality.TotalRequestsInProgress, rows);

            return;
        }

        foreach (var endpoint in locality.UpstreamEndpointStats)
        {
            if (endpoint.Address?.SocketAddress is { } place && desk.InstanceAt(service, place.Address, (int)place.PortValue) is { } instance)
                Add(new(service, instance), endpoint.TotalIssuedRequests, endpoint.TotalSuccessfulRequests, endpoint.TotalErrorRequests, endpoint.TotalRequestsInProgress, rows);
        }
    }

    private void Add(InstanceKey key, ulong issued, ulong successful, ulong errors, ulong open, Dictionary<InstanceKey, TrafficRow> rows)
    {
        var completed = Count(successful) + Count(errors);
        var row = rows.GetValueOrDefault(key) ?? new TrafficRow(source, key.Service, key.Id, 0, 0, 0, LatencyHistogram.Empty);
        rows[key] = row with
        {
            Requests = row.Requests + Count(issued),
            Completed = row.Completed + completed,
            Failures = row.Failures + Count(errors),
        };
        _open[key] = (int)Math.Min(open, int.MaxValue);
    }

    private static long Count(ulong value) => (long)Math.Min(value, int.MaxValue);
}
