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
    private int _credit = Saved * Cost;
    private long _second;
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
        var second = time.GetUtcNow().ToUnixTimeSeconds();
        if (Interlocked.Exchange(ref _second, second) != second)
        {
            Interlocked.Exchange(ref _floorUsed, 0);
        }

        return Interlocked.Increment(ref _floorUsed) <= PerSecond;
    }
}
