using System.Collections.Immutable;

namespace Dashboard.Core.Traffic;

/// <summary>
/// How long requests took: counts in the buckets of <see cref="LatencyBuckets"/>. Immutable and sparse, typically 2 bytes for each bucket in use (pairs of
/// variable-length integers: distance from the bucket before, count).
/// </summary>
public sealed class LatencyHistogram
{
    public static readonly LatencyHistogram Empty = new([], 0);

    private readonly byte[] _pairs;

    private LatencyHistogram(byte[] pairs, long count)
    {
        _pairs = pairs;
        Count = count;
    }

    /// <summary>How many requests were measured.</summary>
    public long Count { get; }

    /// <summary>Bytes that the counts take.</summary>
    public int EncodedLength => _pairs.Length;

    /// <summary>Builds a histogram from one count for each bucket.</summary>
    /// <param name="counts"><see cref="LatencyBuckets.Count"/> counts, none negative.</param>
    public static LatencyHistogram FromCounts(ReadOnlySpan<long> counts)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(counts.Length, LatencyBuckets.Count);
        // At most 2 bytes of distance and 10 of count for each bucket.
        var writer = new Writer(stackalloc byte[LatencyBuckets.Count * 12]);
        for (var bucket = 0; bucket < counts.Length; bucket++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(counts[bucket], nameof(counts));
            writer.Add(bucket, counts[bucket]);
        }

        return writer.ToHistogram();
    }

    /// <summary>Builds a histogram from measured durations.</summary>
    public static LatencyHistogram Of(params IEnumerable<TimeSpan> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var sum = new LatencySum();
        foreach (var value in values)
        {
            sum.Add(value);
        }

        return sum.ToHistogram();
    }

    /// <summary>Builds a histogram from pairs <c>[bucket, count, bucket, count, ...]</c> with rising buckets and positive counts.</summary>
    /// <returns>Null when the pairs are not that.</returns>
    public static LatencyHistogram? FromPairs(ReadOnlySpan<long> pairs)
    {
        if (pairs.Length % 2 != 0)
        {
            return null;
        }

        Span<long> counts = stackalloc long[LatencyBuckets.Count];
        counts.Clear();
        var before = -1L;
        for (var index = 0; index < pairs.Length; index += 2)
        {
            var (bucket, count) = (pairs[index], pairs[index + 1]);
            // A count is bounded so that sums over a window cannot overflow.
            if (bucket <= before || bucket >= LatencyBuckets.Count || count is < 1 or > int.MaxValue)
            {
                return null;
            }

            counts[(int)bucket] = count;
            before = bucket;
        }

        return FromCounts(counts);
    }

    /// <summary>The pairs that <see cref="FromPairs"/> reads.</summary>
    public ImmutableArray<long> ToPairs()
    {
        var pairs = ImmutableArray.CreateBuilder<long>();
        foreach (var (bucket, count) in this)
        {
            pairs.Add(bucket);
            pairs.Add(count);
        }

        return pairs.ToImmutable();
    }

    /// <summary>Both histograms' counts in one.</summary>
    public LatencyHistogram Merge(LatencyHistogram other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (Count == 0 || other.Count == 0)
        {
            return Count == 0 ? other : this;
        }

        // Neither a distance nor a count takes more bytes than in both together.
        var writer = new Writer(stackalloc byte[_pairs.Length + other._pairs.Length]);
        var (mine, others) = (GetEnumerator(), other.GetEnumerator());
        var (hasMine, hasOther) = (mine.MoveNext(), others.MoveNext());
        while (hasMine || hasOther)
        {
            var order = !hasMine ? 1 : !hasOther ? -1 : mine.Current.Bucket.CompareTo(others.Current.Bucket);
            writer.Add(
                order <= 0 ? mine.Current.Bucket : others.Current.Bucket,
                (order <= 0 ? mine.Current.Count : 0) + (order >= 0 ? others.Current.Count : 0));
            hasMine = order <= 0 ? mine.MoveNext() : hasMine;
            hasOther = order >= 0 ? others.MoveNext() : hasOther;
        }

        return writer.ToHistogram();
    }

    /// <summary>The part of each count that lies between two fractions of the whole. Parts of adjoining fractions add up to the whole exactly.</summary>
    /// <param name="from">0-1.</param>
    /// <param name="to">From <paramref name="from"/> to 1.</param>
    public LatencyHistogram Part(double from, double to)
    {
        if (from <= 0 && to >= 1)
        {
            return this;
        }

        // A bucket that is left out can lengthen the distance to the next one, by a byte for every 128 buckets.
        var writer = new Writer(stackalloc byte[_pairs.Length + LatencyBuckets.Count / 128 + 1]);
        foreach (var (bucket, count) in this)
        {
            writer.Add(bucket, PartOf(count, from, to));
        }

        return writer.ToHistogram();
    }

    /// <summary>The duration that a fraction of the requests did not exceed (nearest rank); null when there are none.</summary>
    /// <param name="quantile">0-1.</param>
    public TimeSpan? Quantile(double quantile)
    {
        var rank = Rank(quantile, Count);
        foreach (var (bucket, count) in this)
        {
            rank -= count;
            if (rank <= 0)
            {
                return LatencyBuckets.Representative(bucket);
            }
        }

        return null;
    }

    public Enumerator GetEnumerator() => new(_pairs);

    internal static long PartOf(long count, double from, double to) =>
        (to >= 1 ? count : (long)(count * to)) - (from <= 0 ? 0 : (long)(count * from));

    internal static long Rank(double quantile, long count) => Math.Clamp((long)Math.Ceiling(quantile * count), 1, Math.Max(count, 1));

    /// <summary>Encodes counts in the order of their buckets.</summary>
    private ref struct Writer(Span<byte> buffer)
    {
        private readonly Span<byte> _buffer = buffer;
        private int _length;
        private int _before = -1;
        private long _total;

        public void Add(int bucket, long count)
        {
            if (count == 0)
            {
                return;
            }

            Write((ulong)(bucket - _before - 1));
            Write((ulong)count);
            _total += count;
            _before = bucket;
        }

        public readonly LatencyHistogram ToHistogram() => _total == 0 ? Empty : new(_buffer[.._length].ToArray(), _total);

        private void Write(ulong value)
        {
            for (; value >= 0x80; value >>= 7)
            {
                _buffer[_length++] = (byte)(value | 0x80);
            }

            _buffer[_length++] = (byte)value;
        }
    }

    /// <summary>Walks the buckets in use, shortest first.</summary>
    public struct Enumerator
    {
        private readonly byte[] _pairs;
        private int _position;
        private int _bucket;
        private long _count;

        internal Enumerator(byte[] pairs)
        {
            _pairs = pairs;
            _bucket = -1;
        }

        public readonly (int Bucket, long Count) Current => (_bucket, _count);

        public bool MoveNext()
        {
            if (_position >= _pairs.Length)
            {
                return false;
            }

            _bucket += (int)Read() + 1;
            _count = (long)Read();
            return true;
        }

        private ulong Read()
        {
            var value = 0UL;
            for (var shift = 0; ; shift += 7)
            {
                var part = _pairs[_position++];
                value |= (ulong)(part & 0x7F) << shift;
                if (part < 0x80)
                {
                    return value;
                }
            }
        }
    }
}
