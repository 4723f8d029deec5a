namespace Dashboard.Web.Gateway;

/// <summary>
/// Keeps retries from multiplying the load of a service in trouble: each request earns a fifth of a retry. Up to <see cref="Saved"/> are saved for the moment in which
/// an instance dies with many requests waiting for it, and a quiet service may always retry <see cref="PerSecond"/> times a second.
/// </summary>
internal sealed class RetryBudget(TimeProvider time)
{
    private const int Cost = 5;
    private const int Saved = 200;
    private const int PerSecond = 10;
    private readonly long _secondTicks = time.TimestampFrequency;
    private int _credit = Saved * Cost;
    private long _windowStart = time.GetTimestamp() - time.TimestampFrequency;
    private int _floorUsed;

    /// <summary>A request came.</summary>
    public void Earn()
    {
        // A full account is the rule, and then nothing is written.
        if (Volatile.Read(ref _credit) < Saved * Cost)
        {
            Interlocked.Increment(ref _credit);
        }
    }

    /// <summary>True when a retry may be made.</summary>
    public bool TrySpend()
    {
        if (Interlocked.Add(ref _credit, -Cost) >= 0)
        {
            return true;
        }

        Interlocked.Add(ref _credit, Cost);
        // The floor's second runs from the first retry that needed it, on monotonic time: seconds of the wall clock would let 2 x PerSecond through at their seam.
        var now = time.GetTimestamp();
        var start = Volatile.Read(ref _windowStart);
        if (now - start >= _secondTicks && Interlocked.CompareExchange(ref _windowStart, now, start) == start)
        {
            Interlocked.Exchange(ref _floorUsed, 0);
        }

        return Interlocked.Increment(ref _floorUsed) <= PerSecond;
    }
}
