namespace Dashboard.Core.Traffic;

/// <summary>A histogram to add to, for one thread: reused for the quantiles of one series after the other.</summary>
public sealed class LatencySum
{
    private readonly long[] _counts = new long[LatencyBuckets.Count];

    public long Count { get; private set; }

    public void Add(TimeSpan value)
    {
        _counts[LatencyBuckets.IndexOf(value)]++;
        Count++;
    }

    public void Add(LatencyHistogram histogram)
    {
        ArgumentNullException.ThrowIfNull(histogram);
        histogram.AddTo(_counts);
        Count += histogram.Count;
    }

    public void Add(LatencySum other)
    {
        ArgumentNullException.ThrowIfNull(other);
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            _counts[bucket] += other._counts[bucket];
        }

        Count += other.Count;
    }

    /// <summary>The duration that a fraction (0-1) of the requests did not exceed (nearest rank); null when there are none.</summary>
    public TimeSpan? Quantile(double quantile)
    {
        if (Count == 0)
        {
            return null;
        }

        var rank = LatencyHistogram.Rank(quantile, Count);
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            rank -= _counts[bucket];
            if (rank <= 0)
            {
                return LatencyBuckets.Representative(bucket);
            }
        }

        return null;
    }

    public LatencyHistogram ToHistogram() => LatencyHistogram.FromCounts(_counts);

    public void Clear()
    {
        if (Count != 0)
        {
            Array.Clear(_counts);
            Count = 0;
        }
    }
}
