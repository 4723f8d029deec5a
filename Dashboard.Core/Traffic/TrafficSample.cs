namespace Dashboard.Core.Traffic;

/// <summary>What ended between two whole seconds.</summary>
/// <param name="To">Exclusive.</param>
/// <param name="Completed">Requests that ended.</param>
/// <param name="Failures">Of these, the failed.</param>
/// <param name="Latency">How long those took whose latency was measured.</param>
public sealed record TrafficSample(DateTimeOffset From, DateTimeOffset To, long Completed, long Failures, LatencyHistogram Latency)
{
    /// <summary>0-1; null when nothing ended.</summary>
    public double? ErrorRate => Completed == 0 ? null : Math.Min(1, (double)Failures / Completed);

    /// <summary>Milliseconds; null when none was measured.</summary>
    public double? P95Ms => Latency.Quantile(0.95)?.TotalMilliseconds;

    /// <summary>How many took longer than so many milliseconds; what shares its bucket (3 % wide) does not count.</summary>
    public long SlowerThan(double milliseconds)
    {
        var bucket = LatencyBuckets.IndexOf(TimeSpan.FromMilliseconds(milliseconds));
        var slower = 0L;
        foreach (var (index, count) in Latency)
        {
            slower += index > bucket ? count : 0;
        }

        return slower;
    }
}
