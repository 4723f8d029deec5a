namespace Dashboard.Core.Traffic;

/// <summary>
/// Seconds of which some traffic was never told: reports whose sequence numbers never came, and the time before this process, as far as no reporter has told of it afterwards. Nothing was
/// counted in them, which does not mean that nothing was sent. Guarded by the store's lock.
/// </summary>
/// <param name="start">The second at which this process began to listen.</param>
internal sealed class LostTraffic(long start)
{
    // Beyond, the two oldest are taken for one: rather too much is unknown than too little.
    private const int Spans = 64;

    private readonly List<(long First, long Last)> _spans = [];
    // A report may come a little later than what it tells of.
    private const int Slack = 5;

    private long _knownFrom = start;
    private long _toldUntil = long.MinValue;

    /// <summary>A report covered the time between these seconds.</summary>
    public void Told(long first, long last)
    {
        _knownFrom = Math.Min(_knownFrom, first);
        _toldUntil = Math.Max(_toldUntil, last);
    }

    /// <summary>Reports of a reporter never came.</summary>
    /// <param name="first">The last second of what it told before.</param>
    /// <param name="last">The first second of what it tells now.</param>
    public void Lost(long first, long last)
    {
        _spans.Add((first, last));
        if (_spans.Count > Spans)
        {
            _spans[1] = (Math.Min(_spans[0].First, _spans[1].First), Math.Max(_spans[0].Last, _spans[1].Last));
            _spans.RemoveAt(0);
        }
    }

    /// <summary>The same as <see cref="Seconds"/>, and also those in which nobody at all has told anything.</summary>
    public int Untold(long from, long until)
    {
        if (_toldUntil == long.MinValue)
        {
            return (int)(until - from);
        }

        var silent = Math.Clamp(_toldUntil + Slack + 1, from, until);
        return Seconds(from, silent) + (int)(until - silent);
    }

    /// <summary>How many of the seconds from <paramref name="from"/> to before <paramref name="until"/> are not known in full.</summary>
    public int Seconds(long from, long until)
    {
        var before = (int)Math.Clamp(_knownFrom - from, 0, until - from);
        var lost = 0;
        for (var second = from + before; _spans.Count > 0 && second < until; second++)
        {
            lost += _spans.Exists(span => second >= span.First && second <= span.Last) ? 1 : 0;
        }

        return before + lost;
    }
}
