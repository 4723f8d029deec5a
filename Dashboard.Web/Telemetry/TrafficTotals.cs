using System.Collections.Concurrent;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Web.Telemetry;

/// <summary>Requests and failures of each instance since it was first reported: what Prometheus needs beside the store's windows, counters that only rise.</summary>
internal sealed class TrafficTotals
{
    private readonly ConcurrentDictionary<InstanceKey, Total> _totals = new();

    /// <summary>Counts a report's rows. Rows of instances that are not registered are left out: only registered names may become labels.</summary>
    public void Add(TrafficReport report, RegistrySnapshot registry)
    {
        foreach (var row in report.Rows)
        {
            var key = new InstanceKey(row.Service, row.Instance);
            if (registry.FindInstance(key) is null)
                continue;
            var total = _totals.GetOrAdd(key, static _ => new());
            Interlocked.Add(ref total.Requests, row.Requests);
            Interlocked.Add(ref total.Failures, row.Failures);
        }
    }

    public (long Requests, long Failures) Of(InstanceKey key) =>
        _totals.TryGetValue(key, out var total) ? (Interlocked.Read(ref total.Requests), Interlocked.Read(ref total.Failures)) : default;

    /// <summary>Forgets instances that have left.</summary>
    public void Prune(RegistrySnapshot registry)
    {
        foreach (var key in _totals.Keys)
        {
            if (registry.FindInstance(key) is null)
                _totals.TryRemove(key, out _);
        }
    }

    private sealed class Total
    {
        public long Requests;
        public long Failures;
    }
}
