namespace Dashboard.Core.Postgres;

internal static class StoredTime
{
    /// <summary>Now, cut to microseconds as Postgres keeps them: what memory holds must be what is stored.</summary>
    public static DateTimeOffset GetStoredNow(this TimeProvider time)
    {
        var now = time.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }
}
