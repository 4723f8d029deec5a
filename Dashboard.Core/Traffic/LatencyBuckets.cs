using System.Numerics;

namespace Dashboard.Core.Traffic;

/// <summary>
/// The fixed layout that every latency histogram shares, so that any two can be merged: log-linear, 16 buckets per power of two, in units of 100 ns. A bucket
/// is at most 1/16 of its lower bound wide, so its midpoint is within 3.2 % of every value in it. Values of <see cref="Longest"/> and above share the last bucket.
/// </summary>
public static class LatencyBuckets
{
    private const int SubBucketBits = 4;
    private const int SubBuckets = 1 << SubBucketBits;
    private const int LastExponent = 30;

    /// <summary>Number of buckets.</summary>
    public const int Count = (LastExponent - SubBucketBits + 2) * SubBuckets;

    /// <summary>The upper bound of what is told apart: 214.7 s.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromTicks(1L << (LastExponent + 1));

    /// <summary>The bucket of a duration. Negative durations count as zero.</summary>
    public static int IndexOf(TimeSpan value)
    {
        var ticks = value.Ticks;
        if (ticks < SubBuckets)
        {
            return (int)Math.Max(ticks, 0);
        }

        var exponent = BitOperations.Log2((ulong)ticks);
        return exponent > LastExponent
            ? Count - 1
            : (exponent - SubBucketBits + 1) * SubBuckets + (int)((ticks >> (exponent - SubBucketBits)) & (SubBuckets - 1));
    }

    /// <summary>The smallest duration in the bucket.</summary>
    public static TimeSpan LowerBound(int index) => TimeSpan.FromTicks(
        index < SubBuckets ? index : (long)(SubBuckets + index % SubBuckets) << (index / SubBuckets - 1));

    /// <summary>What the bucket stands for: its midpoint.</summary>
    public static TimeSpan Representative(int index) => TimeSpan.FromTicks(
        index < 2 * SubBuckets ? index : LowerBound(index).Ticks + (1L << (index / SubBuckets - 2)));
}
