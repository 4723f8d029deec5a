namespace Dashboard.Core.Traffic;

/// <summary>A histogram to add to, for one thread: reused for the quantiles of one series after the other.</summary>
public sealed class LatencySum
{
    private readonly long[] _counts = new long[LatencyBuckets.Count];

    // The buckets in use, so that clearing and searching cost what is there and not what could be.
    private int _low = LatencyBuckets.Count;
    private int _high = -1;

    public long Count { get; private set; }

    public void Add(TimeSpan value)
    {
        Add(LatencyBuckets.IndexOf(value), 1);
    }

    public void Add(LatencyHistogram histogram)
    {
        ArgumentNullException.ThrowIfNull(histogram);
        foreach (var (bucket, count) in histogram)
        {
            Add(bucket, count);
        }
    }

    public void Add(LatencySum other)
    {
        ArgumentNullException.ThrowIfNull(other);
        for (var bucket = other._low; bucket <= other._high; bucket++)
        {
            Add(bucket, other._counts[bucket]);
        }
    }

    /// <summary>The duration that a fraction (0-1) of the requests did not exceed (nearest rank); null when there are none.</summary>
    public TimeSpan? Quantile(double quantile)
    {
        if (Count == 0)
        {
            return null;
        }

        var rank = LatencyHistogram.Rank(quantile, Count);
        for (var bucket = _low; bucket <= _high; bucket++)
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
            Array.Clear(_counts, _low, _high - _low + 1);
            _low = LatencyBuckets.Count;
            _high = -1;
            Count = 0;
        }
    }

    private void Add(int bucket, long count)
    {
        _counts[bucket] += count;
        Count += count;
        _low = Math.Min(_low, bucket);
        _high = Math.Max(_high, bucket);
    }
}
