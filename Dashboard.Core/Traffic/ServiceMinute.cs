using System.Collections.Immutable;

namespace Dashboard.Core.Traffic;

/// <summary>What happened to one service in one minute: the roll-up that outlives <see cref="TrafficStore.Retention"/>.</summary>
public sealed record ServiceMinute
{
    public required string Service { get; init; }

    /// <summary>The start of the minute.</summary>
    public required DateTimeOffset Minute { get; init; }

    /// <summary>Seconds of it, 0-60, of which some traffic was never reported: what the figures lack is unknown, and not zero.</summary>
    public int UnknownSeconds { get; init; }

    /// <summary>Requests that began.</summary>
    public long Requests { get; init; }

    /// <summary>Requests that ended.</summary>
    public long Completed { get; init; }

    /// <summary>Of the completed, those that failed.</summary>
    public long Failures { get; init; }

    /// <summary>How long those took whose latency was measured, from all callers.</summary>
    public LatencyHistogram Latency { get; init; } = LatencyHistogram.Empty;

    /// <summary>By caller, ordered by name; callers without a request are left out.</summary>
    public ImmutableArray<EdgeTraffic> Callers { get; init; } = [];

    /// <summary>By instance, ordered by id; what is open is as of the end of the minute.</summary>
    public ImmutableArray<InstanceTraffic> Instances { get; init; } = [];

    /// <summary>Seconds that the figures cover.</summary>
    public int KnownSeconds => 60 - UnknownSeconds;

    /// <summary>All callers' figures.</summary>
    public TrafficFigures Figures => new(
        Requests, Completed, Failures, Rate(Requests, KnownSeconds),
        Latency.Quantile(0.5)?.TotalMilliseconds, Latency.Quantile(0.95)?.TotalMilliseconds, Latency.Quantile(0.99)?.TotalMilliseconds);

    /// <summary>Requests per second; 0 where no second is known.</summary>
    public static double Rate(long requests, int seconds) => seconds <= 0 ? 0 : (double)requests / seconds;
}
