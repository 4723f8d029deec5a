namespace Dashboard.Core.Traffic;

/// <summary>
/// One edge's or instance's last 15 minutes: counts for each second, latencies for each second of the last minute and for each 10 seconds before. Rings whose
/// places are dated, so that nothing has to be cleared as time goes on. Guarded by the store's lock. Seconds are Unix seconds.
/// </summary>
internal sealed class TrafficSeries
{
    public const int Seconds = 900;
    private const int ChunkSeconds = 60;
    private const int Chunks = Seconds / ChunkSeconds + 1;
    private const int Recent = 64;
    private const int CoarseSeconds = 10;
    private const int Coarse = Seconds / CoarseSeconds + 1;

    // A minute without traffic takes no chunk; a full quarter of an hour takes 11.5 KB of counts and 2.5 KB of ring places.
    private readonly CountChunk?[] _chunks = new CountChunk?[Chunks];
    private readonly DatedHistogram[] _recent = new DatedHistogram[Recent];
    private readonly DatedHistogram[] _coarse = new DatedHistogram[Coarse];

    /// <summary>The newest second in which a request began; 0 = none.</summary>
    public long LastBegun { get; private set; }

    /// <summary>The newest second with anything.</summary>
    public long LastSeen { get; private set; }

    public void Add(long second, long requests, long completed, long failures, LatencyHistogram latency)
    {
        if (requests == 0 && completed == 0 && latency.Count == 0)
        {
            return;
        }

        var minute = second / ChunkSeconds;
        ref var chunk = ref _chunks[minute % Chunks];
        chunk ??= new() { Minute = minute };
        if (chunk.Minute > minute)
        {
            return;
        }

        chunk.MoveTo(minute);
        chunk.Add((int)(second % ChunkSeconds), requests, completed, failures);
        LastSeen = Math.Max(LastSeen, second);
        if (requests > 0)
        {
            LastBegun = Math.Max(LastBegun, second);
        }

        if (latency.Count > 0)
        {
            _recent[second % Recent].Add(second, latency);
            _coarse[second / CoarseSeconds % Coarse].Add(second / CoarseSeconds, latency);
        }
    }

    /// <summary>Counts of the seconds from <paramref name="from"/> up to <paramref name="to"/>, exclusive.</summary>
    public (long Requests, long Completed, long Failures) Counts(long from, long to)
    {
        var sum = (Requests: 0L, Completed: 0L, Failures: 0L);
        for (var second = from; second < to && second <= LastSeen;)
        {
            var minute = second / ChunkSeconds;
            var end = Math.Min(to, (minute + 1) * ChunkSeconds);
            if (_chunks[minute % Chunks] is { } chunk && chunk.Minute == minute)
            {
                chunk.AddTo(ref sum, (int)(second % ChunkSeconds), (int)(end - minute * ChunkSeconds));
            }

            second = end;
        }

        return sum;
    }

    /// <summary>Adds the latencies of a span; one that reaches back more than a minute is widened to whole 10 seconds.</summary>
    public void AddLatencies(LatencySum sum, long from, long to, long now)
    {
        if (from > now - Recent)
        {
            for (var second = from; second < to && second <= LastSeen; second++)
            {
                _recent[second % Recent].AddTo(sum, second);
            }

            return;
        }

        for (var step = from / CoarseSeconds; step * CoarseSeconds < to; step++)
        {
            _coarse[step % Coarse].AddTo(sum, step);
        }
    }

    /// <summary>Adds the latencies of a span and none beyond: one that reaches back more than a minute is cut to whole 10 seconds.</summary>
    public void AddWholeLatencies(LatencySum sum, long from, long to, long now)
    {
        if (from > now - Recent)
            AddLatencies(sum, from, to, now);
        else if ((from + CoarseSeconds - 1) / CoarseSeconds is var first && to / CoarseSeconds is var last && first < last)
            AddLatencies(sum, first * CoarseSeconds, last * CoarseSeconds, now);
    }

    private sealed class CountChunk
    {
        private readonly int[] _requests = new int[ChunkSeconds];
        private readonly int[] _completed = new int[ChunkSeconds];
        private readonly int[] _failures = new int[ChunkSeconds];

        public required long Minute { get; set; }

        public void MoveTo(long minute)
        {
            if (Minute != minute)
            {
                Minute = minute;
                Array.Clear(_requests);
                Array.Clear(_completed);
                Array.Clear(_failures);
            }
        }

        public void Add(int second, long requests, long completed, long failures)
        {
            _requests[second] = (int)Math.Min(int.MaxValue, _requests[second] + requests);
            _completed[second] = (int)Math.Min(int.MaxValue, _completed[second] + completed);
            _failures[second] = (int)Math.Min(int.MaxValue, _failures[second] + failures);
        }

        public void AddTo(ref (long Requests, long Completed, long Failures) sum, int from, int to)
        {
            for (var second = from; second < to; second++)
            {
                sum.Requests += _requests[second];
                sum.Completed += _completed[second];
                sum.Failures += _failures[second];
            }
        }
    }

    private struct DatedHistogram
    {
        private long _time;
        private LatencyHistogram? _histogram;

        public void Add(long time, LatencyHistogram histogram)
        {
            if (_time > time)
            {
                return;
            }

            _histogram = _time == time && _histogram is not null ? _histogram.Merge(histogram) : histogram;
            _time = time;
        }

        public readonly void AddTo(LatencySum sum, long time)
        {
            if (_time == time && _histogram is not null)
            {
                sum.Add(_histogram);
            }
        }
    }
}
