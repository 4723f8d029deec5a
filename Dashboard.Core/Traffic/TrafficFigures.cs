namespace Dashboard.Core.Traffic;

/// <summary>What happened in a window.</summary>
/// <param name="Requests">Requests that began.</param>
/// <param name="Completed">Requests that ended.</param>
/// <param name="Failures">Of the completed, those that failed.</param>
/// <param name="Rps">Requests that began, per second.</param>
/// <param name="P50Ms">Median latency in milliseconds; null when none was measured. At most 3.2 % off.</param>
public readonly record struct TrafficFigures(long Requests, long Completed, long Failures, double Rps, double? P50Ms, double? P95Ms, double? P99Ms)
{
    /// <summary>Failures per completed request, 0-1; null when none completed.</summary>
    public double? ErrorRate => Completed == 0 ? null : Math.Min(1, (double)Failures / Completed);
}
